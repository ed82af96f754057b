"""What switching off, switching on and deleting mean: ``[user.lifecycle]`` as decisions and changes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from scim2_models import ForbiddenException

from connectors.entry import PARENT, Change, Entry, Kind
from gateway.ledger.model import Assertion
from gateway.mapping.compiled import Plan
from gateway.provisioning.documents import with_value
from gateway.provisioning.ground import Ground
from gateway.provisioning.model import MemberChange, Resource
from gateway.provisioning.protocol import following

Turn = Literal["off", "on"]
TOMBSTONE = re.compile(r"[0-9a-fA-F]{32}.+")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request wants of an object that exists.

    :param wanted: the resource as it shall be. :param named: the paths the request names.
    :param document: the assertion it leaves once confirmed.
    :param overlay: what shall be answered and not be written (rule 22), path → value, None to forget.
    :param members: the operations on ``members``, apart from the rest.
    :param beside: what no request says and must hold before anybody is let in again: roles by group.
    """

    operation: str
    wanted: Resource
    named: frozenset[str]
    document: Resource
    overlay: Mapping[str, Any] = field(default_factory=dict)
    members: tuple[MemberChange, ...] = ()
    beside: tuple[Change, ...] = ()


def switch(ground: Ground, asked: Asked, current: Resource, last: Mapping[str, Any], plan: Plan) -> Turn | None:
    """Whether the request switches the object off or on; ``active = false`` is always enforced (rule 9).

    :raises ForbiddenException: ``deactivate = "refuse"``, or the mapping has nothing that could deactivate.
    """
    if "active" not in asked.named:
        return None
    off, way = asked.wanted.get("active") is False, ground.mapping.lifecycle.deactivate
    if not off:
        moved = way == "move" and last.get("active") is False
        return "on" if plan.activation or moved or (current.get("active") is False and not has_row(ground)) else None
    if way == "delete":
        return "off"
    if plan.activation is False or (last.get("active") is not False and (way == "move" or not has_row(ground))):
        if way == "refuse":
            raise refusal(ground, "deactivate")
        if way == "disable" and not has_row(ground):
            raise ForbiddenException(detail=f"nothing in the mapping says how a {ground.type} is deactivated")
        return "off"
    return None


def refusal(ground: Ground, event: Literal["deactivate", "delete"]) -> ForbiddenException:
    """What ``deactivate = "refuse"`` and ``delete = "refuse"`` answer: the mapping's doing, no matter of ``allow``."""
    return ForbiddenException(detail=f'the mapping refuses to {event} a {ground.type} (lifecycle: {event} = "refuse")')


def has_row(ground: Ground) -> bool:
    """Whether an attribute of the target says if an object is active."""
    return any(row.path == "active" and row.direction == "map" for row in ground.mapping.section.rows)


def born(ground: Ground, wanted: Resource, plan: Plan) -> tuple[Plan, Mapping[str, Any]]:
    """The plan of a new entry that is inactive from the start, where no attribute says so; and its overlay.

    :raises ForbiddenException: the mapping has nothing that could say so.
    """
    if wanted.get("active") is not False or has_row(ground):
        return plan, {}
    if ground.mapping.lifecycle.deactivate != "move" or ground.mapping.lifecycle.move_to is None:
        raise ForbiddenException(detail=f"nothing in the mapping says how a {ground.type} is inactive")
    moved = {**plan.attributes, PARENT: (ground.mapping.lifecycle.move_to,)}
    return replace(plan, attributes=moved), {"active": False}


def changes_of_event(ground: Ground, event: Literal["deactivate", "delete"], entry: Entry) -> tuple[Change, ...]:
    """What ``disable`` or ``move`` change, and the stamps. :raises ForbiddenException: ``delete = "refuse"``."""
    if getattr(ground.mapping.lifecycle, event) == "refuse":
        raise refusal(ground, event)
    return ground.mapping.plan_lifecycle(event, entry, ground.clock()).changes


def changes_of_return(ground: Ground, wanted: Resource, entry: Entry, events: Sequence[str]) -> tuple[Change, ...]:
    """What undoes ``move`` and the stamps of ``events`` when the object is switched on again or restored."""
    lifecycle = ground.mapping.lifecycle
    changes = [
        Change(Kind.REPLACE, stamp.attr)
        for stamp in lifecycle.stamp
        if set(stamp.on) & set(events) and entry.attributes.get(stamp.attr)
    ]
    if any(getattr(lifecycle, event) == "move" for event in events):
        home = ground.mapping.plan_create({**wanted, "active": True}).attributes.get(PARENT)
        changes += [Change(Kind.REPLACE, PARENT, home)] if home else []
    return tuple(changes)


def merged(first: Sequence[Change], second: Sequence[Change]) -> tuple[Change, ...]:
    """Both; where both speak of an attribute, the first has said it."""
    spoken = {change.attribute for change in first}
    return (*first, *(change for change in second if change.attribute not in spoken))


def keep_name(ground: Ground, asked: Asked, assertion: Assertion | None) -> Asked:
    """Take Entra's tombstone rename out of a request (rule 22): the directory keeps the name, the answer shows it."""
    held = assertion.overlay.get("userName") if assertion else None
    if "userName" not in asked.named:
        return asked
    name = asked.wanted.get("userName")
    if _ignores_tombstones(ground) and _is_tombstone(name, asked.wanted):
        document = with_value(asked.document, "userName", assertion.document.get("userName") if assertion else None)
        named, overlay = asked.named - {"userName"}, {**asked.overlay, "userName": name}
        return replace(asked, named=named, overlay=overlay, document=document)
    if held is not None and name != held:
        return replace(asked, overlay={**asked.overlay, "userName": None})
    if held is not None:
        return replace(asked, named=asked.named - {"userName"})
    return asked


def _ignores_tombstones(ground: Ground) -> bool:
    policy = ground.mapping.lifecycle.tombstone_rename
    return policy == "ignore" or (policy is None and ground.settings.dialect == "entra")


def _is_tombstone(name: Any, wanted: Resource) -> bool:
    return isinstance(name, str) and wanted.get("active") is False and TOMBSTONE.fullmatch(name) is not None


async def call_after(ground: Ground, event: str, id: str, entry: Entry | None, anchor: str | None = None) -> None:
    """Make the calls that follow an event.

    :param entry: as it was before; None where it is gone, and ``anchor`` was its id.
    :raises Unavailable: one that must be made could not be.
    """
    if ground.after is not None:
        await ground.after(event, id, entry)
    await following.follow(ground, event, id, entry.id if entry is not None else anchor)
