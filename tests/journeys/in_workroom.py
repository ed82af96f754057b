"""Workroom (``examples/application``), asked beside the gateway by its own API."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.backends.workroom import TABLES, Workroom
from tests.journeys.directories import Content

MAPPING = Path(__file__).parents[2] / "examples" / "application" / "mapping.toml"
OWN = ("id", "version", "organization", "created_by")
STATES = {"active": True, "invited": "invited", "deactivated": False}


class InWorkroom:
    """See ``Directory``: what the tests of faults need of it, which look on and put nobody there."""

    names: Mapping[str, str] = {
        "userName": "email",
        "givenName": "first_name",
        "familyName": "last_name",
        "title": "title",
        "active": "state",
        "manager": "manager_id",
    }

    def __init__(self, server: Workroom, mapping: str = str(MAPPING)) -> None:
        self.server, self.mapping = server, mapping

    def target(self) -> Mapping[str, Any]:
        return {"kind": "rest", "base": self.server.address, "auth": {"bearer": "file:password"}}

    def content(self, passwords: Iterable[str]) -> Content:
        users = self.server.everything("/users")
        called = {each["id"]: each["email"] for each in users}
        neutral = {raw: name for name, raw in self.names.items()}
        told: Content = {"user": {}, "group": {}}
        for each in users:
            user = {neutral.get(raw, raw): value for raw, value in each.items() if raw not in OWN}
            user["active"] = STATES[each["state"]]
            user["role"] = each["role"]["name"]
            if "manager" in user:
                user["manager"] = called[user["manager"]]
            told["user"][each["email"]] = user
        for team in self.server.everything("/teams"):
            members = self.server.said("GET", f"/teams/{team['id']}/members?limit=200")["data"]
            shown = {"displayName": team["name"], "members": {called[each["user_id"]] for each in members}}
            told["group"][team["name"]] = shown
        return told

    def traces(self) -> Any:
        return [self.server.sql(f"SELECT * FROM {table} ORDER BY 1, 2") for table in TABLES]
