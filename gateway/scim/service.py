"""scim2-server's protocol service, taking and giving plain dicts (RFC 7644).

The library judges what a stranger sends: routes, required attributes, filters, search requests, cursors. What it says
about resources that the gateway already knows – rendering, PATCH – is done on dicts beside it.
"""

from collections.abc import Mapping as Readable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from scim2_models import (
    Context,
    ForbiddenException,
    InvalidFilterException,
    InvalidSyntaxException,
    InvalidValueException,
    ResourceType,
    SCIMException,
    ScimProvider,
    SearchRequest,
)
from scim2_models.path import FilterNode
from scim2_server.conditions import Conditions
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse
from scim2_server.routing import RESERVED_NAMES, Operation, Target
from scim2_server.service import SEARCH_REQUEST_PARAMETERS, ScimService, scim_exception_of
from scim2_server.storage import SearchPage

from gateway.ledger.errors import LedgerUnavailable
from gateway.mapping.compiled import Mapping
from gateway.provisioning.errors import Unavailable503
from gateway.provisioning.model import Search, Wanted
from gateway.scim import filters, normalise
from gateway.scim.dialects import Dialect, dialect_named
from gateway.scim.discovery import service_provider_config
from gateway.scim.gate import is_plain, refuse_blank
from gateway.scim.patching import Compiled, compiled, envelope
from gateway.scim.patching import Operation as PatchOperation
from gateway.scim.payload import parse_json
from gateway.scim.schemas import provider_of, shape_of
from gateway.scim.settings import ScimSettings, Subject
from gateway.scim.shape import Shape

Document = dict[str, Any]
LAST_INDEX = 2**31 - 1
"""The largest startIndex that is passed on: beyond it there is nothing, and backends have numbers of their own size."""
SEARCH_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
_BY_METHOD = {
    "GET": Operation.query,
    "PUT": Operation.replace,
    "PATCH": Operation.patch,
    "DELETE": Operation.delete,
}
_KEPT = 256
_BY_METHOD_OF_ALL = {"GET": Operation.search, "POST": Operation.create}
_LITERAL = RESERVED_NAMES | {"", ".search"}
_READS = frozenset({Operation.query, Operation.search, Operation.search_with_body})


@dataclass(frozen=True, slots=True)
class Listed:
    """A list request, understood.

    :param request: as the library validated it; it seals the next cursor. :param attributes, excluded: canonical.
    """

    search: Search
    request: SearchRequest[Any]
    types: tuple[ResourceType, ...]


class Service(ScimService):
    """The protocol of one endpoint."""

    def __init__(self, mapping: Mapping, settings: ScimSettings) -> None:
        self.dialect: Dialect = dialect_named(settings.dialect, unknown_attributes=settings.unknown_attributes)
        self.settings = settings
        self.mapping = mapping
        config = service_provider_config(mapping, settings)
        provider: ScimProvider = provider_of(mapping, config, strict=self.dialect.strict)
        super().__init__(provider, secret=settings.secret)
        self._searches: dict[str, SearchRequest[Any]] = {}
        self.shapes: dict[str, Shape] = {name: shape_of(resource) for name, resource in mapping.resources.items()}

    # -- who may do what ---------------------------------------------------

    @staticmethod
    def match(request: ScimRequest) -> Target:
        """Find the operation a request asks for; the most frequent paths without a look at every route."""
        segments = request.path.strip("/").split("/")
        operation = _BY_METHOD.get(request.method)
        if len(segments) == 2 and operation and segments[0] not in RESERVED_NAMES and segments[1] != ".search":
            return Target(operation, endpoint=segments[0], resource_id=segments[1])
        operation = _BY_METHOD_OF_ALL.get(request.method)
        if len(segments) == 1 and operation and segments[0] not in _LITERAL:
            return Target(operation, endpoint=segments[0])
        return ScimService.match(request)

    def authorize(self, request: ScimRequest, target: Target, resource_type: ResourceType) -> None:  # noqa: ARG002 - the library's signature
        """Refuse writes of a read-only token or connection. :raises ForbiddenException:"""
        if target.operation in _READS:
            return
        if self.settings.mode == "read-only":
            raise ForbiddenException(detail="This connection is read-only")
        if isinstance(request.subject, Subject) and request.subject.read_only:
            raise ForbiddenException(detail="This token may only read")

    def shape(self, resource_type: ResourceType) -> Shape:
        return self.shapes[str(resource_type.name)]

    # -- bodies -------------------------------------------------------------

    def document(self, request: ScimRequest) -> Any:
        """The JSON of a request body. :raises UnsupportedMediaTypeException, InvalidSyntaxException:"""
        self.ensure_json(request.header("Content-Type"))
        return parse_json(request.body, self.settings.max_depth)

    def creation(self, resource_type: ResourceType, document: Any) -> Document:
        """The canonical dict of a POST body, validated."""
        resource = self._resource(resource_type, document, Context.RESOURCE_CREATION_REQUEST)
        return {name: value for name, value in resource.items() if value is not None}

    def replacement(self, resource_type: ResourceType, document: Any) -> Document:
        """The canonical dict of a PUT body, validated; explicit nulls stay."""
        return self._resource(resource_type, document, Context.RESOURCE_REPLACEMENT_REQUEST)

    def _resource(self, resource_type: ResourceType, document: Any, context: Context) -> Document:
        """Canonical form first, the library's judgement second, where there is any doubt; no model is ever dumped."""
        shape = self.shape(resource_type)
        resource = normalise.resource(shape, document, self.dialect)
        if not self.dialect.strict and is_plain(shape, resource):
            refuse_blank(shape, resource)
            return resource
        try:
            model = self.get_model(resource_type)
            model.model_validate({"schemas": [shape.schema], **resource}, scim_ctx=context, scim_provider=self.provider)
        except ValidationError as error:
            raise scim_exception_of(error) from error
        refuse_blank(shape, resource)
        return resource

    def envelope(self, document: Any) -> list[PatchOperation]:
        """The operations of a PATCH body, as yet unresolved."""
        return envelope(document, self.dialect)

    def operations(self, resource_type: ResourceType, operations: list[PatchOperation]) -> Compiled:
        """The operations of a PATCH, resolved."""
        return compiled(self.shape(resource_type), operations, self.dialect)

    # -- what is asked for ----------------------------------------------------

    def wanted(self, shapes: list[Shape], parameters: Readable[str, Any]) -> Wanted:
        """``attributes`` and ``excludedAttributes`` in canonical paths; what nobody has is ignored.

        :raises InvalidValueException: both at once (RFC 7644 §3.9). :raises InvalidPathException: not a name.
        """
        asked = self._paths(shapes, parameters.get("attributes"))
        if asked is not None:
            asked |= frozenset(path for shape in shapes for path in shape.always)
        excluded = self._paths(shapes, parameters.get("excludedAttributes"))
        if asked is not None and excluded:
            raise InvalidValueException(detail="attributes and excludedAttributes exclude each other (RFC 7644 §3.9)")
        return Wanted(asked, excluded or frozenset())

    def _paths(self, shapes: list[Shape], value: Any) -> frozenset[str] | None:
        if value in (None, "", []):
            return None
        names = filters.attribute_list(value, self.dialect)
        found = (filters.canonical_attribute(name, shapes, self.dialect) for name in names)
        return frozenset(path for path in found if path is not None) if names else None

    def listed(self, types: list[ResourceType], parameters: Readable[str, Any]) -> Listed:
        """A list request as provisioning takes it (RFC 7644 §3.4.2, RFC 9865).

        :raises SCIMException: what the library refuses: filter, sortBy, cursor, count.
        """
        shapes = [self.shape(resource_type) for resource_type in types]
        known = {name.lower(): name for name in SEARCH_REQUEST_PARAMETERS}
        given = {known[key.lower()]: value for key, value in parameters.items() if key.lower() in known}
        wanted = self.wanted(shapes, given)
        node = self._filter(given, shapes)
        cleaned = self._cleaned(given, node, wanted, shapes)
        request, position = self._judged(types, shapes, cleaned, node)
        return Listed(
            Search(
                types=tuple(shape.name for shape in shapes),
                filter=node,
                sort_by=cleaned.get("sortBy"),
                descending=request.sort_order == SearchRequest.SortOrder.descending,
                start_index=None if request.start_index is None else min(request.start_index, LAST_INDEX),
                count=request.count if request.count is not None else self.settings.page,
                position=position,
                by_cursor=request.cursor is not None,
                wanted=wanted,
            ),
            request,
            tuple(types),
        )

    def _judged(
        self, types: list[ResourceType], shapes: list[Shape], cleaned: Document, node: FilterNode | None
    ) -> tuple[SearchRequest[Any], Any]:
        """The library's judgement of a list request, and the position of its cursor.

        It depends on all but the text that an attribute of type string is compared with, so lists by index that
        differ in that alone, as an IdP's look-ups do, are judged once.
        """
        alike = None if "cursor" in cleaned or node is None else filters.without_text(node, shapes)
        if alike is None:
            with self.provider:
                return self.read_search(types, cleaned)
        key = repr((sorted({**cleaned, "filter": str(alike)}.items()), [each.name for each in types]))
        known = self._searches.get(key)
        if known is not None:
            return known, None
        with self.provider:
            request, position = self.read_search(types, cleaned)
        if request.cursor is None:  # else it seals the next cursor, which is for this filter alone
            if len(self._searches) >= _KEPT:
                self._searches.clear()
            self._searches[key] = request
        return request, position

    def _filter(self, given: Document, shapes: list[Shape]) -> FilterNode | None:
        text = given.get("filter")
        if text is None or (text == "" and self.dialect.empty_filter):
            return None
        if not isinstance(text, str):
            raise InvalidFilterException(detail="filter must be a string")
        return filters.canonical(filters.parse(text, self.dialect), shapes, self.dialect)

    def _cleaned(self, given: Document, node: FilterNode | None, wanted: Wanted, shapes: list[Shape]) -> Document:
        """The parameters as the library shall judge them; canonical, so that cursors do not depend on spelling."""
        cleaned: Document = {key: _whole(given[key]) for key in ("startIndex", "count", "cursor") if key in given}
        if node is not None:
            cleaned["filter"] = str(node)
        if given.get("sortBy"):
            self.ensure_supported(self.config.sort, "Sorting")
            cleaned["sortBy"] = filters.sort_path(str(given["sortBy"]), shapes, self.dialect)
        if given.get("sortOrder"):
            self.ensure_supported(self.config.sort, "Sorting")
            order = given["sortOrder"]
            cleaned["sortOrder"] = order.lower() if isinstance(order, str) else order
        if wanted.attributes is not None:
            cleaned["attributes"] = sorted(wanted.attributes)
        if wanted.excluded:
            cleaned["excludedAttributes"] = sorted(wanted.excluded)
        return cleaned

    def search_body(self, document: Any) -> Document:
        """The parameters of a ``.search`` body; its ``schemas`` is not looked at (clients get it wrong)."""
        if not isinstance(document, dict):
            raise InvalidSyntaxException(detail="The body must be a JSON object")
        urns = next((value for key, value in document.items() if key.lower() == "schemas"), None)
        if self.dialect.strict and (not isinstance(urns, list) or SEARCH_SCHEMA not in urns):
            raise InvalidSyntaxException(detail=f"schemas must contain {SEARCH_SCHEMA}")
        return document

    def next_cursor(self, listed: Listed, position: Any) -> str | None:
        """The sealed cursor of the next page, by the library's own hand (RFC 9865 §2)."""
        if position is None or not listed.search.by_cursor or listed.search.count == 0:
            return None
        page = SearchPage(None, [], next=position)
        with self.provider:
            body = self.search_response("", list(listed.types), page, listed.request).body or {}
        cursor = body.get("nextCursor")
        return cursor if isinstance(cursor, str) else None

    # -- conditions and errors ------------------------------------------------

    def fresh(self, request: ScimRequest, version: str | None) -> bool:
        """Whether a GET is to be answered with the resource: False means 304 (RFC 9110 §13.1).

        :raises PreconditionFailedException: If-Match names another version.
        """
        conditions: Conditions = self.read_conditions(request)
        return conditions.check(version if self.settings.etag else None, "GET")

    def error_response(self, exception: Exception) -> ScimResponse:
        """The SCIM error document of a failure, with Retry-After where waiting helps (RFC 7644 §3.12)."""
        if isinstance(exception, LedgerUnavailable):
            exception = Unavailable503(detail="The gateway's ledger is not available now; try again later")
        response = super().error_response(exception)
        wait = getattr(exception, "retry_after", None) if isinstance(exception, SCIMException) else None
        if wait is not None:
            response.headers["Retry-After"] = str(wait)
        return response


def _whole(value: Any) -> Any:
    """A whole number that JSON's parser took for a fraction, because it is so large."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
