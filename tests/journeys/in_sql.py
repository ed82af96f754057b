"""Tables, read with SQL on a connection of the tests' own (sqlite3, psycopg, PyMySQL)."""

import re
import sqlite3
import weakref
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pymysql

from tests.backends import mariadb
from tests.backends.mariadb import Mariadb
from tests.backends.postgres import Postgres
from tests.journeys.directories import Content, Told

PRESET = Path(__file__).parents[2] / "mappings" / "sql.toml"
Rows = list[dict[str, Any]]
STATES = {"active": True, "invited": "invited", "disabled": False, "locked": "locked"}
ROLES = {1: "reader", 2: "editor", 9: "admin"}


class Database:
    """SQL beside the gateway: rows by column name, values bound with ``?``; every statement is a transaction.

    A server is asked on one connection, as each would be a process of its own there; a file is opened each time.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.lite = url.startswith("sqlite")
        self._kept: Any = None

    def __call__(self, statement: str, *values: Any) -> Rows:
        if self.lite:
            with closing(sqlite3.connect(self.url.removeprefix("sqlite:///"))) as connection, connection:
                return _rows(connection, statement, values)
        marked = statement.replace("?", "%s")
        if self._kept is None:
            self._connect()
        try:
            return _rows(self._kept, marked, values)
        except (psycopg.OperationalError, pymysql.err.OperationalError, pymysql.err.InterfaceError):
            if _stands(self._kept):
                raise
            self._connect()  # the server was killed meanwhile, and is there again
            return _rows(self._kept, marked, values)

    def _connect(self) -> None:
        if self.url.startswith("mariadb"):
            self._kept = mariadb.connect(self.url)
        else:
            self._kept = psycopg.connect(self.url.replace("+psycopg", ""), autocommit=True)
        weakref.finalize(self, _close, self._kept)

    def insert(self, table: str, row: Mapping[str, Any]) -> None:
        """Insert one row."""
        marks = ", ".join("?" for _ in row)
        self(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", *row.values())


def _rows(connection: Any, statement: str, values: Sequence[Any]) -> Rows:
    cursor = connection.cursor()
    cursor.execute(statement, values)
    if cursor.description is None:
        return []
    columns = [column[0] for column in cursor.description]
    return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def _stands(connection: Any) -> bool:
    return not connection.closed if isinstance(connection, psycopg.Connection) else bool(connection.open)


def _close(connection: Any) -> None:
    if _stands(connection):
        connection.close()


class InApplication:
    """See ``Directory``: the tables that the ``sql`` preset speaks of, made as its comment says."""

    mapping = "sql"
    names: Mapping[str, str] = {
        "userName": "email",
        "externalId": "idp_id",
        "givenName": "first_name",
        "familyName": "last_name",
        "active": "status",
        "role": "role_id",
    }
    raw_names: frozenset[str] = frozenset({"deleted_at", "full_name"})
    group_names: frozenset[str] = frozenset()

    def __init__(self, url: str, server: Postgres | Mariadb | None = None) -> None:
        self.url, self.server, self.sql = url, server, Database(url)
        for statement in schema(mariadb=url.startswith("mariadb")):
            self.sql(statement)

    def target(self) -> Mapping[str, Any]:
        return {"kind": "sql", "url": self.url}

    def content(self, passwords: Iterable[str]) -> Content:
        neutral = {raw: name for name, raw in self.names.items()}
        called, users = {}, {}
        for row in self.sql("SELECT * FROM users"):
            called[row.pop("id")] = row["email"]
            row |= {"status": STATES[row["status"]], "role_id": ROLES[row["role_id"]]}
            row["deleted_at"] = row["deleted_at"] is not None or None
            del row["row_version"]
            users[row["email"]] = {neutral.get(raw, raw): value for raw, value in row.items() if value is not None}
        groups = {}
        for row in self.sql("SELECT * FROM teams"):
            members = self.sql("SELECT user_id, source FROM memberships WHERE team_id = ?", row["team_id"])
            assert all(each["source"] in ("scim", "outside") for each in members)
            groups[row["name"]] = {"displayName": row["name"], "members": {called[each["user_id"]] for each in members}}
        return {"user": users, "group": groups}

    def traces(self) -> Any:
        return {
            name: sorted(self.sql(f"SELECT * FROM {name}"), key=lambda row: str(sorted(row.items())))
            for name in ("users", "teams", "memberships")
        }

    def id_of(self, kind: str, name: str) -> str:
        if kind == "user":
            return str(self.sql("SELECT id FROM users WHERE email = ?", name)[0]["id"])
        return str(self.sql("SELECT team_id FROM teams WHERE name = ?", name)[0]["team_id"])

    def add(self, kind: str, told: Told) -> None:
        if kind == "user":
            row = {"id": f"old-{told['userName']}", "row_version": 1} | self._raw({"role": "reader", **told})
            self.sql.insert("users", row | {"full_name": self._full_name(told), "created_by": "outside"})
            return
        team = f"old-{told['displayName']}"
        self.sql.insert("teams", {"team_id": team, "name": told["displayName"]})
        for name in told.get("members", ()):
            self._join(team, name)

    def change(self, kind: str, name: str, told: Told) -> None:
        if "members" in told:
            team = self.id_of("group", name)
            self.sql("DELETE FROM memberships WHERE team_id = ?", team)
            for member in told["members"]:
                self._join(team, member)
            return
        for column, value in self._raw(told).items():
            self.sql(f"UPDATE users SET {column} = ?, row_version = row_version + 1 WHERE email = ?", value, name)

    def _join(self, team: str, name: str) -> None:
        self.sql.insert("memberships", {"team_id": team, "user_id": self.id_of("user", name), "source": "outside"})

    def _raw(self, told: Told) -> dict[str, Any]:
        states = {told: raw for raw, told in STATES.items()}
        roles = {name: number for number, name in ROLES.items()}
        turned: dict[str, Mapping[Any, Any]] = {"active": states, "role": roles}
        return {self.names.get(key, key): turned[key][value] if key in turned else value for key, value in told.items()}

    def _full_name(self, told: Told) -> str | None:
        parts = (told.get("familyName"), told.get("givenName"))
        return f"{parts[0]}, {parts[1]}" if any(parts) else None

    def derived(self, told: Told, outside: bool) -> Told:
        made = {"full_name": self._full_name(told), "created_by": "outside" if outside else "scim"}
        return {"role": "reader"} | {key: value for key, value in made.items() if value is not None}

    def logs_in(self, name: str, password: str) -> bool | None:
        return None

    def down(self) -> None:
        assert self.server is not None, "a file cannot go away"
        self.server.kill()

    def up(self) -> None:
        assert self.server is not None
        self.server.start()


def schema(*, mariadb: bool = False) -> list[str]:
    """The statements in the comment at the head of the preset; in MariaDB's words where it says what they are."""
    comment = "\n".join(re.findall(r"^#   (.*)$", PRESET.read_text(), re.MULTILINE))
    bare = re.sub(r"--.*$", "", comment, flags=re.MULTILINE)
    statements = [each.strip() for each in bare.split(";") if each.strip()]
    assert len(statements) == 4
    assert all(each.startswith("CREATE ") for each in statements)
    if not mariadb:
        return statements
    words = {
        r"\btext\b": "varchar(190)",
        r"\(lower\(email\)\)": "(email)",
        r"REFERENCES (\w+)s\b": r"REFERENCES \1s (\1_id)",
    }
    for word, own in words.items():
        statements = [re.sub(word, own, each) for each in statements]
    return [each.replace("users (user_id)", "users (id)") for each in statements]
