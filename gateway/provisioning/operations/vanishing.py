"""``deactivate = "delete"``: the entry goes, the resource stays readable and inactive (rule 20)."""

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any
from uuid import uuid4

from scim2_models import SCIMException

from connectors.entry import Entry
from connectors.errors import NotFound
from gateway.ledger.model import Confirmed, Goal
from gateway.mapping.compiled import Plan
from gateway.provisioning.documents import asserted_by_put
from gateway.provisioning.ground import Ground
from gateway.provisioning.model import Resource
from gateway.provisioning.protocol import following, lifecycle
from gateway.provisioning.protocol.lifecycle import Asked
from gateway.provisioning.protocol.protocol import Write, carry_out
from gateway.provisioning.protocol.standing import Standing, gone, owed, own
from gateway.provisioning.reading.overlay import guarded
from gateway.provisioning.recovery import crossing
from gateway.provisioning.relations.referring import referrers

RENDERED = frozenset({"schemas", "id", "meta", "groups", "members", "password"})
"""what an answer adds to the resource, or may not keep"""


async def vanish(
    ground: Ground, there: Standing, entry: Entry, asked: Asked, plan: Plan, held: frozenset[str]
) -> Standing:
    """Remove the entry; the resource stays, inactive."""
    shown = shown_as({**asked.wanted, "active": False})
    deferring = await referrers(ground, there.id, entry.id, there.assertion)

    async def apply() -> Confirmed:
        with suppress(NotFound):  # it is gone, which is what was wanted
            await ground.collection.delete(entry.id)
        await lifecycle.call_after(ground, "deactivate", there.id, entry)
        return Confirmed(
            id=there.id,
            anchor=None,
            document=asked.document,
            external_id=asked.document.get("externalId", ""),
            stored=plan.stored,
            overlay={**asked.overlay, "@resource": shown, **guarded(ground.mapping, entry.attributes)},
            life="absent",
            origin=None if there.assertion else "adopted",
            deferring=deferring,
            detail="deactivated: the entry was removed",
            settled=not there.owed.delete,
            work="pending" if there.owed.delete else "settled",
        )

    must = ("deactivate",) if following.must(ground, "deactivate") else ()
    goal = Goal(deactivate=True, must=must) | there.owed
    write = Write(asked.operation, there.id, entry.id, asked.document, entry, goal)
    assertion = await carry_out(ground, write, apply, partial(crossing.leaving, ground, there.id, held))
    return Standing(there.id, None, shown, assertion)


async def settle(ground: Ground, id: str) -> None:
    """Let an object be absent whose entry went while the answer was lost."""
    assertion = own(ground, await ground.ledger.get(ground.scope, id))
    if assertion is None or assertion.life != "live":
        return
    left = await owed(ground, id, assertion)
    if not left.deactivate:
        return
    if not await gone(ground, assertion.anchor):
        return
    document = {**assertion.document, "active": False}
    deferring = await referrers(ground, id, assertion.anchor, assertion)

    async def apply() -> Confirmed:
        for event in left.must:
            await lifecycle.call_after(ground, event, id, None, assertion.anchor)
        return Confirmed(
            id=id,
            anchor=None,
            document=document,
            overlay={"@resource": document, **_as_made(ground, document)},
            life="absent",
            deferring=deferring,
            settled=not left.delete,
            work="pending" if left.delete else "settled",
            detail="the entry was found removed",
        )

    await carry_out(ground, Write("finish", id, None, document, reducing=Goal(deactivate=True, must=left.must)), apply)


def _as_made(ground: Ground, document: Resource) -> dict[str, Any]:
    """What scope and protection would read of a new entry, where the one that was can be read no more."""
    try:
        return guarded(ground.mapping, ground.mapping.plan_create(document).attributes)
    except SCIMException:
        return {}  # asserted in part alone, of somebody whom this connection never made


def is_absent_from_birth(ground: Ground, wanted: Resource) -> bool:
    """A POST with ``active = false`` where only having no entry at all means inactive."""
    way = ground.mapping.lifecycle.deactivate
    return wanted.get("active") is False and way == "delete" and not lifecycle.has_row(ground)


async def bear(ground: Ground, id: str | None, wanted: Resource, plan: Plan) -> Standing:
    """Let someone be known who has no entry yet."""
    known_as = id or str(uuid4())
    document = asserted_by_put(wanted, {})

    async def apply() -> Confirmed:
        return Confirmed(
            id=known_as,
            anchor=None,
            document=document,
            external_id=document.get("externalId", ""),
            stored=plan.stored,
            overlay={"@resource": shown_as(wanted), **guarded(ground.mapping, plan.attributes)},
            life="absent",
            origin="created",
        )

    assertion = await carry_out(ground, Write("create", known_as, None, document), apply)
    return Standing(known_as, None, shown_as(wanted), assertion)


def shown_as(resource: Mapping[str, Any]) -> Resource:
    """The resource as the ledger keeps it while there is no entry."""
    return {name: value for name, value in resource.items() if name not in RENDERED}
