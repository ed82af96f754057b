"""``lifecycle.after`` on tables: rows of somebody's are deleted or changed, once or twice alike."""

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import Calling, CollectionSpec
from connectors.errors import InvalidValue, Unavailable
from connectors.sql import SqlConnector

pytestmark = pytest.mark.anyio
TABLES = """
CREATE TABLE users (id integer PRIMARY KEY, email text);
CREATE TABLE sessions (id integer PRIMARY KEY, user_id integer);
CREATE TABLE tokens (id integer PRIMARY KEY, user_id integer, revoked boolean, left integer);
INSERT INTO users VALUES (1, 'ann'), (2, 'bob');
INSERT INTO sessions VALUES (1, 1), (2, 1), (3, 2);
INSERT INTO tokens VALUES (1, 1, 0, 5), (2, 2, 0, 5);
"""
END = {"delete": "sessions", "key": "user_id"}
REVOKE = {"update": "tokens", "key": "user_id", "set": {"revoked": True, "left": 0}}


def opened(folder: Path, *calls: Mapping[str, Any]) -> tuple[SqlConnector, Calling, sqlite3.Connection]:
    there = sqlite3.connect(folder / "app.db")
    there.executescript(TABLES)
    connector = SqlConnector.from_options("app", {"url": f"sqlite:///{folder}/app.db"})
    spec = CollectionSpec("User", "id", attributes=frozenset({"email"}), options={"table": "users"}, calls=tuple(calls))
    collection = connector.collections({"User": spec})["User"]
    assert isinstance(collection, Calling)
    return connector, collection, there


async def test_rows_of_one_person_go_and_change_also_twice_and_without_the_person(tmp_path: Path) -> None:
    connector, people, there = opened(tmp_path, END, REVOKE)
    there.execute("DELETE FROM users WHERE id = 1")
    there.commit()
    for _ in range(2):
        await people.call(0, "1")
        await people.call(1, "1")
        assert there.execute("SELECT id FROM sessions").fetchall() == [(3,)]
        assert there.execute("SELECT * FROM tokens").fetchall() == [(1, 1, 1, 0), (2, 2, 0, 5)]
    await connector.close()


async def test_a_value_that_no_column_can_hold_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    connector, people, there = opened(tmp_path, {**REVOKE, "set": {"left": "none"}})
    with pytest.raises(InvalidValue, match="tokens"):
        await people.call(0, "1")
    assert there.execute("SELECT left FROM tokens").fetchall() == [(5,), (5,)]
    await connector.close()


async def test_a_table_or_column_that_is_not_there_is_an_outage_and_found_by_check(tmp_path: Path) -> None:
    wrong = [{**END, "delete": "session"}, {**REVOKE, "set": {"revokd": True}}]
    connector, people, _ = opened(tmp_path, *wrong)
    for number in range(2):
        with pytest.raises(Unavailable):
            await people.call(number, "1")
    found = [finding.message for finding in await connector.check({"User": people.spec})]  # type: ignore[attr-defined]
    assert [message for message in found if "did you mean 'sessions'" in message]
    assert [message for message in found if "did you mean 'revoked'" in message]
    await connector.close()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ({"key": "user_id"}, "either 'delete' or 'update'"),
        ({**END, "update": "tokens"}, "either 'delete' or 'update'"),
        ({"delete": "sessions"}, "'key' is missing"),
        ({**END, "set": {"x": 1}}, "'set' goes with 'update'"),
        ({"update": "tokens", "key": "user_id"}, "'set' goes with 'update'"),
        ({**END, "were": "x"}, "unknown key 'were'"),
    ],
)
def test_a_call_that_cannot_be_read_is_said(tmp_path: Path, call: Mapping[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        opened(tmp_path, call)
