"""The tables that the ``embedded`` preset makes for itself, read with sqlite3."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.journeys.directories import Content, Told, fits_scrypt, told_password
from tests.journeys.in_sql import Database

TECHNICAL = ("id", "version", "created_at", "modified_at")
WHOLE = ("phone_numbers", "roles")
"""columns that hold a whole multi-valued attribute as JSON"""


class InEmbedded:
    """See ``Directory``. What somebody else put there comes without emails: the gateway owns these tables."""

    mapping = "embedded"
    names: Mapping[str, str] = {
        "userName": "user_name",
        "externalId": "external_id",
        "givenName": "given_name",
        "familyName": "family_name",
        "displayName": "display_name",
        "title": "title",
        "userType": "user_type",
        "locale": "locale",
        "email": "emails",
        "phone": "phone_numbers",
        "mobile": "phone_numbers",
        "role": "roles",
        "department": "department",
        "manager": "manager_id",
        "active": "active",
        "password": "password_hash",
    }
    raw_names: frozenset[str] = frozenset()
    group_names: frozenset[str] = frozenset({"externalId"})

    def __init__(self, file: Path) -> None:
        self.file = file
        self.sql = Database(f"sqlite:///{file}")

    def target(self) -> Mapping[str, Any]:
        return {"kind": "sql", "url": f"sqlite:///{self.file}"}

    def _rows(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        """No table yet, no row: the connector makes them when it is first asked."""
        made = self.sql("SELECT name FROM sqlite_master WHERE name = 'scim_users'")
        return self.sql(statement, *values) if made else []

    def content(self, passwords: Iterable[str]) -> Content:
        rows = self._rows("SELECT * FROM scim_users")
        called = {row["id"]: row["user_name"] for row in rows}
        users = {row["user_name"]: self._user(row, called, passwords) for row in rows}
        groups = {}
        for row in self._rows("SELECT * FROM scim_groups"):
            members = self._rows("SELECT member_id FROM scim_members WHERE group_id = ?", row["id"])
            told = {"displayName": row["display_name"], "members": {called[each["member_id"]] for each in members}}
            groups[row["display_name"]] = told | ({"externalId": row["external_id"]} if row["external_id"] else {})
        return {"user": users, "group": groups}

    def _user(self, row: dict[str, Any], called: Mapping[str, str], passwords: Iterable[str]) -> Told:
        neutral = {raw: name for name, raw in self.names.items() if raw not in WHOLE}
        emails = self._rows("SELECT value FROM scim_user_emails WHERE user_id = ? ORDER BY position", row["id"])
        told: Told = {
            neutral.get(raw, raw): value
            for raw, value in row.items()
            if value is not None and raw not in (*TECHNICAL, *WHOLE)
        }
        told["active"] = bool(told["active"])
        if emails:
            told["email"] = " and ".join(each["value"] for each in emails)
        if "manager" in told:
            told["manager"] = called[told["manager"]]
        for each in json.loads(row["phone_numbers"] or "[]"):
            if "value" in each:  # an element whose value was removed keeps its type (RFC 7644 §3.5.2.2)
                told[{"work": "phone", "mobile": "mobile"}[each["type"]]] = each["value"]
        if row["roles"]:
            told["role"] = " and ".join(each["value"] for each in json.loads(row["roles"]))
        stored = told.pop("password", None)
        return told | told_password(stored, passwords, fits_scrypt)

    def traces(self) -> Any:
        return {
            name: sorted(self._rows(f"SELECT * FROM {name}"), key=lambda row: str(sorted(row.items(), key=str)))
            for name in ("scim_users", "scim_user_emails", "scim_groups", "scim_members")
        }

    def id_of(self, kind: str, name: str) -> str:
        column = {"user": "user_name", "group": "display_name"}[kind]
        return str(self._rows(f"SELECT id FROM scim_{kind}s WHERE {column} = ?", name)[0]["id"])

    def add(self, kind: str, told: Told) -> None:
        key = told["userName" if kind == "user" else "displayName"]
        row = {"id": f"old-{key}", "version": 1, "created_at": "2026-01-01T00:00:00Z"}
        row["modified_at"] = row["created_at"]
        if kind == "user":
            self.sql.insert("scim_users", row | {self.names[name]: value for name, value in told.items()})
            return
        self.sql.insert("scim_groups", row | {"display_name": key})
        for name in told.get("members", ()):
            self._join(str(row["id"]), name)

    def change(self, kind: str, name: str, told: Told) -> None:
        if "members" in told:
            group = self.id_of("group", name)
            self.sql("DELETE FROM scim_members WHERE group_id = ?", group)
            for member in told["members"]:
                self._join(group, member)
            return
        for key, value in told.items():
            self.sql(f"UPDATE scim_users SET {self.names[key]} = ? WHERE user_name = ?", value, name)

    def _join(self, group: str, name: str) -> None:
        row = {"group_id": group, "member_id": self.id_of("user", name), "member_type": "User"}
        self.sql.insert("scim_members", row)

    def derived(self, told: Told, outside: bool) -> Told:
        return {}

    def logs_in(self, name: str, password: str) -> bool | None:
        return None

    def down(self) -> None:
        raise NotImplementedError("a file of the gateway's own does not go away")

    def up(self) -> None:
        raise NotImplementedError("a file of the gateway's own does not go away")
