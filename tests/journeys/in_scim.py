"""A SCIM service behind the preset ``scim``, asked beside the gateway."""

from collections.abc import Iterable, Mapping
from typing import Any

from tests.backends.scim_server import ScimServer
from tests.journeys.directories import Content, Told
from tests.journeys.in_rest import InRest, Rows

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PLACES = {
    "userName": ("userName",),
    "externalId": ("externalId",),
    "givenName": ("name", "givenName"),
    "familyName": ("name", "familyName"),
    "displayName": ("displayName",),
    "title": ("title",),
    "userType": ("userType",),
    "locale": ("locale",),
    "active": ("active",),
    "department": (ENTERPRISE, "department"),
    "manager": (ENTERPRISE, "manager", "value"),
}
LISTS = {
    "email": ("emails", ""),
    "phone": ("phoneNumbers", "work"),
    "mobile": ("phoneNumbers", "mobile"),
    "role": ("roles", ""),
}
"""neutral name → attribute and type of its element; no type: any"""


class InScim(InRest):
    """See ``Directory``."""

    mapping = "scim"
    names: Mapping[str, str] = {name: ".".join(path) for name, path in {**PLACES, **LISTS}.items()}
    named: Mapping[str, str] = {"user": "userName", "group": "displayName"}
    group_names: frozenset[str] = frozenset({"externalId"})

    def __init__(self, server: ScimServer) -> None:
        super().__init__(server)
        self.server: ScimServer = server

    def target(self) -> Mapping[str, Any]:
        return {"kind": "rest", "base": self.server.address, "auth": {"bearer": "file:password"}}

    def content(self, passwords: Iterable[str]) -> Content:
        users, groups = self._look().values()
        called = {each["id"]: each["userName"] for each in users}
        told: Content = {"user": {each["userName"]: self._told(each) for each in users}, "group": {}}
        for user in told["user"].values():
            if "manager" in user:
                user["manager"] = called[user["manager"]]
        for each in groups:
            members = {called[member["value"]] for member in each.get("members", ())}
            group = {"displayName": each["displayName"], "externalId": each.get("externalId"), "members": members}
            told["group"][each["displayName"]] = {name: value for name, value in group.items() if value is not None}
        return told

    def _told(self, user: dict[str, Any]) -> Told:
        told: Told = {}
        for name, path in PLACES.items():
            held: Any = user
            for part in path:
                held = held.get(part) if isinstance(held, dict) else None
            if held is not None:
                told[name] = held
        for name, (attribute, type) in LISTS.items():
            fitting = [each for each in user.get(attribute, ()) if type in ("", each.get("type"))]
            held = [each["value"] for each in fitting if "value" in each]  # one whose value was removed keeps its type
            told |= {name: " and ".join(held)} if held else {}
        return told

    def _all(self, kind: str) -> Rows:
        return self.server.everything(f"/{kind.title()}s")

    def add(self, kind: str, told: Told) -> None:
        schema = f"urn:ietf:params:scim:schemas:core:2.0:{kind.title()}"
        if kind == "group":
            members = [{"value": self.id_of("user", name)} for name in told.get("members", ())]
            body: dict[str, Any] = {"displayName": told["displayName"], "members": members}
        else:
            body = _body({}, told)
        self.server.ask("POST", f"/{kind.title()}s", {"schemas": [schema], **body})

    def change(self, kind: str, name: str, told: Told) -> None:
        path = f"/{kind.title()}s/{self.id_of(kind, name)}"
        there = self.server.ask("GET", path)
        if "members" in told:
            there["members"] = [{"value": self.id_of("user", each)} for each in told["members"]]
        self.server.ask("PUT", path, _body(there, told) if kind == "user" else there)


def _body(there: dict[str, Any], told: Told) -> dict[str, Any]:
    """A user as it was, with what is told."""
    for name, value in told.items():
        *outer, last = PLACES[name]
        place = there
        for part in outer:
            place = place.setdefault(part, {})
        place[last] = value
    return there
