"""Requests to an object whose entry ``deactivate = "delete"`` removed: it reads as inactive, and may come back."""

from gateway.ledger.model import Confirmed
from gateway.provisioning.ground import Ground, require
from gateway.provisioning.members.members import Delta
from gateway.provisioning.operations import creating
from gateway.provisioning.operations.vanishing import shown_as
from gateway.provisioning.protocol import adoption, uniqueness
from gateway.provisioning.protocol.lifecycle import Asked
from gateway.provisioning.protocol.protocol import Write, carry_out, note
from gateway.provisioning.protocol.standing import Standing
from gateway.provisioning.protocol.thinking import planned


async def update(ground: Ground, there: Standing, asked: Asked, held: frozenset[str]) -> Standing:
    """Change a resource whose entry is gone: in the ledger, or by making the entry again."""
    if "active" in asked.named and asked.wanted.get("active") is True:
        return await come_back(ground, there, asked, held)
    shown = shown_as({**asked.wanted, "active": False})
    if shown == shown_as(there.resource) and asked.document == there.last:
        await note(ground, asked.operation, "unchanged", there.id)
        return there

    async def apply() -> Confirmed:
        return Confirmed(
            id=there.id,
            anchor=None,
            document=asked.document,
            external_id=asked.document.get("externalId", ""),
            overlay={"@resource": shown},
            life="absent",
            detail="kept here: its entry was removed when it was deactivated",
            settled=not there.owed.delete,
            work="pending" if there.owed.delete else "settled",
        )

    assertion = await carry_out(ground, Write(asked.operation, there.id, None, asked.document), apply)
    return Standing(there.id, None, shown, assertion)


async def come_back(ground: Ground, there: Standing, asked: Asked, held: frozenset[str]) -> Standing:
    """Make the entry again, under the same id."""
    wanted = shown_as(asked.wanted)
    plan = await planned(ground, wanted, lambda: ground.mapping.plan_create(wanted))
    meant = adoption.match(ground, wanted)
    require(held, frozenset(ground.match_key(value) for value in meant.keys))
    await uniqueness.hold(ground, uniqueness.claimed(ground, wanted, {}), held)
    return await creating.bear(ground, there.id, "restore", wanted, plan, meant, Delta(), held)
