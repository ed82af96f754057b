"""The SCIM operations of one endpoint: the service's steps, with provisioning between them (RFC 7644 §3).

A subclass of scim2-server's handler. What it overrides takes and gives plain dicts; nothing is ever built as a model
to be shown. What it does not override goes through ``storage``, on the library's slow path.
"""

import asyncio
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, TypeVar

from scim2_models import ResourceType, SCIMException
from scim2_server.handler import AsyncScimHandler
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse
from scim2_server.routing import Operation, Target

from gateway.provisioning.model import ANY, EVERYTHING, Patch, Precondition, Wanted
from gateway.scim.applying import applied
from gateway.scim.bulk import run_bulk
from gateway.scim.discovery import Discovery, forbid_filter
from gateway.scim.guard import Guard, patching, replacing
from gateway.scim.patching import Compiled
from gateway.scim.port import Provisioner
from gateway.scim.projection import LIST_SCHEMA, Projection, Projections
from gateway.scim.service import Listed, Service
from gateway.scim.storage import Storage

Document = dict[str, Any]
_ID = Wanted(frozenset({"id"}))
LARGE = 16_384
"""From how many bytes on a request is judged in a thread, so that others are served meanwhile."""
Judged = TypeVar("Judged")


class Handler(AsyncScimHandler):
    """Serve every operation of one endpoint."""

    service: Service

    def __init__(self, service: Service, provisioner: Provisioner) -> None:
        super().__init__(service, Storage(service, provisioner))
        self.provisioner = provisioner
        self.settings = service.settings
        self.guard = Guard(service.settings)
        self.discovery = Discovery(service.mapping, service.settings)
        self.projections = Projections(service.shapes, versions=service.settings.etag)

    async def handle(self, request: ScimRequest) -> ScimResponse:
        """Serve a request by the method of its operation.

        :raises SCIMException: what is wrong with it, or with the target.
        """
        target = self.service.match(request)
        response: ScimResponse = await getattr(self, target.operation.value)(request)
        return response

    def _enter(self, request: ScimRequest, operation: Operation) -> tuple[Target, ResourceType]:
        """Who asks for what: the target, its resource type, and that the asker may."""
        target = self.service.route(request, operation)
        resource_type = self.service.resource_type_at(target.endpoint or "")
        self.service.authorize(request, target, resource_type)
        return target, resource_type

    def _conditions(self, request: ScimRequest) -> Precondition:
        if not self.settings.etag:
            return ANY
        if_match, if_none_match = request.header("If-Match"), request.header("If-None-Match")
        return Precondition(if_match, if_none_match) if if_match or if_none_match else ANY

    def _is_group(self, resource_type: ResourceType) -> bool:
        return self.service.shape(resource_type).members

    # -- single resources --------------------------------------------------

    async def create(self, request: ScimRequest) -> ScimResponse:
        """Create a resource (RFC 7644 §3.3)."""
        _, resource_type = self._enter(request, Operation.create)
        wanted = self._wanted(request, resource_type)
        resource = await _beside(request, lambda: self.service.creation(resource_type, self.service.document(request)))
        self.guard.write({"create"}, group=self._is_group(resource_type), reducing=False)
        created = await self.provisioner.create(str(resource_type.name), resource)
        return self._created(request, resource_type, created, wanted)

    async def query(self, request: ScimRequest) -> ScimResponse:
        """Read a resource (RFC 7644 §3.4.1)."""
        target, resource_type = self._enter(request, Operation.query)
        wanted = self._wanted(request, resource_type)
        self.guard.read()
        resource = await self.provisioner.read(str(resource_type.name), target.resource_id or "", wanted)
        response = self._resource(request, resource_type, resource, wanted, HTTPStatus.OK)
        if self.service.fresh(request, response.headers.get("ETag")):
            return response
        return _empty(HTTPStatus.NOT_MODIFIED, response)

    async def replace(self, request: ScimRequest) -> ScimResponse:
        """Replace a resource (RFC 7644 §3.5.1); one that ``put_creates`` made is answered as a POST is."""
        target, resource_type = self._enter(request, Operation.replace)
        wanted = self._wanted(request, resource_type)
        id = target.resource_id or ""
        document = self.service.document(request)
        try:
            resource = await _beside(request, lambda: self.service.replacement(resource_type, document))
        except SCIMException:
            await self._must_exist(resource_type, id)
            raise
        operations, reducing = replacing(resource)
        self.guard.write(operations, group=self._is_group(resource_type), reducing=reducing)
        stood = await self.provisioner.replace(str(resource_type.name), id, resource, self._conditions(request), wanted)
        if stood.created:
            return self._created(request, resource_type, stood.resource, wanted)
        return self._resource(request, resource_type, stood.resource, wanted, HTTPStatus.OK)

    async def patch(self, request: ScimRequest) -> ScimResponse:
        """Modify a resource (RFC 7644 §3.5.2): the envelope is judged first, then the resource, then the operations."""
        target, resource_type = self._enter(request, Operation.patch)
        wanted = self._wanted(request, resource_type)
        operations = self.service.envelope(self.service.document(request))
        id = target.resource_id or ""
        try:
            compiled = await _beside(request, lambda: self.service.operations(resource_type, operations))
        except SCIMException:
            await self._must_exist(resource_type, id)
            raise
        kinds, reducing = patching(compiled)
        self.guard.write(kinds, group=self._is_group(resource_type), reducing=reducing)
        answered = self._answers(compiled, wanted)
        stood = await self.provisioner.patch(
            str(resource_type.name), id, patch_of(compiled), self._conditions(request), wanted if answered else None
        )
        if stood is None:
            return _empty(HTTPStatus.NO_CONTENT)
        response = self._resource(request, resource_type, stood, wanted, HTTPStatus.OK)
        if answered or self.settings.patch_response != "none":
            return response  # asked for, or the only way to see that an unknown member was left out (rule 18)
        return _empty(HTTPStatus.NO_CONTENT, response)

    async def _must_exist(self, resource_type: ResourceType, id: str) -> None:
        """A resource that is not there is said before what is wrong with the body. :raises NotFoundException:"""
        await self.provisioner.read(str(resource_type.name), id, _ID)

    def _answers(self, compiled: Compiled, wanted: Wanted) -> bool:
        """Whether the PATCH is answered with the resource (``patch_response``); who asks for attributes gets them."""
        if wanted.attributes or wanted.excluded or self.settings.patch_response == "body":
            return True
        if self.settings.patch_response == "none":
            return False
        deltas = compiled.members and not compiled.operations
        # The answer to a change of members that names none says what then stands (semantics, rule 17).
        return not deltas or any(change.op == "replace" or change.ids is None for change in compiled.members)

    async def delete(self, request: ScimRequest) -> ScimResponse:
        """Delete a resource (RFC 7644 §3.6)."""
        target, resource_type = self._enter(request, Operation.delete)
        self.guard.write({"delete"}, group=self._is_group(resource_type), reducing=True)
        await self.provisioner.delete(str(resource_type.name), target.resource_id or "", self._conditions(request))
        return _empty(HTTPStatus.NO_CONTENT)

    # -- lists ---------------------------------------------------------------

    async def search(self, request: ScimRequest) -> ScimResponse:
        """List with GET, of one type or all (RFC 7644 §3.4.2)."""
        target = self.service.route(request, Operation.search)
        return await self._list(request, target, request.query)

    async def search_with_body(self, request: ScimRequest) -> ScimResponse:
        """List with POST on ``.search`` (RFC 7644 §3.4.3)."""
        target = self.service.route(request, Operation.search_with_body)
        return await self._list(request, target, self.service.search_body(self.service.document(request)))

    async def _list(self, request: ScimRequest, target: Target, parameters: Any) -> ScimResponse:
        types = self.service.searched_types(target.endpoint)
        listed = await _beside(request, lambda: self.service.listed(types, parameters))
        self.guard.read()
        page = await self.provisioner.search(listed.search)
        return ScimResponse(HTTPStatus.OK, self._page(request, listed, page.total, page.resources, page.next))

    def _page(
        self, request: ScimRequest, listed: Listed, total: int | None, resources: Sequence[Document], position: Any
    ) -> Document:
        """The ListResponse: ``itemsPerPage`` is the number returned, ``Resources`` is always there."""
        wanted = listed.search.wanted
        shown = [
            self._projection(each["meta"]["resourceType"], wanted).render(each, request.base_url) for each in resources
        ]
        body: Document = {"schemas": [LIST_SCHEMA]}
        if total is not None:
            body["totalResults"] = total
        if not listed.search.by_cursor:
            body["startIndex"] = listed.search.start_index or 1
        body["itemsPerPage"] = len(shown)
        cursor = self.service.next_cursor(listed, position)
        if cursor is not None:
            body["nextCursor"] = cursor
        body["Resources"] = shown
        return body

    # -- bulk ------------------------------------------------------------------

    async def bulk(self, request: ScimRequest) -> ScimResponse:
        """Run a bulk request (RFC 7644 §3.7); each operation is authorised, limited and answered alone."""
        return await run_bulk(self, request)

    # -- discovery ---------------------------------------------------------------

    async def service_provider_config(self, request: ScimRequest) -> ScimResponse:
        """RFC 7644 §4."""
        return _single(self.discovery.config(request.base_url))

    async def resource_types(self, request: ScimRequest) -> ScimResponse:
        """RFC 7644 §4."""
        forbid_filter(dict(request.query))
        return ScimResponse(HTTPStatus.OK, self.discovery.resource_types(request.base_url))

    async def resource_type(self, request: ScimRequest) -> ScimResponse:
        """RFC 7644 §4."""
        target = self.service.match(request)
        return _single(self.discovery.resource_type(request.base_url, target.resource_id or ""))

    async def schemas(self, request: ScimRequest) -> ScimResponse:
        """RFC 7644 §4."""
        forbid_filter(dict(request.query))
        return ScimResponse(HTTPStatus.OK, self.discovery.schemas(request.base_url))

    async def schema(self, request: ScimRequest) -> ScimResponse:
        """RFC 7644 §4."""
        target = self.service.match(request)
        return _single(self.discovery.schema(request.base_url, target.resource_id or ""))

    # -- answers -----------------------------------------------------------------

    def _wanted(self, request: ScimRequest, resource_type: ResourceType) -> Wanted:
        if not request.query:
            return EVERYTHING
        return self.service.wanted([self.service.shape(resource_type)], request.query)

    def _projection(self, type: str, wanted: Wanted) -> Projection:
        return self.projections.of(type, wanted.attributes, wanted.excluded)

    def _created(
        self, request: ScimRequest, resource_type: ResourceType, resource: Document, wanted: Wanted
    ) -> ScimResponse:
        """A new resource and where it is (RFC 7644 §3.3, RFC 9110 §9.3.4)."""
        response = self._resource(request, resource_type, resource, wanted, HTTPStatus.CREATED)
        response.headers["Location"] = response.headers["Content-Location"]
        return response

    def _resource(
        self, request: ScimRequest, resource_type: ResourceType, resource: Document, wanted: Wanted, status: HTTPStatus
    ) -> ScimResponse:
        """One resource, with Content-Location and ETag (RFC 7644 §3.1, §3.14)."""
        projection = self._projection(str(resource_type.name), wanted)
        headers = {"Content-Location": projection.location(resource["id"], request.base_url)}
        version = (resource.get("meta") or {}).get("version")
        if version and self.settings.etag:
            headers["ETag"] = version
        return ScimResponse(status, projection.render(resource, request.base_url), headers)


async def _beside(request: ScimRequest, judge: Callable[[], Judged]) -> Judged:
    """Judge what a request says; a large one in a thread."""
    if len(request.body) < LARGE and sum(map(len, request.query.values())) < LARGE:
        return judge()
    return await asyncio.to_thread(judge)


def patch_of(compiled: Compiled) -> Patch:
    """The PATCH as provisioning takes it: members as deltas, the rest as a pure function."""
    operations = compiled.operations
    apply = (lambda current: applied(operations, current)) if operations or not compiled.members else None
    return Patch(compiled.named, apply, compiled.members)


def _single(document: Document) -> ScimResponse:
    return ScimResponse(HTTPStatus.OK, document, {"Content-Location": document["meta"]["location"]})


def _empty(status: HTTPStatus, like: ScimResponse | None = None) -> ScimResponse:
    """An answer without a body, with the ETag that one with a body would have (RFC 9110 §15.4.5)."""
    etag = like.headers.get("ETag") if like is not None else None
    response = ScimResponse(status, None, {"ETag": etag} if etag else {})
    del response.headers["Content-Type"]
    return response
