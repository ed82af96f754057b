"""DELETE (RFC 7644 §3.6): ``lifecycle.delete``, out of every group, and 404 from then on (rule 20)."""

from contextlib import suppress
from dataclasses import replace
from functools import partial

from scim2_models import NotFoundException

from connectors.entry import Entry
from connectors.errors import NotFound
from gateway.ledger.model import Assertion, Confirmed, Goal
from gateway.provisioning.ground import Ground, under_locks
from gateway.provisioning.members import applying
from gateway.provisioning.members.members import Delta
from gateway.provisioning.members.remembering import audited
from gateway.provisioning.model import Precondition
from gateway.provisioning.protocol import following, lifecycle, preconditions
from gateway.provisioning.protocol.protocol import Write, audited_beside, carry_out
from gateway.provisioning.protocol.standing import Standing, gone, load, owed, own, recreates
from gateway.provisioning.recovery import crossing, recovery, settling
from gateway.provisioning.relations import roles
from gateway.provisioning.relations.leaving import leave_groups


async def delete(ground: Ground, id: str, when: Precondition, *, unasked: bool = False) -> None:
    """Delete one object; a repeated DELETE finishes one that an outage left pending.

    :param unasked: only if it is still owed: nobody asks for it now, and the IdP may have changed its mind since.
    :raises NotFoundException: it is not there, or was deleted. :raises ForbiddenException: it may not be.
    """
    members = await _whose_roles(ground, id)
    await under_locks(ground, frozenset({ground.key(id)}), partial(_delete, ground, id, when, unasked))
    if roles.followers(ground):
        await roles.catch_up(ground, id, members)


async def _delete(ground: Ground, id: str, when: Precondition, unasked: bool, held: frozenset[str]) -> None:
    unheard = any(intent.reducing.delete for intent in await recovery.settle_before(ground, id))
    assertion = own(ground, await ground.ledger.get(ground.scope, id))
    left = await owed(ground, id, assertion)
    if unasked and not left.delete:
        raise NotFoundException(detail=f"no deletion of {ground.type} {id} is owed any more")
    if left.delete and await gone(ground, assertion.anchor if assertion else id):
        await _confirm_gone(ground, id, assertion, held, left.must)
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
        await _confirm_gone(ground, id, there.assertion, held)
    elif ground.mapping.members is not None and there.assertion is not None and there.assertion.origin == "adopted":
        await _release(ground, there, there.entry)
    else:
        await _carry_out(ground, there, there.entry, when, held)


async def _confirm_gone(
    ground: Ground, id: str, assertion: Assertion | None, held: frozenset[str], must: tuple[str, ...] = ()
) -> None:
    """Nothing is left to do in the target but, perhaps, the calls that had to follow."""
    anchor = assertion.anchor if assertion else id

    async def apply() -> Confirmed:
        for event in must:
            await lifecycle.call_after(ground, event, id, None, anchor)
        return _deleted(id, None)

    anchor_then = assertion.anchor if assertion else None
    write = Write("delete", id, anchor_then, reducing=Goal(delete=True, must=must))
    await carry_out(ground, write, apply, partial(crossing.leaving, ground, id, held))


async def _carry_out(ground: Ground, there: Standing, entry: Entry, when: Precondition, held: frozenset[str]) -> None:
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
        left = roles.owing(ground, there.id, moved)
        return replace(_deleted(there.id, None if removes else entry.id), changes=told, detail=said, park=left)

    moved = await _whose_roles(ground, there.id)
    goal = Goal(delete=True, must=("delete",) if following.must(ground, "delete") else ())
    losing = audited_beside(ground, entry, changes)
    write = Write("delete", there.id, entry.id, before=entry, reducing=goal, losing=losing)
    await carry_out(ground, write, apply, partial(crossing.leaving, ground, there.id, held))


async def _whose_roles(ground: Ground, id: str) -> frozenset[str]:
    return await ground.ledger.asserted_members(ground.scope, id) if roles.followers(ground) else frozenset()


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
        left = roles.owing(ground, there.id, mine)
        return replace(_deleted(there.id, entry.id), changes=audited(delta), detail=said, park=left)

    write = Write("delete", there.id, entry.id, before=entry, reducing=Goal(delete=True, remove_members=mine))
    await carry_out(ground, write, apply)
