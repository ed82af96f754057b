"""After a crash: intents that were recorded, and neither confirmed nor abandoned (rule 16).

Nobody was answered 2xx for them. What the target shows to have happened is confirmed; of the rest, what takes access
away is parked for the worker, and everything else is forgotten, for the IdP sends it again. Creations: ``settling``.
"""

import logging
from dataclasses import replace
from datetime import datetime
from functools import partial

from connectors.entry import Entry
from connectors.errors import NotFound, Unavailable
from gateway.ledger import LedgerUnavailable
from gateway.ledger.model import Confirmed, Intent
from gateway.provisioning.ground import Ground, under_locks
from gateway.provisioning.protocol.protocol import kept, pending
from gateway.provisioning.recovery import settling

log = logging.getLogger(__name__)


async def settle_all(ground: Ground, until: datetime | None = None) -> None:
    """Settle every open intent of one resource type. The first that finds the target away has asked for them all.

    :param until: only intents recorded before. :raises LedgerUnavailable: the rest stays open.
    """
    answers = True
    for intent in await ground.ledger.unsettled(ground.scope):
        if until is not None and intent.at >= until:
            continue
        work = partial(_settle, ground, intent, answers)
        answers = await under_locks(ground, settling.keys_of(ground, intent), work)


async def settle_before(ground: Ground, id: str) -> list[Intent]:
    """Under an object's lock, before it is looked at: settle what the dead left open of it.

    So a later word of the IdP finds what an earlier one still owes, and is never undone by it.

    :return: what was open. :raises LedgerUnavailable:
    """
    left = [intent for intent in await ground.ledger.unsettled(ground.scope, id=id) if not intent.match]
    answers = True
    for intent in left:
        answers = await _settle(ground, intent, answers, frozenset())
    return left


async def _settle(ground: Ground, intent: Intent, answers: bool, _: frozenset[str]) -> bool:
    """Under the object's lock: nobody is working on it, so what is still open was left by the dead.

    :param answers: the target has, so far. :return: whether it still does.
    """
    if not any(one.key == intent.key for one in await ground.ledger.unsettled(ground.scope)):
        return answers
    failure: Exception = Unavailable("it was away a moment ago")
    if answers:
        try:
            await _by_looking(ground, intent)
        except Unavailable as away:
            failure = away
        except LedgerUnavailable:
            raise
        except Exception as fault:
            log.exception("%s %s: what a crash left open cannot be settled", ground.type, intent.id)
            failure = fault
        else:
            return True
    if not intent.match:  # a creation waits until it can be looked for
        await _leave(ground, intent, f"the target could not be asked: {failure}")
    return answers and not isinstance(failure, Unavailable)


async def _by_looking(ground: Ground, intent: Intent) -> None:
    if intent.match:
        await settling.settle_creation(ground, intent)
        return
    entry = await _entry(ground, intent)
    if entry is None and intent.reducing.delete:
        await ground.ledger.confirm(intent, _gone(intent))
    elif entry is not None and await _stands(ground, intent, entry):
        await ground.ledger.confirm(intent, kept(ground, _done(intent, entry)))
    else:
        await _leave(ground, intent, "the gateway stopped before this was finished", at_once=True)


async def _entry(ground: Ground, intent: Intent) -> Entry | None:
    if intent.anchor is None:
        return None
    try:
        return await ground.collection.read(intent.anchor)
    except NotFound:
        return None


async def _stands(ground: Ground, intent: Intent, entry: Entry) -> bool:
    """Whether the target is as the intent proposed. Passwords cannot be seen, so they decide nothing."""
    reducing = intent.reducing
    if intent.proposed is None or intent.id is None or reducing.delete or reducing.remove_members or reducing.must:
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


async def _leave(ground: Ground, intent: Intent, reason: str, *, at_once: bool = False) -> None:
    """Park what takes access away, forget the rest. ``at_once``: the target is there, so nobody has to wait."""
    park = pending(ground, intent, reason) if intent.reducing else None
    if park is not None and at_once:
        park = replace(park, next_due=ground.clock())
    await ground.ledger.abandon(intent, reason, park=park)
