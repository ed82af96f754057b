"""Plain values as rows of the ledger's tables: parameters by column name."""

from typing import Any

from gateway.ledger import codec
from gateway.ledger.model import Assertion, AuditLine, Intent, Pending, Scope

Parameters = dict[str, Any]


def own_of(scope: Scope) -> Parameters:
    return {"connection": scope.connection, "target": scope.target, "resource_type": scope.resource_type}


def object_of(scope: Scope, id: str) -> Parameters:
    return {**own_of(scope), "id": codec.plain(id)}


def special(assertion: Assertion) -> bool:
    """Readers see it otherwise than the target holds it."""
    if assertion.life == "deleted":
        return False
    return assertion.life == "absent" or bool(assertion.overlay) or bool(assertion.deferred)


def assertion_row(assertion: Assertion) -> Parameters:
    return {
        **object_of(assertion.scope, assertion.id),
        "anchor": assertion.anchor,
        "external_id": codec.optional(assertion.external_id),
        "document": codec.dumps(codec.cleaned(assertion.document)),
        "stored": codec.dumps(assertion.stored),
        "overlay": codec.dumps(assertion.overlay),
        "deferred": codec.deferred_text(assertion.deferred),
        "life": assertion.life,
        "work": assertion.work,
        "origin": assertion.origin,
        "generation": assertion.generation,
        "version": assertion.version,
        "created": codec.moment(assertion.created) if assertion.created else None,
        "modified": codec.moment(assertion.modified) if assertion.modified else None,
        "confirmed": codec.moment(assertion.confirmed) if assertion.confirmed else None,
        "special": int(special(assertion)),
    }


def intent_row(intent: Intent) -> Parameters:
    return {
        **own_of(intent.scope),
        "key": intent.key,
        "id": codec.optional(intent.id),
        "anchor": intent.anchor,
        "operation": intent.operation,
        "at": codec.moment(intent.at),
        "match": codec.dumps(intent.match),
        "proposed": None if intent.proposed is None else codec.dumps(codec.cleaned(intent.proposed)),
        "before": None if intent.before is None else codec.dumps(intent.before),
        "reducing": codec.goal_text(intent.reducing),
        "actor": codec.plain(intent.actor),
        "request_id": codec.plain(intent.request_id),
        "adding": codec.dumps([codec.plain(id) for id in sorted(intent.adding)]),
    }


def pending_row(pending: Pending) -> Parameters:
    return {
        **object_of(pending.scope, pending.id),
        "anchor": pending.anchor,
        "goal": codec.goal_text(pending.goal),
        "next_due": codec.moment(pending.next_due),
        "generation": pending.generation,
        "attempts": pending.attempts,
        "reason": codec.plain(pending.reason),
        "actor": codec.plain(pending.actor),
        "request_id": codec.plain(pending.request_id),
        "failed": int(pending.failed),
    }


def audit_row(line: AuditLine) -> Parameters:
    return {
        "time": codec.moment(line.time),
        "connection": line.connection,
        "target": line.target,
        "resource_type": line.resource_type,
        "id": codec.plain(line.id),
        "operation": line.operation,
        "outcome": line.outcome,
        "actor": codec.plain(line.actor),
        "request_id": codec.plain(line.request_id),
        "detail": codec.plain(line.detail),
        "changes": codec.changes_text(line.changes),
        "before": None if line.before is None else codec.dumps(line.before),
    }
