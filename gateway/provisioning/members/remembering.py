"""What the ledger and its audit keep of a change of members."""

from dataclasses import replace

from connectors.entry import MEMBERS
from gateway.ledger.model import AuditChange, Confirmed
from gateway.provisioning.members.members import Delta, Ids, some

AUDITED = 20


def remembered(confirmed: Confirmed, delta: Delta) -> Confirmed:
    """The outcome of a write with what the ledger is to remember of its members."""
    if not delta and not delta.skipped:
        return confirmed
    skipped = f"skipped members that nobody has: {some(delta.skipped)}" if delta.skipped else ""
    return replace(
        confirmed,
        members_added=delta.claim - delta.held,
        members_held=delta.held & delta.claim,
        members_removed=delta.disclaim,
        changed=confirmed.changed or bool(delta.add or delta.remove),
        changes=(*confirmed.changes, *audited(delta)),
        detail="; ".join(filter(None, (confirmed.detail, skipped))),
    )


def audited(delta: Delta) -> tuple[AuditChange, ...]:
    """Who came and who went, as the audit line names them: the first twenty of each, and how many more."""
    moved = {"added": delta.add, "removed": delta.remove, "held": delta.held & delta.claim}
    said = {word: _first(ids) for word, ids in moved.items() if ids}
    return (AuditChange("members", MEMBERS, None, said),) if said else ()


def _first(ids: Ids) -> list[str]:
    named = [id if len(id) <= 100 else f"{id[:100]}…" for id in sorted(ids)[:AUDITED]]
    return named if len(ids) <= AUDITED else [*named, f"and {len(ids) - AUDITED} more"]
