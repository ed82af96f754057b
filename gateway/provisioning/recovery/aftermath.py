"""What a confirmed write sets going in other objects: references that waited, memberships held, roles by group.

Each takes the lock of the object it writes to, after that of the first is free.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial

from scim2_models import InvalidValueException

from connectors.entry import MEMBERS, Change, Kind, Ref
from gateway.ledger.model import Confirmed
from gateway.provisioning.ground import Ground, under_locks
from gateway.provisioning.members import members
from gateway.provisioning.members.members import Delta
from gateway.provisioning.members.remembering import audited
from gateway.provisioning.model import MemberChange
from gateway.provisioning.protocol.protocol import Write, carry_out
from gateway.provisioning.protocol.standing import Standing, own
from gateway.provisioning.protocol.touching import may_touch
from gateway.provisioning.recovery import crossing
from gateway.provisioning.relations import pointing, roles


async def of_creation(ground: Ground, there: Standing, asked: Sequence[MemberChange]) -> None:
    """Someone new is here: whoever waited for them may point at them."""
    await of_update(ground, replace(there, newly_named=True), asked)


async def of_update(ground: Ground, there: Standing, asked: Sequence[MemberChange]) -> None:
    """An object changed: it may go by another name, have become active, or its members may have other roles now."""
    if there.newly_named or there.reborn:
        await pointing.arrive(ground, there.id, there.assertion.external_id if there.assertion else None)
    if there.absent is False and not ground.mapping.members:
        await join(ground, [there.id])
    if roles.followers(ground):
        named = {id for change in asked for id in change.ids or ()}
        all_members = await _members(ground, there) if there.renamed else set()
        await roles.catch_up(ground, there.id, named | there.moved | all_members)


async def _members(ground: Ground, there: Standing) -> set[str]:
    """Everybody in a group."""
    resource = await ground.reader.read(ground.type, there.id, members.ONLY_MEMBERS)
    return {member["value"] for member in resource.get("members", ())}


async def join(ground: Ground, ids: Iterable[str]) -> None:
    """Put those into their groups whose memberships are held: until they are active, or have an entry again."""
    for kind in ground.others.values():
        rules = kind.mapping.members
        if rules is None or ground.type not in rules.ref:
            continue
        for member, groups in (await kind.ledger.held_groups(kind.scope, ids)).items():
            for group in groups:
                await under_locks(kind, frozenset({kind.key(group)}), partial(_admit, kind, group, member))
            await roles.follow(kind, [member])


async def _admit(kind: Ground, group: str, member: str, held: frozenset[str]) -> None:
    """Under the group's lock, where the membership may have ended meanwhile."""
    assertion = own(kind, await kind.ledger.get(kind.scope, group))
    if group not in (await kind.ledger.held_groups(kind.scope, [member])).get(member, ()):
        return
    if not await may_touch(kind, group):
        return
    delta = await _still_there(kind, member)
    if assertion is None or assertion.anchor is None or not delta.add:
        return
    anchor, refs = assertion.anchor, tuple(Ref(delta.anchors.get(id, id)) for id in delta.add)

    named = audited(delta)

    async def apply() -> Confirmed:
        await kind.collection.update(anchor, [Change(Kind.ADD, MEMBERS, refs)])
        return Confirmed(id=group, anchor=anchor, members_added=delta.add, work=assertion.work, changes=named)

    write = Write("join", group, anchor, adding=delta.add)
    await carry_out(kind, write, apply, partial(crossing.joining, kind, group, delta, held))


async def _still_there(kind: Ground, member: str) -> Delta:
    """What admits somebody; nothing where nobody has this id any more, which is no matter of who is answered now."""
    wanted = frozenset({member})
    try:
        return await members.settled(kind, Delta(add=wanted, claim=wanted))
    except InvalidValueException:
        return Delta()
