"""The operations of a bulk request, in the order they run (RFC 7644 §3.7.1, §3.7.2)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from scim2_models import (
    ConflictException,
    InvalidSyntaxException,
    InvalidValueException,
    PayloadTooLargeException,
    SCIMException,
)
from scim2_server.requests import ScimRequest

from gateway.scim.service import Service

Document = dict[str, Any]
REQUEST_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
PATCH_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
PREFIX = "bulkId:"
METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(slots=True)
class Step:
    """One operation of the request.

    :param error: what is wrong with it already. :param later: top-level attribute → what of it waits for a circular
        reference.
    """

    index: int
    method: str
    path: str
    bulk_id: str | None
    version: str | None
    data: Any
    error: SCIMException | None = None
    later: Document = field(default_factory=dict)


class Plan:
    """The steps in the order they run, and the ids created so far."""

    def __init__(self, steps: list[Step]) -> None:
        self.steps = steps
        self.created: dict[str, str] = {}
        self.ran: set[int] = set()
        self.creations: dict[str, int] = {}
        for step in steps:
            if step.method == "POST" and step.bulk_id is not None:
                if step.bulk_id in self.creations:
                    step.error = InvalidValueException(detail=f"The bulkId {step.bulk_id!r} is not unique")
                self.creations.setdefault(step.bulk_id, step.index)
        self._needs = [list(self._needed(step)) for step in steps]

    def ordered(self) -> Iterator[Step]:
        """Creations before what refers to them; without recursion, however long the chain."""
        done: set[int] = set()
        for root in range(len(self.steps)):
            if root in done:
                continue
            stack = [(root, iter(self._needs[root]))]
            path = {root}
            while stack:
                index, needs = stack[-1]
                needed = next(needs, None)
                if needed is None:
                    stack.pop()
                    path.discard(index)
                    done.add(index)
                    yield self.steps[index]
                elif needed not in done and needed not in path:
                    path.add(needed)
                    stack.append((needed, iter(self._needs[needed])))

    def _needed(self, step: Step) -> Iterator[int]:
        for name in (*references(step.data), *references(step.path.split("/"))):
            if name in self.creations:
                yield self.creations[name]

    def resolve(self, step: Step) -> None:
        """Put ids in the place of bulkIds; what is circular is set aside for later.

        :raises ConflictException: nothing was, or will be, created under that bulkId.
        """
        step.path = "/".join(
            self._id(part[len(PREFIX) :]) if part.startswith(PREFIX) else part for part in step.path.split("/")
        )
        if step.method == "POST" and isinstance(step.data, dict):
            step.data, step.later = self._set_aside(step)
        step.data = self._filled(step.data)

    def _set_aside(self, step: Step) -> tuple[Document, Document]:
        """Split a creation into what can be said now and what waits for those who are created after it."""
        now: Document = {}
        later: Document = {}
        for name, value in step.data.items():
            if not self.waits(value):
                now[name] = value
            elif isinstance(value, list):
                now[name] = [item for item in value if not self.waits(item)]
                later[name] = [item for item in value if self.waits(item)]
            elif name.lower().startswith("urn:") and isinstance(value, dict):
                now[name] = {key: item for key, item in value.items() if not self.waits(item)}
                later.update({f"{name}:{key}": item for key, item in value.items() if self.waits(item)})
            else:
                later[name] = value
        return now, later

    def waits(self, value: Any) -> bool:
        """Whether a value names a resource that is yet to be created."""
        return any(self.creations.get(name, -1) not in {-1, *self.ran} for name in references(value))

    def _id(self, name: str) -> str:
        if name not in self.created:
            raise ConflictException(detail=f"No resource was created with the bulkId {name!r}")
        return self.created[name]

    def _filled(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._id(value[len(PREFIX) :]) if value.startswith(PREFIX) else value
        if isinstance(value, list):
            return [self._filled(item) for item in value]
        if isinstance(value, dict):
            return {key: self._filled(item) for key, item in value.items()}
        return value

    def postponed(self, step: Step) -> Document:
        """The PATCH that adds what was set aside. :raises ConflictException: it cannot be resolved."""
        operations = [{"op": "add", "path": name, "value": self._filled(value)} for name, value in step.later.items()]
        return {"schemas": [PATCH_SCHEMA], "Operations": operations}


def references(value: Any) -> Iterator[str]:
    """The bulkIds that a value names."""
    if isinstance(value, str):
        if value.startswith(PREFIX):
            yield value[len(PREFIX) :]
    elif isinstance(value, (list, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from references(item)


def read_bulk(service: Service, request: ScimRequest) -> tuple[Plan, int | None]:
    """Judge the envelope (RFC 7644 §3.7).

    :raises SCIMException: bulk is off (501), the body is too large or holds too many operations (413), or is no
        BulkRequest (400). What is wrong with a single operation is its own.
    """
    service.ensure_supported(service.config.bulk, "Bulk")
    service.ensure_bulk_payload_size(len(request.body))
    document = service.document(request)
    if not isinstance(document, dict):
        raise InvalidSyntaxException(detail="The body must be a JSON object")
    fields = {key.lower(): value for key, value in document.items()}
    schemas = fields.get("schemas")
    urns = [urn.lower() for urn in schemas if isinstance(urn, str)] if isinstance(schemas, list) else []
    if REQUEST_SCHEMA.lower() not in urns:
        raise InvalidSyntaxException(detail=f"schemas must contain {REQUEST_SCHEMA}")
    operations = fields.get("operations")
    if not isinstance(operations, list) or not operations:
        raise InvalidValueException(detail="Operations must be an array of one or more operations")
    limit = service.settings.bulk_operations
    if len(operations) > limit:
        raise PayloadTooLargeException(detail=f"More than maxOperations ({limit}) operations")
    fail_on_errors = fields.get("failonerrors")
    if fail_on_errors is not None and (isinstance(fail_on_errors, bool) or not isinstance(fail_on_errors, int)):
        raise InvalidValueException(detail="failOnErrors must be an integer")
    return Plan([_step(index, operation) for index, operation in enumerate(operations)]), fail_on_errors


def _step(index: int, operation: Any) -> Step:
    fields = {key.lower(): value for key, value in operation.items()} if isinstance(operation, dict) else {}
    method, path = fields.get("method"), fields.get("path")
    bulk_id, version = fields.get("bulkid"), fields.get("version")
    step = Step(
        index=index,
        method=method.upper() if isinstance(method, str) else "",
        path=path if isinstance(path, str) else "",
        bulk_id=bulk_id if isinstance(bulk_id, str) else None,
        version=version if isinstance(version, str) else None,
        data=fields.get("data"),
    )
    step.error = _fault(step)
    return step


def _fault(step: Step) -> SCIMException | None:
    if step.method not in METHODS:
        return InvalidValueException(detail="method must be POST, PUT, PATCH or DELETE")
    if not step.path:
        return InvalidValueException(detail="path is required")
    if step.method == "POST" and step.bulk_id is None:
        return InvalidValueException(detail="bulkId is required for POST")
    if step.method != "DELETE" and step.data is None:
        return InvalidValueException(detail="data is required for POST, PUT and PATCH")
    return None
