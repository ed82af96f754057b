"""What the gateway says of itself: ServiceProviderConfig, ResourceTypes and Schemas (RFC 7643 §5-§7, RFC 9865 §4)."""

from typing import Any

from scim2_models import ForbiddenException, NotFoundException

from gateway.mapping.compiled import Mapping
from gateway.scim.projection import LIST_SCHEMA
from gateway.scim.schemas import resource_types, schema_documents
from gateway.scim.settings import ScimSettings

Document = dict[str, Any]
CONFIG_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
TYPE_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
SCHEMA_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Schema"


def service_provider_config(mapping: Mapping, settings: ScimSettings) -> Document:
    """The ServiceProviderConfig, saying exactly what the mapping and the settings do."""
    return {
        "schemas": [CONFIG_SCHEMA],
        "patch": {"supported": True},
        "bulk": {
            "supported": settings.bulk,
            "maxOperations": settings.bulk_operations if settings.bulk else 0,
            "maxPayloadSize": settings.bulk_payload if settings.bulk else 0,
        },
        "filter": {"supported": True, "maxResults": settings.max_page},
        "changePassword": {"supported": any(resource.password for resource in mapping.resources.values())},
        "sort": {"supported": settings.sort},
        "etag": {"supported": settings.etag},
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "Bearer token",
                "description": "A token made with 'dirbridge token create', in the Authorization header (RFC 6750)",
                "specUri": "https://www.rfc-editor.org/info/rfc6750",
                "primary": True,
            }
        ],
        "pagination": {
            "cursor": True,
            "index": True,
            "defaultPaginationMethod": "index",
            "defaultPageSize": settings.page,
            "maxPageSize": settings.max_page,
            "cursorTimeout": settings.cursor_timeout,
        },
    }


class Discovery:
    """The discovery documents of one endpoint, complete but for their locations."""

    def __init__(self, mapping: Mapping, settings: ScimSettings) -> None:
        documents = schema_documents(mapping, strict=settings.dialect == "strict")
        self._config = service_provider_config(mapping, settings)
        self._types = [{"schemas": [TYPE_SCHEMA], **document} for document in resource_types(mapping)]
        self._schemas = [{"schemas": [SCHEMA_SCHEMA], **document} for document in documents]

    def config(self, base: str) -> Document:
        """RFC 7644 §4: answered whatever the query says."""
        return located(self._config, "ServiceProviderConfig", f"{base}/ServiceProviderConfig")

    def resource_types(self, base: str) -> Document:
        return listed([self._resource_type(document, base) for document in self._types])

    def resource_type(self, base: str, name: str) -> Document:
        """:raises NotFoundException: no resource type of this name."""
        for document in self._types:
            if document["name"] == name:
                return self._resource_type(document, base)
        raise NotFoundException(detail=f"There is no resource type {name!r}")

    def schemas(self, base: str) -> Document:
        return listed([self._schema(document, base) for document in self._schemas])

    def schema(self, base: str, urn: str) -> Document:
        """:raises NotFoundException: no schema of this URN, in any capitals."""
        for document in self._schemas:
            if str(document["id"]).lower() == urn.lower():
                return self._schema(document, base)
        raise NotFoundException(detail=f"There is no schema {urn!r}")

    @staticmethod
    def _resource_type(document: Document, base: str) -> Document:
        return located(document, "ResourceType", f"{base}/ResourceTypes/{document['name']}")

    @staticmethod
    def _schema(document: Document, base: str) -> Document:
        return located(document, "Schema", f"{base}/Schemas/{document['id']}")


def forbid_filter(query: dict[str, str]) -> None:
    """RFC 7644 §4: a filter on a discovery endpoint is answered 403. :raises ForbiddenException:"""
    if "filter" in query:
        raise ForbiddenException(detail="Discovery endpoints cannot be filtered (RFC 7644 §4)")


def located(document: Document, kind: str, location: str) -> Document:
    return {**document, "meta": {"resourceType": kind, "location": location}}


def listed(documents: list[Document]) -> Document:
    """Discovery lists are whole: no paging (RFC 7644 §4)."""
    return {
        "schemas": [LIST_SCHEMA],
        "totalResults": len(documents),
        "itemsPerPage": len(documents),
        "startIndex": 1,
        "Resources": documents,
    }
