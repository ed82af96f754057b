"""PATCH of members alone: what it names is added or removed, and the group itself is never read (rule 17)."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from scim2_models import NotFoundException

from connectors.errors import NotFound
from gateway.ledger.model import Confirmed, Goal
from gateway.provisioning.ground import Ground, under_locks
from gateway.provisioning.members import applying, members
from gateway.provisioning.members.remembering import remembered
from gateway.provisioning.model import ANY, MemberChange, Precondition, Wanted
from gateway.provisioning.protocol import guard, preconditions
from gateway.provisioning.protocol.protocol import Write, carry_out
from gateway.provisioning.protocol.standing import Standing, load, owed, own
from gateway.provisioning.recovery import crossing, recovery
from gateway.provisioning.relations import roles


async def update(ground: Ground, id: str, asked: Sequence[MemberChange], when: Precondition) -> Standing:
    """Bring the members of a group to what is asked.

    :return: the group as it stands, unread. :raises InvalidValueException: 400 naming members whom nobody has.
    """
    return await under_locks(ground, frozenset({ground.key(id)}), partial(_update, ground, id, asked, when))


async def _update(
    ground: Ground, id: str, asked: Sequence[MemberChange], when: Precondition, held: frozenset[str]
) -> Standing:
    await recovery.settle_before(ground, id)
    there = await load(ground, id) if _must_look(ground, when) else await _known(ground, id)
    preconditions.check(when, there.version)
    delta = await members.plan(ground, id, asked, there.owed.remove_members)
    anchor = there.anchor
    if anchor is None:
        raise NotFoundException(detail=f"{ground.type} {id} not found")

    skipped = set(delta.skipped)

    async def apply() -> Confirmed:
        _, done = await applying.apply(ground, None, anchor, (), delta, None)
        skipped.update(done.skipped)
        confirmed = Confirmed(
            id=id,
            anchor=anchor,
            origin=None if there.assertion else "adopted",
            work="pending" if there.owed.delete else "settled",
            changed=False,
            settled=bool(there.owed) and not there.owed.delete,
            park=roles.owing(ground, id, delta.remove),
        )
        return remembered(confirmed, done)

    try:
        reducing = Goal(delete=there.owed.delete, remove_members=delta.remove)
        write = Write("patch", id, anchor, reducing=reducing, adding=delta.joining)
        assertion = await carry_out(ground, write, apply, partial(crossing.joining, ground, id, delta, held))
    except NotFound:
        await ground.reader.read(ground.type, id, Wanted(attributes=frozenset({"id"})))  # says 404, or 503 while unsure
        raise
    return replace(there, entry=None, assertion=assertion, moved=delta.add | delta.remove, skipped=bool(skipped))


def _must_look(ground: Ground, when: Precondition) -> bool:
    """Only a precondition, a scope or a protection is about what the group itself holds."""
    return when != ANY or ground.mapping.scope_filter is not None or bool(ground.mapping.section.protect)


async def _known(ground: Ground, id: str) -> Standing:
    """What the ledger alone knows of a group. :raises NotFoundException: it was deleted, or the id never meant any."""
    assertion = await ground.ledger.get(ground.scope, id)
    if assertion is None:
        seen = await ground.ledger.seen(ground.scope)
        anchor = seen.anchor_of(id)
        if anchor is None or anchor in seen.hidden:
            raise NotFoundException(detail=f"{ground.type} {id} not found")
        return Standing(id, None, {}, None, await owed(ground, id, None))
    if assertion.life == "deleted":
        raise NotFoundException(detail=f"{ground.type} {id} not found")
    mine = own(ground, assertion)
    if mine is None and assertion.anchor is not None:
        await guard.not_foreign(ground, assertion.anchor)
    return Standing(id, None, {}, mine, await owed(ground, id, mine))
