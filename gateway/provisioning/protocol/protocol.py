"""The write protocol, the heart of the gateway: *assert → plan → record → apply → confirm*.

Whoever writes has asserted and planned under the object's lock, and comes here with a ``Write`` and the way to apply
it. The intent is durable before the target is touched, so that whatever happens next – a refusal, an outage, a crash –
finds in the ledger what was meant:

- applied: the proposal is confirmed, with its audit line, in one transaction;
- refused (4xx): the proposal is forgotten; the object is what it was;
- the target is away (503): the proposal is forgotten too, for the IdP sends it again, but what takes access away is
  parked and driven to the end by the worker (rule 16);
- a create whose fate is unknown: the intent stays as it is, so that the repeated POST finishes it (rule 23);
- a crash, or a ledger that fails just then: the intent stays, and ``recovery`` settles it by reading the target.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

from scim2_models import SCIMException

from connectors.entry import Change, Entry, Kind
from connectors.errors import Conflict, ConnectorError, Unavailable
from gateway.ledger.model import Assertion, AuditChange, AuditLine, Confirmed, Goal, Intent, Pending
from gateway.provisioning.documents import references_in
from gateway.provisioning.ground import Ground, MoreLocks, actor, trail
from gateway.provisioning.members.portions import LeftBehind

FIRST_PAUSE = timedelta(seconds=2)
Look = Callable[[], Awaitable[None]]
Trace = Iterable[tuple[str, str, Any, Any]]


@dataclass(frozen=True, slots=True)
class Write:
    """One planned write, as the ledger is to remember it before it happens.

    :param proposed: the assertion as it would stand. :param before: the entry as it is, for the before-image.
    :param reducing: what an outage may not lose. :param match: a create's values, by which it is found again.
    :param losing: of the changes those that take access away: what the audit shows while they are pending.
    :param adding: SCIM ids that become members of this group.
    """

    operation: str
    id: str | None = None
    anchor: str | None = None
    proposed: Mapping[str, Any] | None = None
    before: Entry | None = None
    reducing: Goal = field(default_factory=Goal)
    match: tuple[str, ...] = ()
    losing: tuple[AuditChange, ...] = ()
    adding: frozenset[str] = frozenset()


async def carry_out(
    ground: Ground, write: Write, apply: Callable[[], Awaitable[Confirmed]], look: Look | None = None
) -> Assertion:
    """Record, apply, confirm; ``apply`` touches the target and says how that ended.

    :param look: between record and apply, for whoever crosses this write (see ``crossing``).
    :raises ConnectorError, SCIMException: what ``apply`` raised, with the ledger as described above.
    :raises MoreLocks: what ``look`` raised; nothing was done, and nothing is remembered.
    """
    intent = intent_of(ground, write)
    await ground.ledger.record(intent)
    before, trail.get().recorded = trail.get().recorded, True
    try:
        if look is not None:
            await look()
        outcome = await apply()
    except MoreLocks:
        await ground.ledger.withdraw(intent)
        trail.get().recorded = before
        raise
    except Unavailable as failure:
        await _leave_pending(ground, intent, failure, write.losing)
        raise
    except Conflict as overtaken:
        await ground.ledger.abandon(intent, f"{overtaken}; planned again", outcome="unchanged")
        raise
    except (ConnectorError, SCIMException) as refusal:
        await ground.ledger.abandon(intent, str(refusal), outcome="refused")
        raise
    return await ground.ledger.confirm(intent, kept(ground, outcome))


def kept(ground: Ground, outcome: Confirmed) -> Confirmed:
    """The outcome without what is never kept (rule 14), and with whom its document names."""
    without = ground.mapping.secrecy.without
    document = None if outcome.document is None else without(outcome.document)
    refers = references_in(document, ground.mapping.referring) if document is not None else frozenset()
    seen = outcome.overlay.get("@resource")
    overlay = {**outcome.overlay, "@resource": without(seen)} if seen is not None else outcome.overlay
    return replace(outcome, document=document, overlay=overlay, refers=refers)


def _shown(ground: Ground, before: Entry) -> dict[str, Any]:
    hidden = ground.mapping.secrecy.attributes
    return {name: values for name, values in before.attributes.items() if name not in hidden}


async def _leave_pending(ground: Ground, intent: Intent, failure: Unavailable, losing: tuple[AuditChange, ...]) -> None:
    if intent.match and failure.uncertain:
        return
    goal = intent.reducing
    if isinstance(failure, LeftBehind):
        goal |= Goal(remove_members=failure.members)
    park = pending(ground, replace(intent, reducing=goal), failure.detail) if goal else None
    await ground.ledger.abandon(intent, failure.detail, park=park, changes=losing if park else ())


def pending(ground: Ground, intent: Intent, reason: str) -> Pending | None:
    """The reducing part of an intent as work for later."""
    if intent.id is None:
        return None
    return Pending(
        scope=intent.scope,
        id=intent.id,
        anchor=intent.anchor,
        goal=intent.reducing,
        next_due=ground.clock() + FIRST_PAUSE,
        reason=reason,
        actor=intent.actor,
        request_id=intent.request_id,
    )


def intent_of(ground: Ground, write: Write) -> Intent:
    """The write as the ledger takes it."""
    who = actor.get()
    return Intent(
        key=uuid4().hex,
        scope=ground.scope,
        operation=write.operation,
        at=ground.clock(),
        id=write.id,
        anchor=write.anchor,
        match=write.match,
        proposed=None if write.proposed is None else ground.mapping.secrecy.without(write.proposed),
        before=None if write.before is None else _shown(ground, write.before),
        reducing=write.reducing,
        actor=who.name,
        request_id=who.request_id,
        adding=write.adding,
    )


def audited(trace: Trace) -> tuple[AuditChange, ...]:
    """A plan's trace as the audit line shows it."""
    return tuple(AuditChange(path, attribute, before, after) for path, attribute, before, after in trace)


def audited_beside(
    ground: Ground, entry: Entry, changes: Iterable[Change], said: Iterable[AuditChange] = ()
) -> tuple[AuditChange, ...]:
    """What no row of the mapping asked for (a stamp, a ``parent`` to move to), as the audit line shows it."""
    spoken, hidden = {change.attribute for change in said}, ground.mapping.secrecy.attributes
    return tuple(
        AuditChange("", change.attribute.removeprefix("@"), *_values(entry, change, change.attribute in hidden))
        for change in changes
        if change.kind is Kind.REPLACE and change.attribute not in spoken
    )


def _values(entry: Entry, change: Change, hidden: bool) -> Iterable[Any]:
    for values in (entry.attributes.get(change.attribute) or (), change.values):
        plain = values[0] if len(values) == 1 else list(values)
        yield plain if not hidden else "***"


async def note(ground: Ground, operation: str, outcome: Any, id: str, detail: str = "") -> None:
    """An audit line for what touched nothing: an unchanged PUT, a refused write, a skipped member."""
    who = actor.get()
    trail.get().noted = True
    await ground.ledger.note(
        AuditLine(
            time=ground.clock(),
            connection=ground.scope.connection,
            operation=operation,
            outcome=outcome,
            target=ground.scope.target,
            resource_type=ground.type,
            id=id,
            actor=who.name,
            request_id=who.request_id,
            detail=detail,
        )
    )
