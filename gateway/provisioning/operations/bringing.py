"""From what is asked of an existing entry to what is confirmed: plan, record, apply, confirm."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from connectors.entry import Change, Entry
from gateway.ledger.model import Confirmed, Deferred, Goal
from gateway.mapping.compiled import Plan
from gateway.provisioning.ground import Ground
from gateway.provisioning.members import applying, members
from gateway.provisioning.members.members import Delta
from gateway.provisioning.members.remembering import remembered
from gateway.provisioning.operations import recreation, vanishing
from gateway.provisioning.protocol import adoption, following, guard, lifecycle, thinking, uniqueness
from gateway.provisioning.protocol.lifecycle import Asked, Turn
from gateway.provisioning.protocol.protocol import Write, audited, audited_beside, carry_out, note
from gateway.provisioning.protocol.standing import Standing
from gateway.provisioning.recovery import crossing
from gateway.provisioning.relations import roles
from gateway.provisioning.relations.pointing import resolved


@dataclass(frozen=True, slots=True)
class Step:
    """What one request changes: in the target, about members, in the ledger.

    :param turn: whether it switches the object off or on.
    """

    plan: Plan
    changes: tuple[Change, ...] = ()
    delta: Delta = field(default_factory=Delta)
    deferred: tuple[Deferred, ...] | None = None
    turn: Turn | None = None

    @property
    def touches(self) -> bool:
        """Whether the target is to be touched at all: no difference, no write."""
        return bool(self.changes or self.delta.add or self.delta.remove)


async def bring_to(ground: Ground, there: Standing, entry: Entry, asked: Asked, held: frozenset[str]) -> Standing:
    """Plan what is asked of an existing entry, and carry it out."""
    plan = await thinking.planned(
        ground,
        asked.wanted,
        lambda: ground.mapping.plan_update(
            asked.wanted, entry, there.stored, there.last or None, asked.named, restore=asked.operation == "restore"
        ),
    )
    turn = lifecycle.switch(ground, asked, there.resource, there.last, plan)
    if turn == "off" and ground.mapping.lifecycle.deactivate == "delete":
        return await vanishing.vanish(ground, there, entry, asked, plan, held)
    if plan.recreate:
        return await recreation.recreate(ground, there, entry, asked, held)
    if asked.operation == "adopt":
        plan = adoption.trimmed(ground, plan)
    changes = with_turn(ground, asked, entry, plan.changes, turn)
    guard.stays(ground, guard.predicted(entry, changes))
    claims = uniqueness.claimed(ground, asked.wanted, there.resource, asked.named)
    await uniqueness.hold(ground, claims, held, entry.id)
    changes, deferred = await resolved(ground, there, entry, asked.named, changes)
    delta = await members.plan(ground, there.id, asked.members, there.owed.remove_members)
    return await take(ground, there, entry, asked, Step(plan, changes, delta, deferred, turn), held)


def with_turn(
    ground: Ground, asked: Asked, entry: Entry, changes: Sequence[Change], turn: Turn | None
) -> tuple[Change, ...]:
    """The planned changes, and what ``[user.lifecycle]`` adds to them."""
    changes = lifecycle.merged(asked.beside, changes)
    if asked.operation == "restore" and asked.wanted.get("active") is not False:
        undone = lifecycle.changes_of_return(ground, asked.wanted, entry, ("deactivate", "delete"))
        return lifecycle.merged(changes, undone)
    if turn == "off":
        return lifecycle.merged(changes, lifecycle.changes_of_event(ground, "deactivate", entry))
    if turn == "on":
        return lifecycle.merged(changes, lifecycle.changes_of_return(ground, asked.wanted, entry, ("deactivate",)))
    return tuple(changes)


async def take(
    ground: Ground, there: Standing, entry: Entry, asked: Asked, step: Step, held: frozenset[str]
) -> Standing:
    """Record, apply, confirm one step; or say that there was none to take."""
    confirmed = outcome(ground, there, entry, asked, step)
    if not step.touches and nothing_new(ground, there, asked, confirmed):
        await note(ground, asked.operation, "unchanged", there.id)
        return replace(there, in_groups=there.groups)
    after: Entry | None = entry
    losing_roles = step.delta.remove
    renames = roles.renames(ground, step.changes)
    if renames:
        losing_roles |= await ground.ledger.asserted_members(ground.scope, there.id)
    confirmed = replace(confirmed, park=roles.owing(ground, there.id, losing_roles))

    async def apply() -> Confirmed:
        nonlocal after
        after, delta = await applying.apply(
            ground, entry, entry.id, step.changes, step.delta, expected(ground, entry, step)
        )
        if step.turn == "off" or there.owed.must:
            await lifecycle.call_after(ground, "deactivate", there.id, entry)
        return remembered(confirmed, delta)

    goal, adding = reducing(ground, step, there), step.delta.joining
    losing = tuple(change for change in confirmed.changes if step.turn == "off" and change.path in ("active", ""))
    write = Write(asked.operation, there.id, entry.id, asked.document, entry, goal, adding=adding, losing=losing)
    look = partial(crossing.joining, ground, there.id, step.delta, held)
    assertion = await carry_out(ground, write, apply, look)
    reborn = there.assertion is not None and "@unanswered" in there.assertion.overlay
    return replace(
        there,
        entry=after,
        assertion=assertion,
        moved=step.delta.add | step.delta.remove,
        reborn=reborn,
        renamed=renames,
        in_groups=None if step.turn or reborn else there.groups,
        newly_named=assertion.external_id != (there.assertion.external_id if there.assertion else None),
    )


def expected(ground: Ground, entry: Entry, step: Step) -> str | None:
    """The version the plan was made against, where the backend itself compares it; deltas of members need none."""
    return entry.version if step.changes and ground.collection.capabilities.atomic else None


def reducing(ground: Ground, step: Step, there: Standing) -> Goal:
    """What of this must come true however long it takes (rule 16)."""
    off = step.turn == "off"
    return Goal(
        deactivate=off,
        delete=there.owed.delete,
        remove_members=step.delta.remove,
        must=("deactivate",) if off and following.must(ground, "deactivate") else there.owed.must,
    )


def outcome(ground: Ground, there: Standing, entry: Entry, asked: Asked, step: Step) -> Confirmed:
    """How the ledger is to remember this once it is done."""
    external = asked.document.get("externalId", "")
    traced = audited(step.plan.trace)
    return Confirmed(
        id=there.id,
        anchor=entry.id,
        document=asked.document,
        external_id=external if isinstance(external, str) else "",
        stored=step.plan.stored,
        overlay=overlay(ground, there, asked, step),
        deferred=step.deferred,
        origin=None if there.assertion else "created" if asked.operation == "create" else "adopted",
        work="pending" if there.owed.delete else "settled",
        changed=bool(step.changes),
        outcome="done" if step.touches or step.plan.stored or asked.overlay else "unchanged",
        changes=(*traced, *audited_beside(ground, entry, step.changes, traced)),
        detail=kept_name(asked),
        settled=there.overtakes or (bool(there.owed) and not there.owed.delete),
    )


def overlay(ground: Ground, there: Standing, asked: Asked, step: Step) -> dict[str, Any]:
    """What is answered and does not stand in the target: a kept name, and ``active`` where no attribute holds it."""
    shown = dict(asked.overlay)
    if there.assertion is not None and "@unanswered" in there.assertion.overlay:
        shown["@unanswered"] = None
    if step.turn is not None and not lifecycle.has_row(ground):
        shown["active"] = False if step.turn == "off" else None
    return shown


def kept_name(asked: Asked) -> str:
    """What the audit says of a name that is answered and not written (rule 22)."""
    name = asked.overlay.get("userName")
    return f"userName {name} is kept here and not written: it is how Entra ID names whom it deletes" if name else ""


def nothing_new(ground: Ground, there: Standing, asked: Asked, confirmed: Confirmed) -> bool:
    """Whether confirming would leave the ledger as it is."""
    return (
        there.assertion is not None
        and there.assertion.life == "live"
        and not there.owed
        and not there.overtakes
        and not confirmed.stored
        and not confirmed.overlay
        and confirmed.deferred in (None, there.assertion.deferred)
        and ground.mapping.secrecy.without(asked.document) == there.assertion.document
        and not asked.members
    )
