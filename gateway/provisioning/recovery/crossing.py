"""Somebody joins a group while their entry goes, through this gateway or another on the same ledger (rules 12 and 20).

Neither of the two writes holds the other's lock. So each is announced first, by its intent, and then looks for the
other: whichever looks last sees the first. It has not touched the target yet, withdraws, and begins again under the
locks of both, taken in one go as always. So a membership stands whole before somebody goes, and is taken away with
them; or it is planned anew once they have gone. What nobody works on any more, for its locks are ours, is settled.
"""

from gateway.ledger.model import Assertion, Intent
from gateway.provisioning.ground import Ground, MoreLocks, require
from gateway.provisioning.members import members
from gateway.provisioning.members.members import Delta
from gateway.provisioning.recovery import recovery, settling


async def joining(ground: Ground, id: str | None, delta: Delta, held: frozenset[str]) -> None:
    """Before members are added to a group: look for whoever takes one of them away, or has done so since the plan.

    :param id: the group's. :raises MoreLocks: somebody does. :raises Unavailable: what is left open cannot be settled.
    """
    ids = delta.joining - {id}
    for kind in members.kinds(ground) if ids else ():
        intents, rows = await kind.ledger.leaving(kind.scope, ids)
        for intent in intents:
            require(held, settling.keys_of(kind, intent))
        settled = [await _settle(kind, intent) for intent in intents]
        moved = frozenset(kind.key(row.id) for row in rows.values() if _overtaken(kind, row, delta))
        if any(settled) or not moved <= held:
            raise MoreLocks(moved)


async def leaving(ground: Ground, id: str, held: frozenset[str]) -> None:
    """Before the entry of an object goes or is left for another: look for whoever makes it a member just now.

    :raises MoreLocks: somebody does. :raises Unavailable: what is left open cannot be settled.
    """
    for intent in await ground.ledger.joining(ground.scope.target, id):
        kind = ground.others.get(intent.scope.resource_type)
        if kind is not None and ground in members.kinds(kind) and (kind is not ground or intent.id != id):
            require(held, settling.keys_of(kind, intent))
            await _settle(kind, intent)


async def _settle(kind: Ground, intent: Intent) -> bool:
    """Settle what the dead left open. :return: whether it was this connection's; others see to their own."""
    if intent.scope != kind.scope:
        return False
    if intent.match:
        await settling.settle_creation(kind, intent)
    elif intent.id is not None:
        await recovery.settle_before(kind, intent.id)
    return True


def _overtaken(kind: Ground, row: Assertion, delta: Delta) -> bool:
    """Whether a member stands otherwise now than when the change was planned."""
    if row.life == "deleted":
        return row.id in delta.joining
    return row.id in delta.add and members.anchor_of(kind, row) != delta.anchors.get(row.id, row.id)
