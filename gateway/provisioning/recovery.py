"""After a crash: intents that were recorded, and neither confirmed nor abandoned (rule 16).

Nobody was answered 2xx for them. What the target shows to have happened is confirmed; of the rest, what takes access
away is parked for the worker, and everything else is forgotten, for the IdP sends it again. Creations: ``settling``.
"""

from contextlib import suppress
from functools import partial

from connectors.entry import Entry
from connectors.errors import ConnectorError, NotFound, Unavailable
from gateway.ledger.model import Confirmed, Intent
from gateway.provisioning import settling
from gateway.provisioning.ground import Ground, under_locks
from gateway.provisioning.protocol import pending


async def settle_all(ground: Ground) -> None:
    """Settle every open intent of one resource type."""
    for intent in await ground.ledger.unsettled(ground.scope):
        await under_locks(ground, settling.keys_of(ground, intent), partial(_settle, ground, intent))


async def _settle(ground: Ground, intent: Intent, _: frozenset[str]) -> None:
    """Under the object's lock: nobody is working on it, so what is still open was left by the dead."""
    if not any(one.key == intent.key for one in await ground.ledger.unsettled(ground.scope)):
        return
    if intent.match:
        with suppress(Unavailable):  # while the target cannot be asked, the intent waits
            await settling.settle_creation(ground, intent)
        return
    try:
        entry = await _entry(ground, intent)
    except ConnectorError as failure:
        await _leave(ground, intent, f"the target could not be asked: {failure.detail}")
        return
    if entry is None and intent.reducing.delete:
        await ground.ledger.confirm(intent, _gone(intent))
    elif entry is not None and await _stands(ground, intent, entry):
        await ground.ledger.confirm(intent, _done(intent, entry))
    else:
        await _leave(ground, intent, "the gateway stopped before this was finished")


async def _entry(ground: Ground, intent: Intent) -> Entry | None:
    if intent.anchor is None:
        return None
    try:
        return await ground.collection.read(intent.anchor)
    except NotFound:
        return None


async def _stands(ground: Ground, intent: Intent, entry: Entry) -> bool:
    """Whether the target is as the intent proposed. Passwords cannot be seen, so they decide nothing."""
    if intent.proposed is None or intent.id is None or intent.reducing.delete or intent.reducing.remove_members:
        return False
    known = await ground.ledger.get(ground.scope, intent.id)
    stored = known.stored if known else {}
    doubted = {"active": False}  # so that an ``active = true`` that did not happen counts as a difference (rule 9)
    plan = ground.mapping.plan_update(dict(intent.proposed), entry, stored, doubted, frozenset(intent.proposed))
    return not plan.changes and not plan.stored


def _done(intent: Intent, entry: Entry) -> Confirmed:
    proposed = intent.proposed or {}
    return Confirmed(
        id=intent.id or entry.id,
        anchor=entry.id,
        document=intent.proposed,
        external_id=proposed.get("externalId", ""),
        detail="found done after a restart",
    )


def _gone(intent: Intent) -> Confirmed:
    return Confirmed(
        id=intent.id or "",
        anchor=None,
        life="deleted",
        members_cleared=True,
        forget_memberships=True,
        settled=True,
        detail="found done after a restart",
    )


async def _leave(ground: Ground, intent: Intent, reason: str) -> None:
    park = pending(ground, intent, reason) if intent.reducing else None
    await ground.ledger.abandon(intent, reason, park=park)
