"""scim2-server's storage contract over provisioning, for whatever the handler leaves to the library.

Models in, models out, so it is slow; ``AsyncScimStorageContract`` proves it.
"""

from typing import Any

from scim2_models import (
    Context,
    Resource,
    ResourceType,
    ResponseParameters,
    ScimPolicy,
    SearchRequest,
)
from scim2_server.storage import AsyncScimStorage, SearchPage

from gateway.provisioning.model import EVERYTHING, Precondition, Search
from gateway.scim import filters
from gateway.scim.port import Provisioner
from gateway.scim.service import Service

_TOLERANT = ScimPolicy(unknown=ScimPolicy.Unknown.ignore)


class Storage(AsyncScimStorage):
    """The resources of one connection as models of scim2-models."""

    supports_cursors = True

    def __init__(self, service: Service, provisioner: Provisioner) -> None:
        self._service = service
        self._provisioner = provisioner

    async def get(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        response_parameters: ResponseParameters[Any] | None = None,  # noqa: ARG002 - the server applies them anyway
    ) -> Resource[Any]:
        """Return a resource. :raises NotFoundException:"""
        found = await self._provisioner.read(str(resource_type.name), resource_id, EVERYTHING)
        return self._model(found)

    async def search(
        self, resource_types: list[ResourceType], search_request: SearchRequest[Any], *, position: Any = None
    ) -> SearchPage:
        """Return a page of the matching resources. :raises InvalidFilterException:

        A position here is the way to a page: the positions of all pages from the second to it. So there is a way back,
        which provisioning itself does not know; the handler's own cursors only go forward.
        """
        way: list[Any] = position or []
        asked = search_request.filter.ast if search_request.filter is not None else None
        shapes = [self._service.shape(each) for each in resource_types]
        node = filters.canonical(asked, shapes, self._service.dialect) if asked is not None else None
        page = await self._provisioner.search(
            Search(
                types=tuple(str(each.name) for each in resource_types),
                filter=node,
                sort_by=str(search_request.sort_by) if search_request.sort_by else None,
                descending=search_request.sort_order == SearchRequest.SortOrder.descending,
                start_index=search_request.start_index,
                count=self._service.settings.max_page if search_request.count is None else search_request.count,
                position=way[-1] if way else None,
                by_cursor=search_request.cursor is not None,
            )
        )
        forward = None if page.next is None else [*way, page.next]
        return SearchPage(
            page.total, [self._model(each) for each in page.resources], forward, way[:-1] if way else None
        )

    async def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Resource[Any]:
        """Store a new resource. :raises UniquenessException:"""
        return self._model(await self._provisioner.create(str(resource_type.name), self._dict(resource)))

    async def update(
        self, resource_type: ResourceType, resource: Resource[Any], *, expected_version: str | None = None
    ) -> Resource[Any]:
        """Replace a stored resource. :raises NotFoundException, PreconditionFailedException, UniquenessException:"""
        stored = await self._provisioner.replace(
            str(resource_type.name),
            str(resource.id),
            self._dict(resource),
            Precondition(if_match=expected_version),
            EVERYTHING,
        )
        return self._model(stored.resource)

    async def delete(
        self, resource_type: ResourceType, resource_id: str, *, expected_version: str | None = None
    ) -> None:
        """Delete a resource. :raises NotFoundException, PreconditionFailedException:"""
        await self._provisioner.delete(str(resource_type.name), resource_id, Precondition(if_match=expected_version))

    def _model(self, resource: dict[str, Any]) -> Resource[Any]:
        model = self._service.get_model(self._service.get_resource_type(resource["meta"]["resourceType"]))
        return model.model_validate(resource, scim_ctx=Context.DEFAULT, scim_policy=_TOLERANT)

    @staticmethod
    def _dict(resource: Resource[Any]) -> dict[str, Any]:
        document = resource.model_dump(scim_ctx=Context.RESOURCE_REPLACEMENT_REQUEST)
        document.pop("schemas", None)
        return document
