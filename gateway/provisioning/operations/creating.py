"""POST (RFC 7644 §3.3): a new object, or one that was there already and is meant (rules 22 and 23)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from scim2_models import UniquenessException

from connectors.entry import Entry
from connectors.errors import NotFound
from gateway.ledger.model import Assertion, Confirmed
from gateway.mapping.compiled import Plan
from gateway.provisioning.documents import asserted_by_put, named_by_put
from gateway.provisioning.ground import Ground, require, under_locks
from gateway.provisioning.members import members
from gateway.provisioning.members.members import Delta
from gateway.provisioning.members.remembering import remembered
from gateway.provisioning.model import Resource
from gateway.provisioning.operations import vanishing
from gateway.provisioning.operations.bringing import bring_to
from gateway.provisioning.operations.making import make
from gateway.provisioning.protocol import adoption, guard, lifecycle, uniqueness
from gateway.provisioning.protocol.adoption import Match
from gateway.provisioning.protocol.lifecycle import Asked
from gateway.provisioning.protocol.protocol import Write, audited, carry_out
from gateway.provisioning.protocol.standing import Standing
from gateway.provisioning.protocol.thinking import planned
from gateway.provisioning.protocol.uniqueness import Claimed
from gateway.provisioning.recovery import crossing, recovery, settling
from gateway.provisioning.relations import roles
from gateway.provisioning.relations.pointing import resolved_attributes

FORGOTTEN = {"userName": None, "active": None, "@resource": None, "@guarded": None}
"""what of an overlay ends when an object comes back"""


async def create(ground: Ground, resource: Resource, id: str | None = None) -> Standing:
    """Create, adopt, restore or finish.

    :param id: the SCIM id to answer with, for a PUT that creates; the entry gets its own.
    :raises UniquenessException: 409, see ``adoption``.
    """
    wanted = switched_on(ground, {name: value for name, value in resource.items() if name != "members"})
    plan = await planned(ground, wanted, lambda: ground.mapping.plan_create(wanted))
    meant = adoption.match(ground, wanted)
    claims = uniqueness.claimed(ground, wanted, {})
    keys = {ground.match_key(value) for value in meant.keys}
    keys |= {key for claim in claims for key in claim.keys(ground)}
    order = Order(ground, resource, wanted, plan, meant, claims, id)
    return await under_locks(ground, frozenset(keys), partial(_create, order))


def switched_on(ground: Ground, resource: Resource) -> Resource:
    """``active`` is true on create when absent (rule 8)."""
    if resource.get("active") is None and ground.mapping.attributes.find("active") is not None:
        return {**resource, "active": True}
    return resource


@dataclass(frozen=True, slots=True)
class Order:
    """One POST: what it says, and what that would make of a new entry."""

    ground: Ground
    resource: Resource
    wanted: Resource
    plan: Plan
    meant: Match
    claims: tuple[Claimed, ...]
    id: str | None


async def _create(order: Order, held: frozenset[str]) -> Standing:
    ground = order.ground
    former, entries = await _known(order)
    if (former or entries) and await settling.settle_matches(ground, order.meant, held):
        former, entries = await _known(order)
    if former is not None:
        return await _return_of(order, former, entries, held)
    if len(entries) > 1:
        raise UniquenessException(
            detail=f"several entries answer to this {ground.type}; which one is meant cannot be told"
        )
    if entries:
        (entry,) = entries.values()
        return await _met(order, entry, held)
    return await _new(order, held)


async def _known(order: Order) -> tuple[Assertion | None, dict[str, Entry]]:
    """Whom the POST could mean: someone deleted or absent, and entries of the target."""
    former = await adoption.former(order.ground, order.resource)
    return former, {entry.id: entry for entry in await adoption.candidates(order.ground, order.meant)}


async def _met(order: Order, entry: Entry, held: frozenset[str]) -> Standing:
    """One entry is there that the POST could mean."""
    ground = order.ground
    owner = (await ground.ledger.by_anchors(ground.scope, [entry.id])).get(entry.id)
    id = owner.id if owner else (await ground.ledger.seen(ground.scope)).id_of(entry.id)
    require(held, frozenset({ground.key(id)}))
    if await recovery.settle_before(ground, id):
        owner = (await ground.ledger.by_anchors(ground.scope, [entry.id])).get(entry.id)
    claim = adoption.claim(ground, entry, owner, order.resource.get("externalId"))
    if claim == "restore" and owner is not None:
        return await restore(order, owner, entry, held)
    own = owner if claim == "finish" else None
    there = Standing(id, entry, ground.mapping.read(entry, own.stored if own else {}), own)
    asked = _asked(order, "create" if own else "adopt", own.document if own else {})
    return await bring_to(ground, there, entry, asked, held)


async def _return_of(order: Order, former: Assertion, entries: Mapping[str, Entry], held: frozenset[str]) -> Standing:
    """Someone comes back whom this connection had deleted or made absent (rule 22), or whose entry is lost."""
    ground = order.ground
    require(held, frozenset({ground.key(former.id)}))
    if await recovery.settle_before(ground, former.id):
        former = await ground.ledger.get(ground.scope, former.id) or former
    entry = entries.get(former.anchor or "") or await _still_there(ground, former)
    if entry is None and former.life == "live" and len(entries) == 1:
        return await _moved_in(order, former, next(iter(entries.values())), held)
    if set(entries) - {former.anchor}:
        raise UniquenessException(detail="externalId and the other match attributes name different entries")
    if entry is not None:
        return await restore(order, former, entry, held)
    return await _new(replace(order, id=former.id), held)


async def _moved_in(order: Order, former: Assertion, entry: Entry, held: frozenset[str]) -> Standing:
    """An entry stands in for one that is lost, as after the target was restored with other ids: it gets the old id."""
    ground = order.ground
    require(held, frozenset({ground.key(entry.id)}))
    owner = (await ground.ledger.by_anchors(ground.scope, [entry.id])).get(entry.id)
    if adoption.claim(ground, entry, owner, None) != "adopt":
        raise UniquenessException(detail="externalId and the other match attributes name different entries")
    there = Standing(former.id, entry, ground.mapping.read(entry, former.stored), replace(former, anchor=entry.id))
    asked = replace(_asked(order, "adopt", former.document), overlay=FORGOTTEN)
    return await bring_to(ground, there, entry, asked, held)


async def _still_there(ground: Ground, former: Assertion) -> Entry | None:
    if former.anchor is None:
        return None
    try:
        return await ground.collection.read(former.anchor)
    except NotFound:
        return None


async def restore(order: Order, former: Assertion, entry: Entry, held: frozenset[str]) -> Standing:
    """Bring a deleted or tombstone-renamed object back to what the POST says, under its old id."""
    ground = order.ground
    resource = ground.mapping.read(entry, former.stored)
    await guard.admit(ground, former.id, resource, entry, owned=True)
    switched_off = replace(former, anchor=entry.id, document={**former.document, "active": False})
    there = Standing(former.id, entry, resource, switched_off)
    _, overdue = await roles.due(ground, entry.id) if roles.rows(ground) else (entry, ())
    asked = replace(_asked(order, "restore", former.document), beside=overdue)
    return await bring_to(ground, there, entry, asked, held)


def _asked(order: Order, operation: str, last: Mapping[str, Any]) -> Asked:
    return Asked(
        operation=operation,
        wanted=order.wanted,
        named=named_by_put(order.wanted, last),
        document=asserted_by_put(order.wanted, {}),
        overlay=FORGOTTEN if operation == "restore" else {},
        members=members.replaced_by(order.resource),
    )


async def _new(order: Order, held: frozenset[str]) -> Standing:
    """A new entry; under a former id where the same person returns, or where a PUT brought one."""
    ground = order.ground
    unseen = tuple(claim for claim in order.claims if not order.meant.covers(claim))
    await uniqueness.hold(ground, unseen, held)
    if vanishing.is_absent_from_birth(ground, order.wanted):
        return await vanishing.bear(ground, order.id, order.wanted, order.plan)
    joining = members.of_creation(order.resource)
    delta = await members.settled(ground, joining) if joining else joining
    return await bear(ground, order.id, "create", order.wanted, order.plan, order.meant, delta, held)


async def bear(
    ground: Ground,
    id: str | None,
    operation: str,
    wanted: Resource,
    plan: Plan,
    meant: Match,
    delta: Delta,
    held: frozenset[str],
) -> Standing:
    """Record, create, confirm.

    :param id: the SCIM id the new entry answers to; None = its anchor.
    """
    plan, shown = lifecycle.born(ground, wanted, plan)
    guard.may_come(ground, Entry("", plan.attributes))
    attributes, deferred = await resolved_attributes(ground, plan.attributes)
    document = asserted_by_put(wanted, {})
    made: list[Entry] = []

    async def find() -> Entry | None:
        entries = await adoption.candidates(ground, meant)
        return entries[0] if len(entries) == 1 else None

    async def apply() -> Confirmed:
        entry, added = await make(ground, attributes, delta, find)
        made.append(entry)
        confirmed = Confirmed(
            id=id or entry.id,
            anchor=entry.id,
            document=document,
            external_id=document.get("externalId", ""),
            stored=plan.stored,
            overlay={**FORGOTTEN, **shown},
            deferred=deferred,
            origin="created",
            members_cleared=id is not None,  # those of the entry that this one replaces
            changes=audited(plan.trace),
            settled=True,
        )
        return remembered(confirmed, added)

    write = Write(operation, id, None, document, match=meant.keys or (f"id:{id}",), adding=delta.joining)
    assertion = await carry_out(ground, write, apply, partial(crossing.joining, ground, id, delta, held))
    return Standing(assertion.id, made[0], {}, assertion, fresh=id is None, reborn=id is not None)
