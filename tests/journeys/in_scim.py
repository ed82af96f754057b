"""A SCIM service behind the preset ``scim``, asked beside the gateway."""

from collections.abc import Iterable, Mapping
from typing import Any

from tests.backends.scim_server import ScimServer
from tests.journeys.directories import Content, Told

PLACES = {
    "userName": ("userName",),
    "externalId": ("externalId",),
    "givenName": ("name", "givenName"),
    "familyName": ("name", "familyName"),
    "title": ("title",),
    "active": ("active",),
}


class InScim:
    """See ``Directory``."""

    mapping = "scim"
    names: Mapping[str, str] = {name: ".".join(path) for name, path in PLACES.items()} | {"email": "emails"}
    raw_names: frozenset[str] = frozenset()
    group_names: frozenset[str] = frozenset()

    def __init__(self, server: ScimServer) -> None:
        self.server = server

    def target(self) -> Mapping[str, Any]:
        return {"kind": "rest", "base": self.server.address, "auth": {"bearer": "file:password"}}

    def content(self, passwords: Iterable[str]) -> Content:
        users = self.server.everything("/Users")
        called = {each["id"]: each["userName"] for each in users}
        told: Content = {"user": {each["userName"]: self._told(each) for each in users}, "group": {}}
        for each in self.server.everything("/Groups"):
            members = {called[member["value"]] for member in each.get("members", ())}
            told["group"][each["displayName"]] = {"displayName": each["displayName"], "members": members}
        return told

    def _told(self, user: dict[str, Any]) -> Told:
        told: Told = {}
        for name, path in PLACES.items():
            held: Any = user
            for part in path:
                held = held.get(part) if isinstance(held, dict) else None
            if held is not None:
                told[name] = held
        if user.get("emails"):
            told["email"] = " and ".join(each["value"] for each in user["emails"])
        return told

    def traces(self) -> Any:
        return self.server.everything("/Users"), self.server.everything("/Groups")

    def id_of(self, kind: str, name: str) -> str:
        key = "userName" if kind == "user" else "displayName"
        return next(str(each["id"]) for each in self.server.everything(f"/{kind.title()}s") if each[key] == name)

    def add(self, kind: str, told: Told) -> None:
        schema = f"urn:ietf:params:scim:schemas:core:2.0:{kind.title()}"
        if kind == "group":
            members = [{"value": self.id_of("user", name)} for name in told.get("members", ())]
            body: dict[str, Any] = {"displayName": told["displayName"], "members": members}
        else:
            body = {"name": {}}
            for name, value in told.items():
                *outer, last = PLACES[name]
                (body["name"] if outer else body)[last] = value
        self.server.ask("POST", f"/{kind.title()}s", {"schemas": [schema], **body})

    def change(self, kind: str, name: str, told: Told) -> None:
        path = f"/{kind.title()}s/{self.id_of(kind, name)}"
        there = self.server.ask("GET", path)
        self.server.ask("PUT", path, {**there, **{PLACES[key][0]: value for key, value in told.items()}})

    def derived(self, told: Told, outside: bool) -> Told:
        return {}

    def logs_in(self, name: str, password: str) -> bool | None:
        return None

    def down(self) -> None:
        self.server.kill()

    def up(self) -> None:
        self.server.start()
