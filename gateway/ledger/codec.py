"""Values on their way into the ledger's columns and back."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from gateway.ledger.model import Assertion, AuditChange, AuditLine, Deferred, Goal, Intent, Pending, Scope, Token

Row = tuple[Any, ...]
_NOTHING: Mapping[str, Any] = {}
FORBIDDEN = frozenset({"password", "members"})


def plain(text: str) -> str:
    """Text that both databases take: neither NUL (PostgreSQL) nor half a surrogate pair (UTF-8)."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def optional(text: str | None) -> str | None:
    return None if text is None else plain(text)


def moment(time: datetime) -> str:
    """ISO 8601 in UTC, always as long, so that it sorts as text."""
    return time.astimezone(UTC).isoformat(timespec="microseconds")


def time_or_none(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def dumps(value: Any) -> str:
    """JSON text; what JSON does not know (bytes, times, references of a before-image) becomes a string."""
    return orjson.dumps(
        value, default=_foreign, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS
    ).decode()


def loads(text: str) -> Any:
    return orjson.loads(text)


def _foreign(value: Any) -> Any:
    if isinstance(value, bytes | bytearray):
        return value.hex()
    if isinstance(value, frozenset | set):
        return sorted(value)
    identity = getattr(value, "id", None)
    return identity if isinstance(identity, str) else str(value)


def _mapping(text: str | None) -> Mapping[str, Any]:
    return _NOTHING if text is None or text == "{}" else orjson.loads(text)


def cleaned(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """A SCIM document as it may be kept: without what rules 14 and 17 forbid, whoever forgot to take it out."""
    return {name: value for name, value in document.items() if name not in FORBIDDEN}


def deferred_text(values: Iterable[Deferred]) -> str:
    return dumps([[value.path, value.resource_type, value.raw] for value in values])


def _deferred(text: str) -> tuple[Deferred, ...]:
    return () if text == "[]" else tuple(Deferred(*value) for value in orjson.loads(text))


def assertion(row: Row) -> Assertion:
    """A row of ``ledger_assertion``, columns in the table's order."""
    return Assertion(
        connection=row[0],
        target=row[1],
        resource_type=row[2],
        id=row[3],
        anchor=row[4],
        external_id=row[5],
        document=_mapping(row[6]),
        stored=_mapping(row[7]),
        overlay=_mapping(row[8]),
        deferred=_deferred(row[9]),
        life=row[10],
        work=row[11],
        origin=row[12],
        generation=row[13],
        version=row[14],
        created=time_or_none(row[15]),
        modified=time_or_none(row[16]),
        confirmed=time_or_none(row[17]),
    )


def goal_text(goal: Goal) -> str:
    return dumps([goal.deactivate, goal.delete, sorted(goal.remove_members), list(goal.must), sorted(goal.roles)])


def _goal(text: str) -> Goal:
    deactivate, delete, members, must, *roles = orjson.loads(text)  # of schema 1 there are four
    return Goal(deactivate, delete, frozenset(members), tuple(must), frozenset(*roles))


def pending(row: Row) -> Pending:
    """A row of ``ledger_pending``, columns in the table's order."""
    return Pending(
        scope=Scope(*row[:3]),
        id=row[3],
        anchor=row[4],
        goal=_goal(row[5]),
        next_due=datetime.fromisoformat(row[6]),
        generation=row[7],
        attempts=row[8],
        reason=row[9],
        actor=row[10],
        request_id=row[11],
        failed=bool(row[12]),
    )


def intent(row: Row) -> Intent:
    """A row of ``ledger_intent``, columns in the table's order."""
    return Intent(
        key=row[0],
        scope=Scope(*row[1:4]),
        id=row[4],
        anchor=row[5],
        operation=row[6],
        at=datetime.fromisoformat(row[7]),
        match=tuple(orjson.loads(row[8])),
        proposed=None if row[9] is None else orjson.loads(row[9]),
        before=None if row[10] is None else orjson.loads(row[10]),
        reducing=_goal(row[11]),
        actor=row[12],
        request_id=row[13],
        adding=frozenset(orjson.loads(row[14])),
    )


def token(row: Row) -> Token:
    """A row of ``ledger_token``, columns in the table's order."""
    return Token(
        id=row[0],
        connection=row[1],
        name=row[2],
        prefix=row[3],
        created=datetime.fromisoformat(row[5]),
        last_used=time_or_none(row[6]),
        expires=time_or_none(row[7]),
        read_only=bool(row[8]),
        revoked=time_or_none(row[9]),
    )


def changes_text(changes: Iterable[AuditChange]) -> str:
    return dumps([[change.path, change.attribute, change.before, change.after] for change in changes])


def audit_line(row: Row) -> AuditLine:
    """A row of ``ledger_audit``, columns in the table's order."""
    return AuditLine(
        time=datetime.fromisoformat(row[1]),
        connection=row[2],
        target=row[3],
        resource_type=row[4],
        id=row[5],
        operation=row[6],
        outcome=row[7],
        actor=row[8],
        request_id=row[9],
        detail=row[10],
        changes=tuple(AuditChange(*change) for change in orjson.loads(row[11])),
        before=None if row[12] is None else orjson.loads(row[12]),
    )


def scalars(stored: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The ledger values that a filter can look up: scalars, and each element of a list of scalars, as text."""
    found = []
    for path, value in stored.items():
        for item in value if isinstance(value, list | tuple) else [value]:
            if isinstance(item, str | int | float | bool):
                found.append((path, plain(scalar(item))))
    return found


def scalar(value: Any) -> str:
    """One scalar as the text it is looked up by (``true``, ``5``)."""
    return value if isinstance(value, str) else dumps(value)
