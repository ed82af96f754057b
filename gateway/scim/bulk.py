"""Bulk requests (RFC 7644 §3.7): each operation runs as the single request it stands for.

Not a transaction (semantics, rule 15). An operation that names ``bulkId:x`` waits for the POST of that id. Where two
POSTs name each other, the one that runs first is created without the reference, and an appended PATCH adds it when
both ids are known (§3.7.1: the server MUST try to resolve circular references).
"""

from http import HTTPStatus
from typing import Any, Protocol

import orjson
from scim2_models import ConflictException, InvalidValueException
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse
from scim2_server.routing import Operation

from gateway.scim.bulkplan import Document, Plan, Step, read_bulk
from gateway.scim.service import Service

RESPONSE_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
_WRITES = frozenset({Operation.create, Operation.replace, Operation.patch, Operation.delete})


class Handles(Protocol):
    """What a bulk request needs of the handler: to serve one single request."""

    service: Service

    async def handle(self, request: ScimRequest) -> ScimResponse: ...


async def run_bulk(handler: Handles, request: ScimRequest) -> ScimResponse:
    """Run a bulk request and answer with the outcome of each operation that ran, in the order of the request."""
    plan, fail_on_errors = read_bulk(handler.service, request)
    run = _Run(handler, request, plan)
    for step in plan.ordered():
        if fail_on_errors is not None and 0 < fail_on_errors <= run.errors:
            break
        await run.step(step)
    run.give_up()
    outcomes = [run.outcomes[index] for index in sorted(run.outcomes)]
    return ScimResponse(HTTPStatus.OK, {"schemas": [RESPONSE_SCHEMA], "Operations": outcomes})


class _Run:
    """One bulk request on its way."""

    def __init__(self, handler: Handles, request: ScimRequest, plan: Plan) -> None:
        self.handler, self.request, self.plan = handler, request, plan
        self.outcomes: dict[int, Document] = {}
        self.waiting: list[Step] = []

    @property
    def errors(self) -> int:
        return sum(int(outcome["status"]) >= 400 for outcome in self.outcomes.values())

    async def step(self, step: Step) -> None:
        """Run one operation, then what its creation was waited for."""
        outcome: Document = {"method": step.method or "POST"}
        if step.bulk_id is not None:
            outcome["bulkId"] = step.bulk_id
        if step.method != "POST":
            outcome["location"] = self._url(step.path)
        self.outcomes[step.index] = outcome
        try:
            if step.error is not None:
                raise step.error
            self.plan.resolve(step)
            if step.method != "POST":
                outcome["location"] = self._url(step.path)
            response = await self._single(step.method, step.path, step.data, step.version)
            self._succeeded(step, outcome, response)
        except Exception as error:  # noqa: BLE001 - the edge of one operation: its failure is its own
            self._failed(outcome, error)
        self.plan.ran.add(step.index)
        await self._postponed()

    def _succeeded(self, step: Step, outcome: Document, response: ScimResponse) -> None:
        location = response.headers.get("Location") or response.headers.get("Content-Location")
        if location:
            outcome["location"] = location
        if etag := response.headers.get("ETag"):
            outcome["version"] = etag
        outcome["status"] = str(int(response.status))
        if step.method == "POST" and step.bulk_id is not None and response.body is not None:
            self.plan.created[step.bulk_id] = response.body["id"]
            if step.later:
                self.waiting.append(step)

    def _failed(self, outcome: Document, error: Exception) -> None:
        response = self.handler.service.error_response(error)
        outcome["status"] = str(int(response.status))
        outcome["response"] = response.body

    async def _postponed(self) -> None:
        """Add the references that were set aside, as soon as all of a step's are known."""
        for step in [each for each in self.waiting if not self.plan.waits(each.later)]:
            self.waiting.remove(step)
            await self._patch(step)

    async def _patch(self, step: Step) -> None:
        outcome = self.outcomes[step.index]
        path = f"{step.path.rstrip('/')}/{self.plan.created[step.bulk_id or '']}"
        try:
            response = await self._single("PATCH", path, self.plan.postponed(step), None)
        except Exception as error:  # noqa: BLE001 - as in step
            self._failed(outcome, error)
        else:
            if etag := response.headers.get("ETag"):
                outcome["version"] = etag

    def give_up(self) -> None:
        """Say of a creation that its references never came, because the request was stopped first."""
        for step in self.waiting:
            self._failed(self.outcomes[step.index], ConflictException(detail="What it refers to was not created"))

    async def _single(self, method: str, path: str, data: Any, version: str | None) -> ScimResponse:
        """Serve the single request an operation stands for. :raises SCIMException:"""
        headers = {"If-Match": version} if version else {}
        body = b"" if data is None else orjson.dumps(data)
        single = ScimRequest(
            method, self.request.base_url, f"/{path.lstrip('/')}", {}, headers, body, self.request.subject
        )
        target = self.handler.service.match(single)
        if target.me or target.operation not in _WRITES:
            raise InvalidValueException(detail="A bulk operation names a resource type or a resource")
        return await self.handler.handle(single)

    def _url(self, path: str) -> str:
        return f"{self.request.base_url}/{path.lstrip('/')}"
