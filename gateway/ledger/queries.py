"""Look-ups that take more than one statement or are put together as they are asked for."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from gateway.ledger import codec
from gateway.ledger.dialect import Dialect, values
from gateway.ledger.model import Assertion, AuditLine, Deferred, Scope, Seen
from gateway.ledger.rows import own_of as own
from gateway.ledger.schema import AUDIT, beginning
from gateway.ledger.statements import Statements
from gateway.ledger.store import Session

BEGINNING = 200
"""characters of a text that are indexed; ``schema.beginning`` says the same in SQL"""
_RANK = {"live": 0, "absent": 1, "deleted": 2}

__all__ = ["BEGINNING", "audit", "best", "best_by", "own", "place", "seen", "stored_anchors", "values", "waiting"]


def place(scope: Scope) -> dict[str, Any]:
    return {"target": scope.target, "resource_type": scope.resource_type}


def best(connection: str, rows: Iterable[Assertion]) -> Assertion | None:
    """Of several connections' rows the one that speaks: a live one, else one's own, else absent before deleted."""
    return min(
        rows,
        key=lambda one: (one.life != "live", one.connection != connection, _RANK[one.life], one.connection),
        default=None,
    )


def best_by(connection: str, rows: Iterable[Assertion], key: Callable[[Assertion], str]) -> dict[str, Assertion]:
    groups: dict[str, list[Assertion]] = {}
    for one in rows:
        groups.setdefault(key(one), []).append(one)
    return {name: found for name, group in groups.items() if (found := best(connection, group))}


def seen(session: Session, s: Statements, scope: Scope) -> Seen:
    """What readers see otherwise than it stands in the target, in one look."""
    hidden = session.execute(s.hidden, place(scope)).fetchall()
    aliases = session.execute(s.aliases, place(scope)).fetchall()
    special = session.execute(s.special, place(scope)).fetchall()
    return Seen(
        frozenset(anchor for (anchor,) in hidden),
        dict(aliases),
        {id: anchor for anchor, id in aliases},
        tuple(map(codec.assertion, special)),
        session.execute(s.held, place(scope)).fetchone() is not None,
    )


def stored_anchors(
    session: Session, s: Statements, scope: Scope, path: str, op: str, value: Any, case_exact: bool
) -> frozenset[str]:
    """Anchors of live objects whose ledger value satisfies one comparison."""
    wanted = codec.plain(codec.scalar(value)) if value is not None else ""
    key = {**place(scope), "path": path}
    if op == "eq":
        folded = codec.plain(wanted.casefold())
        key |= {"folded": folded, "beginning": folded[:BEGINNING]}
        rows = session.execute(s.value_eq, key).fetchall()
    else:
        rows = session.execute(s.value_all, key).fetchall()
    holds = _comparison(op, wanted if case_exact else wanted.casefold())
    return frozenset(anchor for anchor, there in rows if holds(there if case_exact else there.casefold()))


def _comparison(op: str, wanted: str) -> Callable[[str], bool]:
    return {
        "eq": lambda there: there == wanted,
        "ne": lambda there: there != wanted,
        "co": lambda there: wanted in there,
        "sw": lambda there: there.startswith(wanted),
        "ew": lambda there: there.endswith(wanted),
        "gt": lambda there: there > wanted,
        "ge": lambda there: there >= wanted,
        "lt": lambda there: there < wanted,
        "le": lambda there: there <= wanted,
        "pr": lambda there: there != "",
    }[op]


def waiting(session: Session, s: Statements, scope: Scope, wanted: Sequence[str]) -> list[tuple[Scope, str, Deferred]]:
    """Deferred references of one connection that name one of ``wanted`` and refer to the scope's resource type."""
    found = []
    for text in map(codec.plain, wanted):
        key = {
            "connection": scope.connection,
            "target": scope.target,
            "raw": text,
            "beginning": text[:BEGINNING],
        }
        for row in session.execute(s.waiting, key).fetchall():
            if row[5] == scope.resource_type:
                found.append((Scope(*row[:3]), row[3], Deferred(row[4], row[5], row[6])))
    return found


def audit(
    session: Session, dialect: Dialect, given: Mapping[str, str], since: datetime | None, limit: int
) -> list[AuditLine]:
    """The latest lines that fit, oldest first."""
    statement = select(AUDIT).order_by(AUDIT.c.seq.desc())
    parameters: dict[str, Any] = dict(given)
    for name in given:
        statement = statement.where(AUDIT.c[name] == bindparam(name))
    if "id" in given:
        statement = statement.where(beginning("id") == bindparam("beginning"))
        parameters["beginning"] = given["id"][:BEGINNING]
    if since is not None:
        statement = statement.where(AUDIT.c.time >= bindparam("since"))
        parameters["since"] = codec.moment(since)
    text = dialect.sql(statement) + dialect.limit("most")
    rows = session.execute(text, {**parameters, "most": limit}).fetchall()
    return [codec.audit_line(row) for row in reversed(rows)]
