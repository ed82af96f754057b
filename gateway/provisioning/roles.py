"""``set`` rows with ``by_group``: a role that follows membership (H15), computed again whenever membership changes."""

from collections.abc import Collection, Iterable
from contextlib import suppress
from functools import partial
from typing import Any

from connectors.entry import GROUPS, Change, Kind, Ref
from connectors.errors import NotFound, Unavailable
from gateway.ledger.model import Confirmed, Goal, Pending
from gateway.mapping.model import Row
from gateway.provisioning.ground import Ground, actor, under_locks
from gateway.provisioning.protocol import FIRST_PAUSE, Write, audited_beside, carry_out
from gateway.provisioning.standing import own
from gateway.provisioning.touching import may_touch


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


async def follow(group: Ground, ids: Iterable[str], losing: Collection[str] = ()) -> None:
    """Compute the roles of these members again. What already is as it should be is not written.

    :param losing: who of them left the group, or may have: what an outage keeps from being done is done later.
    :raises Unavailable: the target is away.
    """
    for kind in followers(group):
        left = sorted(ids)
        while left:
            try:
                await follow_one(kind, left[0], loses=left[0] in losing)
            except Unavailable as failure:
                await _park(kind, [id for id in left if id in losing], failure.detail)
                raise
            left.pop(0)


async def follow_one(kind: Ground, id: str, *, loses: bool = False) -> None:
    """Compute the roles of one member again."""
    await under_locks(kind, frozenset({kind.key(id)}), partial(_follow, kind, id, loses))


async def _park(kind: Ground, ids: Iterable[str], reason: str) -> None:
    who = actor.get()
    for id in ids:
        due = kind.clock() + FIRST_PAUSE
        goal = Goal(roles=True)
        await kind.ledger.park(
            Pending(kind.scope, id, None, goal, due, reason=reason, actor=who.name, request_id=who.request_id)
        )


async def _follow(kind: Ground, id: str, loses: bool, _: frozenset[str]) -> None:
    assertion = own(kind, await kind.ledger.get(kind.scope, id))
    if assertion is None or assertion.life != "live" or assertion.anchor is None:
        return
    anchor = assertion.anchor
    needed = frozenset({GROUPS, *(row.attr for row in rows(kind) if row.attr)})
    with suppress(NotFound):  # a member who is gone has no role
        entry = await kind.collection.read(anchor, needed)
        names = {ref.display for ref in entry.attributes.get(GROUPS, ()) if isinstance(ref, Ref)}
        wanted = {row.attr or "": role(row, names) for row in rows(kind)}
        changes = [
            Change(Kind.REPLACE, name, values)
            for name, values in wanted.items()
            if entry.attributes.get(name, ()) != values
        ]

        told = audited_beside(kind, entry, changes)

        async def apply() -> Confirmed:
            await kind.collection.update(anchor, changes)
            return Confirmed(id=id, anchor=anchor, work=assertion.work, changes=told)

        if changes and await may_touch(kind, id):
            write = Write("role", id, anchor, before=entry, reducing=Goal(roles=loses), losing=told)
            await carry_out(kind, write, apply)


def role(row: Row, names: set[str | None]) -> tuple[Any, ...]:
    """The first role whose group is among ``names``, else what ``else`` says."""
    for group, value in row.by_group:
        if group in names:
            return (value,)
    return () if row.otherwise is None else (row.otherwise,)
