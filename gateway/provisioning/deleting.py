"""DELETE (RFC 7644 §3.6): ``lifecycle.delete``, out of every group, and 404 from then on (rule 20)."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from functools import partial

from scim2_models import NotFoundException

from connectors.contract import Query
from connectors.entry import MEMBERS, Change, Entry, Kind, Ref
from connectors.errors import NotFound
from connectors.filters import Compare, Operator, Verdict
from gateway.ledger.model import Assertion, Confirmed, Goal
from gateway.provisioning import applying, following, lifecycle, preconditions, recovery, roles, settling
from gateway.provisioning.ground import Ground, under_locks
from gateway.provisioning.members import Delta, audited
from gateway.provisioning.model import Precondition
from gateway.provisioning.protocol import Write, audited_beside, carry_out
from gateway.provisioning.standing import Standing, gone, load, owed, own, recreates
from gateway.provisioning.touching import is_protected


async def delete(ground: Ground, id: str, when: Precondition) -> None:
    """Delete one object; a repeated DELETE finishes one that an outage left pending.

    :raises NotFoundException: it is not there, or was deleted. :raises ForbiddenException: it may not be.
    """
    followers = roles.followers(ground)
    members = await ground.ledger.asserted_members(ground.scope, id) if followers else frozenset()
    await under_locks(ground, frozenset({ground.key(id)}), partial(_delete, ground, id, when))
    await roles.follow(ground, members, losing=members)


async def _delete(ground: Ground, id: str, when: Precondition, held: frozenset[str]) -> None:
    unheard = any(intent.reducing.delete for intent in await recovery.settle_before(ground, id))
    assertion = own(ground, await ground.ledger.get(ground.scope, id))
    left = await owed(ground, id, assertion)
    if left.delete and await gone(ground, assertion.anchor if assertion else id):
        await _confirm_gone(ground, id, assertion, left.must)
        return
    if assertion is not None and assertion.life == "deleted":
        if unheard:
            return  # it was done, and its answer lost
        raise NotFoundException(detail=f"{ground.type} {id} not found")
    if recreates(ground):
        await settling.settle_object(ground, id, held)
    there = await load(ground, id)
    if there.absent and await settling.settle_object(ground, id, held):
        there = await load(ground, id)
    preconditions.check(when, there.version)
    if there.entry is None:
        await _confirm_gone(ground, id, there.assertion)
    elif ground.mapping.members is not None and there.assertion is not None and there.assertion.origin == "adopted":
        await _release(ground, there, there.entry)
    else:
        await _carry_out(ground, there, there.entry, when)


async def _confirm_gone(ground: Ground, id: str, assertion: Assertion | None, must: tuple[str, ...] = ()) -> None:
    """Nothing is left to do in the target but, perhaps, the calls that had to follow."""
    anchor = assertion.anchor if assertion else id

    async def apply() -> Confirmed:
        for event in must:
            await lifecycle.call_after(ground, event, id, None, anchor)
        return _deleted(id, None)

    anchor_then = assertion.anchor if assertion else None
    await carry_out(ground, Write("delete", id, anchor_then, reducing=Goal(delete=True, must=must)), apply)


async def _carry_out(ground: Ground, there: Standing, entry: Entry, when: Precondition) -> None:
    removes = ground.mapping.lifecycle.delete == "delete"
    changes = () if removes else lifecycle.changes_of_event(ground, "delete", entry)
    version = entry.version if when.if_match is not None and ground.collection.capabilities.versions else None

    async def apply() -> Confirmed:
        with suppress(NotFound):  # what nobody finds needs no deleting
            if removes:
                await ground.collection.delete(entry.id, version)
            elif changes:
                await ground.collection.update(entry.id, changes, version)
        if not removes:
            await leave_groups(ground, there.id, entry.id)
        await lifecycle.call_after(ground, "delete", there.id, entry)
        told = audited_beside(ground, entry, changes)
        said = "the entry was removed" if removes else "" if told else "the entry stays as it was"
        return replace(_deleted(there.id, None if removes else entry.id), changes=told, detail=said)

    goal = Goal(delete=True, must=("delete",) if following.must(ground, "delete") else ())
    losing = audited_beside(ground, entry, changes)
    await carry_out(ground, Write("delete", there.id, entry.id, before=entry, reducing=goal, losing=losing), apply)


def _deleted(id: str, anchor: str | None) -> Confirmed:
    return Confirmed(id=id, anchor=anchor, life="deleted", members_cleared=True, forget_memberships=True, settled=True)


async def _release(ground: Ground, there: Standing, entry: Entry) -> None:
    """An adopted group loses the members that this connection asserted, and is nobody's again (rule 23)."""
    mine = await ground.ledger.asserted_members(ground.scope, there.id)
    delta = Delta(remove=mine, disclaim=mine)

    async def apply() -> Confirmed:
        with suppress(NotFound):
            await applying.apply(ground, entry, entry.id, (), delta, None)
        said = "it was adopted: the entry stays, and so do the members that others added"
        return replace(_deleted(there.id, entry.id), changes=audited(delta), detail=said)

    write = Write("delete", there.id, entry.id, before=entry, reducing=Goal(delete=True, remove_members=mine))
    await carry_out(ground, write, apply)


async def leave_groups(ground: Ground, id: str, anchor: str) -> None:
    """Take a deleted object out of every group that this connection wrote and may still write to."""
    for kind in ground.others.values():
        if kind.mapping.members is None or ground.type not in kind.mapping.members.ref:
            continue
        asserted = [group for type, group in await ground.ledger.memberships(ground.scope, id) if type == kind.type]
        for group in {*await _holding(kind, anchor), *await _anchors(kind, asserted)}:
            if await is_protected(kind, group):
                continue
            with suppress(NotFound):
                await kind.collection.update(group, [Change(Kind.REMOVE, MEMBERS, (Ref(anchor),))])


async def _holding(kind: Ground, anchor: str) -> list[str]:
    """The groups managed by this connection that have the member, whoever added it."""
    leaf = Compare(MEMBERS, Operator.EQ, Ref(anchor))
    if kind.collection.judge(leaf) is Verdict.UNSUPPORTED:
        return []
    page = await kind.collection.search(Query(filter=leaf, attributes=frozenset(), count=False))
    owners = await kind.ledger.by_anchors(kind.scope, [entry.id for entry in page.entries])
    return [anchor for anchor, owner in owners.items() if owner.connection == kind.scope.connection]


async def _anchors(kind: Ground, groups: Iterable[str]) -> list[str]:
    found = await kind.ledger.by_ids(kind.scope, groups)
    return [one.anchor for one in found.values() if one.anchor is not None and one.life == "live"]
