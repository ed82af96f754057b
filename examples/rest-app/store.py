"""What the application keeps: users, teams, who belongs where, sessions and API tokens, in one SQLite file."""

import json
import secrets
import sqlite3
from typing import Any

Document = dict[str, Any]

SCHEMA = """
CREATE TABLE IF NOT EXISTS users (
    id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT NOT NULL UNIQUE COLLATE NOCASE, document TEXT NOT NULL,
    password TEXT, version INTEGER NOT NULL DEFAULT 1);
CREATE TABLE IF NOT EXISTS teams (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE COLLATE NOCASE, document TEXT NOT NULL,
    version INTEGER NOT NULL DEFAULT 1);
CREATE TABLE IF NOT EXISTS memberships (
    team_id INTEGER NOT NULL REFERENCES teams ON DELETE CASCADE,
    user_id INTEGER NOT NULL REFERENCES users ON DELETE CASCADE, PRIMARY KEY (team_id, user_id));
CREATE TABLE IF NOT EXISTS sessions (
    id TEXT PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users ON DELETE CASCADE);
CREATE TABLE IF NOT EXISTS api_tokens (
    id TEXT PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    revoked INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS idempotency (key TEXT PRIMARY KEY, user_id INTEGER NOT NULL);
"""
KINDS = {"users": "email", "teams": "name"}
"""table → the field that must be unique"""


class Taken(Exception):
    """Somebody else has the unique value."""


class Stale(Exception):
    """The object is at another version than expected."""


class Store:
    """:param path: of the file; it is made when missing."""

    def __init__(self, path: str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.executescript(
            "PRAGMA foreign_keys = ON; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;" + SCHEMA
        )

    def get(self, table: str, id: int) -> Document | None:
        """One object, or None."""
        row = self._db.execute(f"SELECT * FROM {table} WHERE id = ?", (id,)).fetchone()
        return None if row is None else _shown(row)

    def page(self, table: str, after: int, limit: int, value: str | None = None) -> list[Document]:
        """Objects in the order of their ids; with ``value`` only the one that has it as its unique value."""
        where, values = ("id > ?", [after])
        if value is not None:
            where, values = f"{where} AND {KINDS[table]} = ?", [after, value]
        return [
            _shown(row)
            for row in self._db.execute(f"SELECT * FROM {table} WHERE {where} ORDER BY id LIMIT ?", (*values, limit))
        ]

    def slice(self, table: str, offset: int, limit: int) -> list[Document]:
        """Objects by their place."""
        rows = self._db.execute(f"SELECT * FROM {table} ORDER BY id LIMIT ? OFFSET ?", (limit, offset))
        return [_shown(row) for row in rows]

    def count(self, table: str) -> int:
        return int(self._db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])

    def create(self, table: str, document: Document, key: str | None = None) -> Document:
        """Make an object. :param key: the same key makes the same object, once. :raises Taken:"""
        known = self._db.execute("SELECT user_id FROM idempotency WHERE key = ?", (key,)).fetchone() if key else None
        if known is not None and (there := self.get(table, known[0])) is not None:
            return there
        fields = {KINDS[table]: document[KINDS[table]], "document": _text(document)}
        if table == "users":
            fields["password"] = document.get("password")
        places = ", ".join("?" * len(fields))
        try:
            made = self._db.execute(f"INSERT INTO {table} ({', '.join(fields)}) VALUES ({places})", (*fields.values(),))
        except sqlite3.IntegrityError as error:
            raise Taken from error
        if key:
            self._db.execute("INSERT INTO idempotency VALUES (?, ?)", (key, made.lastrowid))
        created = self.get(table, made.lastrowid or 0)
        assert created is not None
        return created

    def replace(self, table: str, id: int, document: Document, version: int) -> Document | None:
        """Write an object anew. :raises Taken, Stale:"""
        fields = {KINDS[table]: document[KINDS[table]], "document": _text(document)}
        if document.get("password"):
            fields["password"] = document["password"]
        sets = ", ".join(f"{name} = ?" for name in fields)
        statement = f"UPDATE {table} SET {sets}, version = version + 1 WHERE id = ? AND version = ?"
        try:
            done = self._db.execute(statement, (*fields.values(), id, version))
        except sqlite3.IntegrityError as error:
            raise Taken from error
        if not done.rowcount and self.get(table, id) is not None:
            raise Stale
        return self.get(table, id)

    def delete(self, table: str, id: int) -> bool:
        """Delete an object, and everything that hangs on it."""
        if table == "users":
            for each in self.page("users", 0, 1_000_000):
                if each.get("manager_id") == id:
                    self.replace("users", each["id"], {**each, "manager_id": None}, each["version"])
        return self._db.execute(f"DELETE FROM {table} WHERE id = ?", (id,)).rowcount > 0

    # ---------------------------------------------------------------- what hangs on users and teams

    def members(self, team: int, after: int, limit: int) -> list[int]:
        statement = "SELECT user_id FROM memberships WHERE team_id = ? AND user_id > ? ORDER BY user_id LIMIT ?"
        return [row[0] for row in self._db.execute(statement, (team, after, limit))]

    def teams_of(self, user: int) -> list[Document]:
        statement = "SELECT teams.* FROM teams JOIN memberships ON id = team_id WHERE user_id = ? ORDER BY id"
        return [_shown(row) for row in self._db.execute(statement, (user,))]

    def join(self, team: int, user: int) -> None:
        self._db.execute("INSERT OR IGNORE INTO memberships VALUES (?, ?)", (team, user))

    def leave(self, team: int, user: int) -> bool:
        done = self._db.execute("DELETE FROM memberships WHERE team_id = ? AND user_id = ?", (team, user))
        return done.rowcount > 0

    def open(self, table: str, user: int) -> str:
        """Make a session or an API token; its id."""
        id = secrets.token_hex(8)
        self._db.execute(f"INSERT INTO {table} (id, user_id) VALUES (?, ?)", (id, user))
        return id

    def opened(self, table: str, user: int) -> list[str]:
        """The sessions, or the API tokens that are not revoked."""
        where = "user_id = ?" + (" AND NOT revoked" if table == "api_tokens" else "")
        return [row[0] for row in self._db.execute(f"SELECT id FROM {table} WHERE {where} ORDER BY id", (user,))]

    def end_sessions(self, user: int) -> None:
        self._db.execute("DELETE FROM sessions WHERE user_id = ?", (user,))

    def revoke_tokens(self, user: int) -> None:
        self._db.execute("UPDATE api_tokens SET revoked = 1 WHERE user_id = ?", (user,))


def _text(document: Document) -> str:
    return json.dumps({key: value for key, value in document.items() if key not in ("id", "version", "password")})


def _shown(row: sqlite3.Row) -> Document:
    return {"id": row["id"], **json.loads(row["document"]), "version": row["version"]}
