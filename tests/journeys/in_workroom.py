"""Workroom (``examples/application``), asked beside the gateway by its own API."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.backends.workroom import Workroom
from tests.journeys.directories import Content, Told

MAPPING = Path(__file__).parents[2] / "examples" / "application" / "mapping.toml"
OWN = ("id", "version", "organization", "created_by")
STATES = {"active": True, "invited": "invited", "deactivated": False}


class InWorkroom:
    """See ``Directory``."""

    names: Mapping[str, str] = {
        "userName": "email",
        "givenName": "first_name",
        "familyName": "last_name",
        "title": "title",
        "active": "state",
        "manager": "manager_id",
    }
    raw_names: frozenset[str] = frozenset({"saml_enabled", "role"})
    group_names: frozenset[str] = frozenset()

    def __init__(self, app: Workroom, mapping: str = str(MAPPING)) -> None:
        self.app, self.mapping = app, mapping

    def target(self) -> Mapping[str, Any]:
        return {"kind": "rest", "base": self.app.address, "auth": {"bearer": "file:password"}}

    def content(self, passwords: Iterable[str]) -> Content:
        users = self.app.everything("/users")
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
        for team in self.app.everything("/teams"):
            members = self.app.said("GET", f"/teams/{team['id']}/members?limit=200")["data"]
            shown = {"displayName": team["name"], "members": {called[each["user_id"]] for each in members}}
            told["group"][team["name"]] = shown
        return told

    def traces(self) -> Any:
        teams = self.app.everything("/teams")
        return self.app.everything("/users"), teams, [self.app.said("GET", f"/teams/{t['id']}/members") for t in teams]

    def id_of(self, kind: str, name: str) -> str:
        path, key = {"user": ("/users", "email"), "group": ("/teams", "name")}[kind]
        return next(str(each["id"]) for each in self.app.everything(path) if each[key] == name)

    def add(self, kind: str, told: Told) -> None:
        if kind == "group":
            self.app.said("POST", "/teams", {"name": told["displayName"]})
            self.change("group", told["displayName"], {"members": told.get("members", ())})
            return
        self.app.said("POST", "/users", {**self._raw(told), "state": self._raw(told).get("state", "active")})

    def change(self, kind: str, name: str, told: Told) -> None:
        id = self.id_of(kind, name)
        if kind == "user":
            self.app.said("PATCH", f"/users/{id}", self._raw(told))
            return
        for member in self.app.said("GET", f"/teams/{id}/members?limit=200")["data"]:
            self.app.said("DELETE", f"/teams/{id}/members/{member['user_id']}")
        for each in told.get("members", ()):
            self.app.said("PUT", f"/teams/{id}/members/{self.id_of('user', each)}")

    def _raw(self, told: Told) -> dict[str, Any]:
        raw = {self.names[name]: value for name, value in told.items() if name in self.names}
        if "active" in told:
            raw["state"] = next(state for state, active in STATES.items() if active == told["active"])
        return raw

    def derived(self, told: Told, outside: bool) -> Told:
        return {"role": "viewer"} if outside else {"role": "viewer", "saml_enabled": True}

    def logs_in(self, name: str, password: str) -> bool | None:
        return None

    def down(self) -> None:
        self.app.kill()

    def up(self) -> None:
        self.app.start()
