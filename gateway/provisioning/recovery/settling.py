"""Entries that were made and never confirmed: the answer was lost, or the gateway ended just then.

Whoever comes to such an object next settles that first, by looking: an entry that is there becomes the object's own,
so that nobody is switched off, deleted or made again beside it. The IdP was never told, so the repeated POST is
answered 201 and not 409 (rule 23): until then the ledger remembers ``@unanswered``.
"""

from collections.abc import Iterable

from connectors.entry import Entry
from connectors.errors import NotFound
from gateway.ledger.model import Assertion, Confirmed, Intent
from gateway.provisioning.ground import Ground, require
from gateway.provisioning.protocol import adoption, lifecycle
from gateway.provisioning.protocol.protocol import kept
from gateway.provisioning.relations import retiring
from gateway.provisioning.relations.referring import referrers

UNANSWERED = "@unanswered"


def keys_of(ground: Ground, intent: Intent) -> frozenset[str]:
    """The locks under which an intent was recorded, and must be settled."""
    matched = {ground.match_key(value) for value in intent.match}
    return frozenset(matched | ({ground.key(intent.id)} if intent.id else set()))


async def settle_object(ground: Ground, id: str, held: frozenset[str]) -> bool:
    """Settle creations for one SCIM id. :return: whether there were any. :raises MoreLocks:"""
    return await _settle(ground, await ground.ledger.unsettled(ground.scope, id=id), held)


async def settle_matches(ground: Ground, meant: adoption.Match, held: frozenset[str]) -> bool:
    """Settle creations that share a match value. :return: whether there were any. :raises MoreLocks:"""
    return await _settle(ground, await ground.ledger.unsettled(ground.scope, match=meant.keys), held)


async def _settle(ground: Ground, intents: Iterable[Intent], held: frozenset[str]) -> bool:
    creations = [intent for intent in intents if intent.match]
    for intent in creations:
        require(held, keys_of(ground, intent))
    for intent in creations:
        await settle_creation(ground, intent)
    return bool(creations)


async def settle_creation(ground: Ground, intent: Intent) -> None:
    """Under its locks: confirm a creation whose entry is there, forget one whose entry is not.

    :raises Unavailable: the target cannot be asked now; the intent stays as it is.
    """
    entry = await _made(ground, intent)
    if entry is None:
        await ground.ledger.abandon(intent, "nothing was made", outcome="unchanged")
        return
    remains = intent.anchor is not None and await _retired(ground, intent.anchor, intent.id or entry.id)
    former = await ground.ledger.get(ground.scope, intent.id) if intent.id and intent.anchor else None
    proposed = dict(intent.proposed or {})
    outcome = Confirmed(
        id=intent.id or entry.id,
        anchor=entry.id,
        document=proposed,
        external_id=proposed.get("externalId", ""),
        stored=ground.mapping.plan_create(proposed).stored,
        overlay={"userName": None, "active": None, "@resource": None, "@guarded": None, UNANSWERED: True},
        origin="created",
        deferring=await referrers(ground, former.id, intent.anchor, former) if former else (),
        retired=(intent.anchor,) if intent.anchor is not None and remains else (),
        detail="the entry was found made",
    )
    await ground.ledger.confirm(intent, kept(ground, outcome))


async def _made(ground: Ground, intent: Intent) -> Entry | None:
    """The one entry that answers to the proposal and that nobody owns."""
    found = await adoption.candidates(ground, adoption.match(ground, intent.proposed or {}))
    owners = await ground.ledger.by_anchors(ground.scope, [entry.id for entry in found])
    free = [entry for entry in found if entry.id != intent.anchor and not _owned(owners.get(entry.id))]
    return free[0] if len(free) == 1 else None


def _owned(owner: Assertion | None) -> bool:
    return owner is not None and not adoption.is_released(owner)


async def _retired(ground: Ground, anchor: str, id: str) -> bool:
    """The old entry of an object that was made anew (rule 24). :return: whether it is still there, to be hidden."""
    try:
        old = await ground.collection.read(anchor)
    except NotFound:
        await lifecycle.call_after(ground, "delete", id, None, anchor)
        return False
    return await retiring.retire(ground, old, id)
