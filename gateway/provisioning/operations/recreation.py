"""``immutable = "recreate"``: a new entry, then ``lifecycle.delete`` on the old one, the same id (rule 24)."""

from dataclasses import replace
from functools import partial

from scim2_models import SCIMException

from connectors.entry import Entry
from connectors.errors import ConnectorError, Unavailable
from gateway.ledger.model import Confirmed, Goal
from gateway.provisioning.documents import asserted_by_put
from gateway.provisioning.ground import Ground, require
from gateway.provisioning.members.members import Delta
from gateway.provisioning.operations.making import make, unmake
from gateway.provisioning.protocol import adoption, guard, lifecycle, uniqueness
from gateway.provisioning.protocol.lifecycle import Asked
from gateway.provisioning.protocol.protocol import Write, audited, carry_out
from gateway.provisioning.protocol.standing import Standing
from gateway.provisioning.protocol.thinking import planned
from gateway.provisioning.recovery import crossing
from gateway.provisioning.relations.pointing import resolved_attributes
from gateway.provisioning.relations.referring import referrers
from gateway.provisioning.relations.retiring import retire


async def recreate(ground: Ground, there: Standing, old: Entry, asked: Asked, held: frozenset[str]) -> Standing:
    """Let the object live in a new entry from now on."""
    wanted = {name: value for name, value in asked.wanted.items() if name not in ("id", "meta", "schemas", "groups")}
    plan = await planned(ground, wanted, lambda: ground.mapping.plan_create(wanted))
    if ground.mapping.lifecycle.delete == "refuse":
        raise lifecycle.refusal(ground, "delete")
    guard.may_come(ground, Entry("", plan.attributes))
    meant = adoption.match(ground, wanted)
    require(held, frozenset(ground.match_key(value) for value in meant.keys))

    async def find() -> Entry | None:
        entries = [entry for entry in await adoption.candidates(ground, meant) if entry.id != old.id]
        return entries[0] if len(entries) == 1 else None

    await uniqueness.hold(ground, uniqueness.claimed(ground, wanted, there.resource), held, old.id)
    attributes, deferred = await resolved_attributes(ground, plan.attributes)
    deferring = await referrers(ground, there.id, old.id, there.assertion)
    made: list[Entry] = []

    async def apply() -> Confirmed:
        entry, _ = await make(ground, attributes, Delta(), find)
        made.append(entry)
        remains = await _retire(ground, old, there.id, entry)
        return Confirmed(
            id=there.id,
            anchor=entry.id,
            document=asserted_by_put(wanted, there.last) if asked.operation == "replace" else asked.document,
            external_id=wanted.get("externalId", ""),
            stored=plan.stored,
            deferred=deferred,
            origin="created",
            deferring=deferring,
            retired=(old.id,) if remains else (),
            changes=audited(plan.trace),
            detail=f"a new entry; the old one, {old.id}, "
            + ("stays, as a deletion leaves it" if remains else "was removed"),
            settled=bool(there.owed) and not there.owed.delete,
            work="pending" if there.owed.delete else "settled",
        )

    keys = meant.keys or (f"id:{there.id}",)
    write = Write(asked.operation, there.id, old.id, asked.document, old, Goal(), keys)
    assertion = await carry_out(ground, write, apply, partial(crossing.leaving, ground, there.id, held))
    return replace(there, entry=made[0], assertion=assertion, reborn=True)


async def _retire(ground: Ground, old: Entry, id: str, new: Entry) -> bool:
    """The new entry stands by now: an outage leaves the fate of the whole open, and whoever comes next settles it;
    where the old one may not go, the new one does."""
    try:
        return await retire(ground, old, id)
    except Unavailable as failure:
        raise Unavailable(failure.detail, retry_after=failure.retry_after, uncertain=True) from failure
    except (ConnectorError, SCIMException):
        await unmake(ground, new.id)
        raise
