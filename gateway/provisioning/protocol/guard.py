"""Who may write what: scope, protection and ownership, asked on every path, by id as by match (rules 13 and 25)."""

from collections.abc import Sequence
from typing import Any

from scim2_models import ForbiddenException, NotFoundException

from connectors.entry import Change, Entry, Kind, Value
from gateway.provisioning.ground import Ground
from gateway.provisioning.model import Resource


async def admit(ground: Ground, id: str, resource: Resource, entry: Entry | None, *, owned: bool) -> None:
    """Let a write by id come to an existing object.

    :param owned: the ledger holds a live assertion of this connection for it.
    :raises NotFoundException: it lies outside ``scope``.
    :raises ForbiddenException: it is protected, or another connection owns it.
    """
    if not ground.mapping.in_scope(resource, entry):
        raise NotFoundException(detail=f"{ground.type} {id} not found")
    if ground.mapping.protected(resource, entry):
        raise ForbiddenException(detail=f"{ground.type} {id} is protected; nothing writes to it from here")
    if entry is not None and not owned:
        await not_foreign(ground, entry.id)


async def not_foreign(ground: Ground, anchor: str) -> None:
    """:raises ForbiddenException: a live assertion of another connection owns the entry."""
    owner = (await ground.ledger.by_anchors(ground.scope, [anchor])).get(anchor)
    if owner is not None and owner.life != "deleted" and owner.connection != ground.scope.connection:
        raise ForbiddenException(detail=f"this {ground.type} is managed by the connection '{owner.connection}'")


def stays(ground: Ground, after: Entry) -> None:
    """Hold the entry as it would be against ``scope``. :raises ForbiddenException: the write would lead out of it."""
    if ground.mapping.scope_filter is None:
        return
    if not ground.mapping.in_scope(ground.mapping.read(after, {}), after):
        raise ForbiddenException(detail=f"this would put the {ground.type} outside the scope of this connection")


def may_come(ground: Ground, new: Entry) -> None:
    """Hold a new entry against ``scope`` and ``protect``: what is protected would be nobody's to take away again.

    :raises ForbiddenException: it would lie outside the one, or under the other.
    """
    stays(ground, new)
    if ground.mapping.protected(ground.mapping.read(new, {}), new):
        raise ForbiddenException(detail=f"a {ground.type} like this is protected; nothing makes it from here")


def predicted(entry: Entry, changes: Sequence[Change]) -> Entry:
    """The entry as it will be once ``changes`` are applied."""
    attributes: dict[str, tuple[Value, ...]] = dict(entry.attributes)
    for change in changes:
        attributes[change.attribute] = _applied(attributes.get(change.attribute, ()), change)
    return Entry(entry.id, {name: values for name, values in attributes.items() if values}, entry.version, entry.name)


def _applied(held: tuple[Value, ...], change: Change) -> tuple[Any, ...]:
    if change.kind is Kind.ADD:
        return (*held, *(value for value in change.values if value not in held))
    if change.kind is Kind.REMOVE:
        return tuple(value for value in held if value not in change.values)
    return change.values
