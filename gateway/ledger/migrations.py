"""The ledger's schema, built and brought up to date by itself.

Steps are numbered and frozen: a step that has been released is never edited, a change is a new step. Each runs in one
transaction together with the note that it ran; a lock keeps a second starter waiting until the first is done. A ledger
that a newer program has written is refused, not touched.
"""

from collections.abc import Callable

from gateway.ledger.dialect import Dialect
from gateway.ledger.errors import LedgerTooNew
from gateway.ledger.steps.step_1 import statements as step_1
from gateway.ledger.steps.step_2 import statements as step_2
from gateway.ledger.store import Session, Store

STEPS: tuple[Callable[[Dialect], tuple[str, ...]], ...] = (step_1, step_2)
"""step number N is ``STEPS[N - 1]``: the statements that lead from schema N-1 to schema N"""

_LOCK = 0x6469726272696467  # "dirbridg"


async def migrate(store: Store, steps: tuple[Callable[[Dialect], tuple[str, ...]], ...] = STEPS) -> int:
    """Run the steps that have not run yet and return how many did.

    :raises LedgerTooNew: the ledger has seen steps that this program does not know.
    :raises LedgerUnavailable: the ledger cannot be reached.
    """
    ran = 0
    while await store.write(lambda session: _next_step(session, store.dialect, steps)):
        ran += 1
    return ran


async def is_there(store: Store) -> bool:
    """Whether the database holds a ledger already. :raises LedgerUnavailable:"""
    named = "SELECT name FROM sqlite_master WHERE name = 'ledger_schema'"
    if store.dialect.kind == "postgresql":
        named = "SELECT to_regclass('ledger_schema')"
    row = await store.scan(lambda session: session.execute(named).fetchone())
    return row is not None and row[0] is not None


def _next_step(session: Session, dialect: Dialect, steps: tuple[Callable[[Dialect], tuple[str, ...]], ...]) -> bool:
    if dialect.kind == "postgresql":
        session.execute(f"SELECT pg_advisory_xact_lock({_LOCK})")  # SQLite: BEGIN IMMEDIATE is the lock
    session.execute("CREATE TABLE IF NOT EXISTS ledger_schema (step INTEGER NOT NULL PRIMARY KEY)")
    done = session.execute("SELECT max(step) FROM ledger_schema").fetchone()[0] or 0
    if done > len(steps):
        raise LedgerTooNew(
            f"the ledger has schema {done}, this program knows {len(steps)}: a newer dirbridge has used it"
        )
    if done == len(steps):
        return False
    for statement in steps[done](dialect):
        session.execute(statement)
    session.execute(f"INSERT INTO ledger_schema (step) VALUES ({done + 1})")  # noqa: S608 - a number of our own
    return True
