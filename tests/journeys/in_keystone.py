"""OpenStack Keystone, asked beside the gateway by its own API."""

import os
from collections.abc import Iterable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from tests.backends.keystone import PASSWORD, Keystone
from tests.journeys.directories import Content, Told
from tests.journeys.in_rest import InRest, Rows

VARIABLE = "DIRBRIDGE_TESTS_KEYSTONE"
OWN = ("id", "name", "domain_id", "enabled", "password_expires_at", "options", "links", "idp_id")


class InKeystone(InRest):
    """See ``Directory``; a domain of its own."""

    mapping = str(Path(__file__).parent / "keystone.toml")
    names: Mapping[str, str] = {
        "userName": "name",
        "externalId": "idp_id",
        "givenName": "given_name",
        "familyName": "family_name",
        "title": "title",
        "email": "email",
        "active": "enabled",
    }
    named: Mapping[str, str] = {"user": "name", "group": "name"}

    def __init__(self, server: Keystone) -> None:
        super().__init__(server)
        self.server: Keystone = server
        self.domain = server.domain()
        os.environ[VARIABLE] = PASSWORD
        self._in: list[Rows] = []

    def target(self) -> Mapping[str, Any]:
        options = deepcopy(self.server.options(self.domain))
        options["auth"]["login"]["body"]["auth"]["identity"]["password"]["user"]["password"] = f"env:{VARIABLE}"
        return {"kind": "rest", **options}

    def _all(self, kind: str) -> Rows:
        return list(self.server.ask("GET", f"/v3/{kind}s?domain_id={self.domain}")[f"{kind}s"])

    def _members(self, group: str) -> Rows:
        return list(self.server.ask("GET", f"/v3/groups/{group}/users")["users"])

    def content(self, passwords: Iterable[str]) -> Content:
        told: Content = {"user": {}, "group": {}}
        people, groups = self._look().values()
        self._in = [self._members(each["id"]) for each in groups]
        neutral = {raw: name for name, raw in self.names.items()}
        for each in people:
            shown = {raw: value for raw, value in each.items() if raw in neutral or raw not in OWN}
            told["user"][each["name"]] = {neutral.get(r, r): v for r, v in shown.items() if v is not None}
        for each, users in zip(groups, self._in, strict=True):
            members = {user["name"] for user in users}
            told["group"][each["name"]] = {"displayName": each["name"], "members": members}
        return told

    def traces(self) -> Any:
        return self._seen, self._in

    def add(self, kind: str, told: Told) -> None:
        if kind == "user":
            raw = {self.names[name]: value for name, value in told.items()}
            self.server.ask("POST", "/v3/users", {"user": {**raw, "domain_id": self.domain}})
            return
        body = {"group": {"name": told["displayName"], "domain_id": self.domain}}
        group = self.server.ask("POST", "/v3/groups", body)["group"]["id"]
        for name in told.get("members", ()):
            self.server.ask("PUT", f"/v3/groups/{group}/users/{self.id_of('user', name)}")

    def change(self, kind: str, name: str, told: Told) -> None:
        raw = {self.names[key]: value for key, value in told.items()}
        self.server.ask("PATCH", f"/v3/{kind}s/{self.id_of(kind, name)}", {kind: raw})
