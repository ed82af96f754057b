"""A database that goes away before, during and after a verb: nothing is invented, nothing is left half done."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from connectors.contract import Collection, Query
from connectors.entry import Change, Kind
from connectors.errors import Unavailable
from connectors.sql import SqlConnector
from tests.backends.mariadb import Mariadb
from tests.backends.postgres import Postgres
from tests.connectors.specimens import SPECS

pytestmark = pytest.mark.anyio
Server = Postgres | Mariadb


@pytest.fixture(params=["postgres", "mariadb"])
def server(request: pytest.FixtureRequest) -> Server:
    return request.getfixturevalue(request.param)  # type: ignore[no-any-return]


@pytest.fixture
def url(request: pytest.FixtureRequest, server: Server) -> str:
    name = "postgres_url" if isinstance(server, Postgres) else "mariadb_url"
    return request.getfixturevalue(name)  # type: ignore[no-any-return]


@pytest.fixture
async def connector(url: str) -> AsyncIterator[SqlConnector]:
    made = SqlConnector.from_options("test", {"url": url, "pool": 3, "timeout": "2s"})
    yield made
    await made.close()


@pytest.fixture
def people(connector: SqlConnector) -> Collection:
    return connector.collections(SPECS)["User"]


async def test_reads_go_on_after_a_restart_as_if_nothing_had_been(server: Server, people: Collection) -> None:
    entry = await people.create({"name": ("Ann",)})
    await asyncio.gather(*(people.read(entry.id) for _ in range(6)))
    server.restart()
    assert await people.read(entry.id) == entry
    assert (await people.search(Query())).entries == (entry,)


async def test_a_write_after_a_restart_is_refused_for_certain_and_then_taken(
    server: Server, people: Collection
) -> None:
    entry = await people.create({"name": ("Ann",)})
    server.restart()
    change = [Change(Kind.REPLACE, "title", ("Dr",))]
    with pytest.raises(Unavailable) as lost:  # the connection in the pool is dead, and a write is never sent twice
        await people.update(entry.id, change)
    assert not lost.value.uncertain, "nothing had been committed"
    assert await people.read(entry.id) == entry
    await people.update(entry.id, change)
    assert (await people.read(entry.id)).attributes["title"] == ("Dr",)


async def test_while_it_is_down_every_verb_says_so_and_afterwards_all_is_well(
    server: Server, people: Collection
) -> None:
    entry = await people.create({"name": ("Ann",)})
    server.kill()
    for _ in range(5):
        with pytest.raises(Unavailable):
            await people.read(entry.id)
        with pytest.raises(Unavailable) as away:
            await people.create({"name": ("Bob",)})
        assert not away.value.uncertain
        assert "127.0.0.1" not in away.value.detail, "no detail holds a host name"
    server.start()
    assert await people.read(entry.id) == entry


async def test_a_crash_during_the_commit_is_told_as_uncertain(
    server: Server, connector: SqlConnector, people: Collection
) -> None:
    entry = await people.create({"name": ("Ann",)})
    crashes = iter([True])

    def crash(_connection: sa.Connection) -> None:
        if next(crashes, False):
            server.kill()

    sa.event.listen(connector.database.engine, "commit", crash)
    with pytest.raises(Unavailable) as lost:
        await people.update(entry.id, [Change(Kind.REPLACE, "title", ("Dr",))])
    assert lost.value.uncertain
    server.start()
    assert (await people.read(entry.id)).attributes.get("title") in (None, ("Dr",))


async def test_a_crash_before_the_commit_is_certain_and_leaves_nothing(
    server: Server, connector: SqlConnector, people: Collection
) -> None:
    entry = await people.create({"name": ("Ann",)})
    crashes = iter([True])

    def crash(_connection: sa.Connection, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("UPDATE") and next(crashes, False):
            server.kill()

    sa.event.listen(connector.database.engine, "after_cursor_execute", crash)
    with pytest.raises(Unavailable) as lost:
        await people.update(entry.id, [Change(Kind.REPLACE, "title", ("Dr",))])
    assert not lost.value.uncertain
    server.start()
    assert await people.read(entry.id) == entry


async def test_a_frozen_database_costs_no_more_than_the_time_limit(server: Server, people: Collection) -> None:
    entry = await people.create({"name": ("Ann",)})
    with server.paused():
        results = await asyncio.gather(*(people.read(entry.id) for _ in range(8)), return_exceptions=True)
        assert {type(each) for each in results} == {Unavailable}
    again = await asyncio.gather(*(people.read(entry.id) for _ in range(8)))
    assert again == [entry] * 8, "a thread or a connection was lost"


async def test_a_row_locked_by_another_program_is_unavailable_not_forever(
    server: Server, url: str, people: Collection
) -> None:
    entry = await people.create({"name": ("Ann",)})
    engine = sa.create_engine(url)
    with engine.begin() as other:
        other.exec_driver_sql("SELECT 1 FROM users FOR UPDATE")
        with pytest.raises(Unavailable):
            await people.update(entry.id, [Change(Kind.REPLACE, "title", ("Dr",))])
        assert await people.read(entry.id) == entry
    engine.dispose()
    assert await people.update(entry.id, [Change(Kind.REPLACE, "title", ("Dr",))])


async def test_a_file_locked_by_another_program_is_unavailable_not_forever(tmp_path: Path) -> None:
    connector = SqlConnector.from_options("test", {"url": f"sqlite:///{tmp_path}/app.db", "timeout": "500ms"})
    people = connector.collections(SPECS)["User"]
    entry = await people.create({"name": ("Ann",)})
    other = sqlite3.connect(tmp_path / "app.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable) as locked:
        await people.update(entry.id, [Change(Kind.REPLACE, "title", ("Dr",))])
    assert not locked.value.uncertain
    assert await people.read(entry.id) == entry
    other.execute("ROLLBACK")
    other.close()
    assert await people.update(entry.id, [Change(Kind.REPLACE, "title", ("Dr",))])
    await connector.close()


async def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "app.db").write_bytes(b"certainly not a database file" * 100)
    connector = SqlConnector.from_options("test", {"url": f"sqlite:///{tmp_path}/app.db"})
    with pytest.raises(Unavailable):
        await connector.collections(SPECS)["User"].read("x")
    await connector.close()


async def test_a_closed_connector_says_unavailable(tmp_path: Path) -> None:
    connector = SqlConnector.from_options("test", {"url": f"sqlite:///{tmp_path}/app.db"})
    people = connector.collections(SPECS)["User"]
    await people.create({"name": ("Ann",)})
    await connector.close()
    with pytest.raises(Unavailable):
        await people.search(Query())
