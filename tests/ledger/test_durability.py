"""What must hold when things break: kill -9, two starters, a newer ledger, a lost database, many at once."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

from gateway.ledger import Ledger, LedgerTooNew, LedgerUnavailable
from gateway.ledger import migrations as steps
from gateway.ledger.dialect import Dialect
from gateway.ledger.migrations import migrate
from gateway.ledger.model import Confirmed, Goal
from gateway.ledger.schema import METADATA
from gateway.ledger.sqlite import SqliteStore
from tests.ledger.words import USERS, intent, pending, write

pytestmark = pytest.mark.anyio

WRITER = """
import asyncio, sys
from gateway.ledger import Ledger
from gateway.ledger.model import Confirmed, Goal
from tests.ledger.words import intent

async def one(ledger, number):
    meant = intent(operation="delete", id=f"u{number}", reducing=Goal(delete=True))
    await ledger.record(meant)
    print("recorded", meant.id, flush=True)
    await ledger.confirm(meant, Confirmed(f"u{number}", f"u{number}"))
    print("confirmed", meant.id, flush=True)

async def main():
    ledger = await Ledger.open(sys.argv[1], serving=True)
    number = 0
    while True:
        await asyncio.gather(*(one(ledger, number + i) for i in range(8)))
        number += 8

asyncio.run(main())
"""


def killed_while_writing(url: str) -> list[list[str]]:
    """Let another process write, kill -9 it in the middle, and return what it had said: [word, id]."""
    said: list[list[str]] = []
    with subprocess.Popen([sys.executable, "-c", WRITER, url], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if not line.endswith("\n"):
                break
            said.append(line.split())
            if len(said) == 200:
                os.kill(process.pid, signal.SIGKILL)
    return said


async def test_a_crash_between_record_and_confirm_loses_nothing(durable_url: str) -> None:
    said = await asyncio.to_thread(killed_while_writing, durable_url)
    recorded = {id for word, id in said if word == "recorded"}
    confirmed = {id for word, id in said if word == "confirmed"}
    ledger = await Ledger.open(durable_url, serving=True)
    left = await ledger.unsettled()
    done = {one.id for one in await ledger.assertions(USERS)}
    await ledger.close()
    assert len(recorded) >= len(confirmed) >= 90
    assert confirmed <= done
    assert recorded <= done | {one.id for one in left}
    assert done.isdisjoint({one.id for one in left})
    assert all(one.reducing == Goal(delete=True) for one in left)


async def test_a_transaction_that_fails_leaves_its_neighbours_in_the_same_commit_alone(url: str) -> None:
    ledger = await Ledger.open(url)
    twice = intent()
    await ledger.record(twice)
    jobs = [ledger.record(intent()) for _ in range(20)]
    jobs.insert(10, ledger.record(twice))
    results = await asyncio.gather(*jobs, return_exceptions=True)
    assert [place for place, result in enumerate(results) if result is not None] == [10]
    assert len(await ledger.unsettled()) == 21
    await ledger.close()


async def test_many_writers_share_commits(tmp_path: Path) -> None:
    ledger = await Ledger.open(f"sqlite:///{tmp_path}/ledger.db")
    commits: list[str] = []
    writer = ledger._store._writer._session  # type: ignore[attr-defined]
    writer.set_trace_callback(lambda text: commits.append(text) if text == "COMMIT" else None)
    await asyncio.gather(*(write(ledger, f"u{number}") for number in range(300)))
    writer.set_trace_callback(None)
    await ledger.close()
    assert len(commits) < 600 / 10


async def test_a_cancelled_waiter_disturbs_nobody(url: str) -> None:
    ledger = await Ledger.open(url)
    tasks = [asyncio.create_task(ledger.record(intent())) for _ in range(10)]
    await asyncio.sleep(0)
    tasks[3].cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    unsettled = await ledger.unsettled()
    await ledger.close()
    cancelled = results.pop(3)  # its own commit may have come first; then there was nothing left to cancel
    assert cancelled is None or isinstance(cancelled, asyncio.CancelledError)
    assert results == [None] * 9
    assert len(unsettled) >= 9


async def test_the_ledger_builds_itself_and_opens_again(durable_url: str) -> None:
    first = await Ledger.open(durable_url)
    await write(first, "a1")
    await first.close()
    await first.close()
    again = await Ledger.open(durable_url)
    assert await again.get(USERS, "a1") is not None
    await again.close()
    with pytest.raises(LedgerUnavailable):
        await again.record(intent())


async def test_several_starters_at_once_build_it_once(durable_url: str) -> None:
    opened = await asyncio.gather(*(asyncio.to_thread(asyncio.run, _opened(durable_url)) for _ in range(4)))
    assert opened == [True] * 4


async def _opened(url: str) -> bool:
    ledger = await Ledger.open(url)
    await write(ledger, f"u{id(ledger)}")
    await ledger.close()
    return True


async def test_a_newer_ledger_is_refused_and_left_alone(durable_url: str) -> None:
    ledger = await Ledger.open(durable_url)
    await ledger._store.write(lambda session: session.execute("INSERT INTO ledger_schema (step) VALUES (99)"))
    await ledger.close()
    with pytest.raises(LedgerTooNew, match="schema 99"):
        await Ledger.open(durable_url)


async def test_a_step_that_fails_leaves_the_ledger_as_it_was(tmp_path: Path) -> None:
    store = SqliteStore(str(tmp_path / "ledger.db"))
    broken: Callable[[Dialect], tuple[str, ...]] = lambda _: ("CREATE TABLE extra (x TEXT)", "no such thing")  # noqa: E731
    with pytest.raises(LedgerUnavailable):
        await migrate(store, (*steps.STEPS, broken))
    tables = await store.read(lambda session: session.execute("SELECT name FROM sqlite_master").fetchall())
    done = await store.read(lambda session: session.execute("SELECT max(step) FROM ledger_schema").fetchone())
    await store.close()
    assert ("extra",) not in tables
    assert done == (len(steps.STEPS),)


async def test_the_steps_lead_to_the_tables_that_the_statements_are_made_for(durable_url: str) -> None:
    ledger = await Ledger.open(durable_url)
    await ledger.close()
    engine = create_engine(durable_url)
    there = inspect(engine)
    for table in METADATA.sorted_tables:
        columns = {
            column["name"]: column["nullable"] for column in there.get_columns(table.name) if column["name"] != "seq"
        }
        assert columns == {column.name: bool(column.nullable) for column in table.columns if column.name != "seq"}, (
            table.name
        )
        with warnings.catch_warnings(action="ignore"):  # SQLAlchemy warns of what it cannot reflect on SQLite
            indexes = {str(index["name"]) for index in there.get_indexes(table.name)}
        assert {str(index.name) for index in table.indexes} - indexes <= EXPRESSIONS, table.name
        key = there.get_pk_constraint(table.name)["constrained_columns"]
        assert key == [column.name for column in table.primary_key.columns], table.name
    engine.dispose()


EXPRESSIONS = {
    "ledger_assertion_external",
    "ledger_value_folded",
    "ledger_deferred_raw",
    "ledger_reference_names",
    "ledger_audit_object",
}
"""indices over expressions, which SQLAlchemy does not reflect on SQLite"""


async def test_rule_12_one_process_serves_from_a_sqlite_ledger(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    first = await Ledger.open(url, serving=True)
    with pytest.raises(LedgerUnavailable, match="belongs to one process"):
        await Ledger.open(url, serving=True)
    beside = await Ledger.open(url)
    await beside.close()
    await first.close()
    again = await Ledger.open(url, serving=True)
    await again.close()


async def test_rule_12_a_ledger_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    file = tmp_path / "ledger.db"
    ledger = await Ledger.open(f"sqlite:///{file}")
    await write(ledger, "a1")
    with sqlite3.connect(file) as other:
        other.execute("DROP TABLE ledger_intent")
    other.close()
    with pytest.raises(LedgerUnavailable):
        await ledger.record(intent())
    assert await ledger.get(USERS, "a1") is not None
    await ledger.close()


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite:relative.db", "ledger.db"])
async def test_a_url_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(LedgerUnavailable):
        await Ledger.open(url)


async def test_a_path_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerUnavailable):
        await Ledger.open(f"sqlite:///{tmp_path}/file/ledger.db")


async def test_a_ledger_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "ledger.db"
    ledger = await Ledger.open(f"sqlite:///{file}")
    assert file.stat().st_mode & 0o077 == 0
    await ledger.close()


async def test_parked_work_outlives_a_restart(durable_url: str) -> None:
    first = await Ledger.open(durable_url)
    await first.park(pending("a1", Goal(delete=True)))
    await first.close()
    again = await Ledger.open(durable_url)
    assert [one.goal for one in await again.pending()] == [Goal(delete=True)]
    await again.close()


async def test_confirming_what_was_never_recorded_is_an_adoption(url: str) -> None:
    ledger = await Ledger.open(url)
    made = await ledger.confirm(intent(), Confirmed("a1", "a1", origin="adopted"))
    assert made.origin == "adopted"
    await ledger.close()


async def test_a_commit_is_on_the_disk_before_anybody_hears_of_it(tmp_path: Path) -> None:
    ledger = await Ledger.open(f"sqlite:///{tmp_path}/ledger.db")
    writer = ledger._store._writer._session  # type: ignore[attr-defined]
    assert writer.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert writer.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
    await ledger.close()
