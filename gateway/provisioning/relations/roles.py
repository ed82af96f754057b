"""``set`` rows with ``by_group``: a role that follows membership (H15), computed again whenever membership changes."""

from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from typing import Any

from connectors.entry import GROUPS, Change, Entry, Kind, Ref
from connectors.errors import NotFound
from gateway.ledger.model import Confirmed, Goal, Pending
from gateway.mapping.model import Row
from gateway.provisioning.ground import Ground, actor, under_locks
from gateway.provisioning.protocol.protocol import FIRST_PAUSE, Write, audited_beside, carry_out
from gateway.provisioning.protocol.standing import own
from gateway.provisioning.protocol.touching import may_touch


def rows(kind: Ground) -> tuple[Row, ...]:
    """The rows of a type that depend on groups."""
    return tuple(row for row in kind.mapping.section.rows if row.by_group and row.attr)


def followers(group: Ground) -> tuple[Ground, ...]:
    """The types whose members of this group may have such roles."""
    rules = group.mapping.members
    return tuple(group.others[name] for name in rules.ref if rows(group.others[name])) if rules else ()


def renames(group: Ground, changes: Iterable[Change]) -> bool:
    """Whether changes give a group another name, and roles of its members depend on that."""
    names = {row.attr for row in group.mapping.section.rows if row.path == "displayName" and row.direction == "map"}
    return any(change.attribute in names for change in changes) and bool(followers(group))


async def follow(group: Ground, ids: Iterable[str]) -> None:
    """Compute the roles of these members again. What already is as it should be is not written."""
    for kind in followers(group):
        for id in sorted(ids):
            await under_locks(kind, frozenset({kind.key(id)}), partial(_follow, kind, id))


def owing(group: Ground, id: str, losing: frozenset[str]) -> Pending | None:
    """What is to be parked with a confirmed change of a group, until the roles of those who lost by it have followed.

    A role that was gained is never given unasked.
    """
    if not losing or not followers(group):
        return None
    who, due, goal = actor.get(), group.clock() + FIRST_PAUSE, Goal(roles=losing)
    reason = "roles by group have to follow"
    return Pending(group.scope, id, None, goal, due, reason=reason, actor=who.name, request_id=who.request_id)


async def catch_up(group: Ground, id: str, ids: Iterable[str] = ()) -> None:
    """Compute the roles of these, and of whoever an earlier change of the group left behind."""
    left = [one for one in await group.ledger.pending(group.scope, id) if one.goal.roles]
    await follow(group, frozenset(ids).union(*(one.goal.roles for one in left)))
    for one in left:
        if not one.goal.own:
            await group.ledger.finish(one)


async def _follow(kind: Ground, id: str, _: frozenset[str]) -> None:
    assertion = own(kind, await kind.ledger.get(kind.scope, id))
    if assertion is None or assertion.life != "live" or assertion.anchor is None:
        return
    anchor = assertion.anchor
    with suppress(NotFound):  # a member who is gone has no role
        entry, changes = await due(kind, anchor)

        told = audited_beside(kind, entry, changes)

        async def apply() -> Confirmed:
            await kind.collection.update(anchor, changes)
            return Confirmed(id=id, anchor=anchor, work=assertion.work, changes=told)

        if changes and await may_touch(kind, id):
            write = Write("role", id, anchor, before=entry, losing=told)
            await carry_out(kind, write, apply)


async def due(kind: Ground, anchor: str) -> tuple[Entry, tuple[Change, ...]]:
    """An entry, as far as roles go, and what would make them right. :raises NotFound: there is none."""
    entry = await kind.collection.read(anchor, frozenset({GROUPS, *(row.attr for row in rows(kind) if row.attr)}))
    names = {ref.display for ref in entry.attributes.get(GROUPS, ()) if isinstance(ref, Ref)}
    wanted = {row.attr or "": role(row, names) for row in rows(kind)}
    held = entry.attributes
    return entry, tuple(Change(Kind.REPLACE, name, each) for name, each in wanted.items() if held.get(name, ()) != each)


def role(row: Row, names: set[str | None]) -> tuple[Any, ...]:
    """The first role whose group is among ``names``, else what ``else`` says."""
    for group, value in row.by_group:
        if group in names:
            return (value,)
    return () if row.otherwise is None else (row.otherwise,)
