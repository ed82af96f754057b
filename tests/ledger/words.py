"""Short ways to say what the tests of the ledger say often."""

import uuid
from datetime import UTC, datetime
from typing import Any

from gateway.ledger import Ledger, Scope
from gateway.ledger.model import Assertion, Confirmed, Goal, Intent, Pending

USERS = Scope("okta", "corp", "User")
GROUPS = Scope("okta", "corp", "Group")
OTHERS = Scope("entra", "corp", "User")
NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


def intent(scope: Scope = USERS, operation: str = "create", **more: Any) -> Intent:
    return Intent(uuid.uuid4().hex, scope, operation, NOON, **more)


def pending(id: str = "a1", goal: Goal | None = None, **more: Any) -> Pending:
    return Pending(USERS, id, id, goal or Goal(deactivate=True), more.pop("next_due", NOON), **more)


async def write(ledger: Ledger, id: str, scope: Scope = USERS, **outcome: Any) -> Assertion:
    """One whole write: recorded, confirmed."""
    anchor = outcome.pop("anchor", id)
    meant = intent(scope, "patch", id=id)
    await ledger.record(meant)
    return await ledger.confirm(meant, Confirmed(id, anchor, **outcome))
