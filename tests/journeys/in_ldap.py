"""A directory, searched as its administrator: what is alike wherever LDAP is spoken."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import ldap3
from ldap3.utils.conv import escape_filter_chars

from tests.backends.ldap_server import LdapServer
from tests.journeys.directories import Content, Told


class InLdap:
    """See ``Directory``. Subclasses say what this one calls things, and what it writes itself."""

    mapping: str
    names: Mapping[str, str] = {
        "externalId": "employeeNumber",
        "givenName": "givenName",
        "familyName": "sn",
        "displayName": "displayName",
        "title": "title",
        "userType": "employeeType",
        "email": "mail",
        "phone": "telephoneNumber",
        "mobile": "mobile",
        "manager": "manager",
    }
    raw_names: frozenset[str] = frozenset({"cn"})
    group_names: frozenset[str] = frozenset()

    person: str
    group: str
    """filters"""
    rdn: str
    """what names a user's entry"""
    anchor: str
    attributes: tuple[str, ...] = ("*",)
    """what a search asks for"""
    unseen: frozenset[str]
    """what the server writes itself"""
    restless: frozenset[str] = frozenset()
    """what the tests' own looks change"""
    group_holds: frozenset[str] = frozenset({"cn", "member"})

    def __init__(self, server: LdapServer) -> None:
        self.server = server

    def target(self) -> Mapping[str, Any]:
        return {"kind": "ldap", **self.server.options, "bind": {"dn": self.server.bind_dn, "password": "file:password"}}

    # ---------------------------------------------------------------- what stands there

    def content(self, passwords: Iterable[str]) -> Content:
        known = list(passwords)
        people = self.server.search(self.person, attributes=self.attributes)
        users = {dn: self._user(dn, held, known) for dn, held in people.items()}
        called = {unescaped(dn): told["userName"] for dn, told in users.items()}
        for told in users.values():
            if "manager" in told:
                told["manager"] = called[unescaped(told["manager"])]
        groups = {}
        for dn, held in self.server.search(self.group, attributes=("*",)).items():
            (name,) = held["cn"]
            assert self._stands(dn, "cn", name, "groups"), dn
            assert set(held) - self.unseen <= self.group_holds
            groups[name] = {"displayName": name, "members": self._members(held, called)}
        return {"user": {told["userName"]: told for told in users.values()}, "group": groups}

    def _user(self, dn: str, held: dict[str, list[str]], passwords: list[str]) -> Told:
        """One user in neutral words. It must stand where it belongs."""
        raise NotImplementedError

    def _told(self, held: dict[str, list[str]]) -> Told:
        """The same words for what was asked to be written: one value each."""
        neutral = {raw: name for name, raw in self.names.items()}
        told: Told = {}
        for raw in held.keys() - self.unseen:
            assert len(held[raw]) <= 1, (raw, held[raw])
            told |= {neutral.get(raw, raw): value for value in held[raw]}
        return told

    def _members(self, held: dict[str, list[str]], called: Mapping[str, str]) -> set[str]:
        return {called[unescaped(each)] for each in held.get("member", ())}

    def _stands(self, dn: str, attribute: str, value: str, unit: str) -> bool:
        """Whether an entry is named by this value, escaped (RFC 4514), below this unit."""
        end = re.compile(rf",ou={unit},{re.escape(self.server.base)}$", re.IGNORECASE)
        name, _, found = unescaped(end.sub("", dn)).partition("=")
        return end.search(dn) is not None and (name.lower(), found) == (attribute.lower(), value)

    def traces(self) -> Any:
        rows = self.server.rows(f"(|{self.person}{self.group})", attributes=("*", "+", *self.attributes))
        return {dn: {raw: row[raw] for raw in row.keys() - self.restless} for dn, row in rows.items()}

    def id_of(self, kind: str, name: str) -> str:
        asked, attribute = (self.person, self.names["userName"]) if kind == "user" else (self.group, "cn")
        term = f"(&{asked}({attribute}={escape_filter_chars(name)}))"
        (found,) = self.server.rows(term, attributes=(self.anchor,)).values()
        return self._id(found[self.anchor][0])

    def _id(self, anchor: bytes) -> str:
        return anchor.decode().lower()

    def _dn(self, name: str) -> str:
        term = f"({self.names['userName']}={escape_filter_chars(name)})"
        (found,) = self.server.search(f"(&{self.person}{term})", attributes=("1.1",))
        return found

    # ---------------------------------------------------------------- what others do there

    def add(self, kind: str, told: Told) -> None:
        if kind == "user":
            dn = f"{self.rdn}={told['userName']},ou=people,{self.server.base}"
            classes, held = self._person(told)
        else:
            dn = f"cn={told['displayName']},ou=groups,{self.server.base}"
            classes, held = self._group(told["displayName"], told.get("members", ()))
        self._done(self.server.raw.add(dn, classes, held))

    def _person(self, told: Told) -> tuple[list[str], dict[str, Any]]:
        """Classes and attributes of a user whom an administrator makes."""
        raise NotImplementedError

    def _group(self, name: str, members: Iterable[str]) -> tuple[list[str], dict[str, Any]]:
        """The same for a group."""
        raise NotImplementedError

    def change(self, kind: str, name: str, told: Told) -> None:
        if kind == "group":
            dn = f"cn={name},ou=groups,{self.server.base}"
            held: dict[str, list[Any]] = self._joined(told["members"])
        else:
            dn, held = self._dn(name), {self.names.get(key, key): [value] for key, value in told.items()}
        if "active" in told:
            held[self.names["active"]] = self._switch(told["active"])
        for value in held.pop(self.rdn, ()):
            self._done(self.server.raw.modify_dn(dn, f"{self.rdn}={value}"))
            dn = self._dn(name)
        self._done(self.server.raw.modify(dn, {raw: [(ldap3.MODIFY_REPLACE, held[raw])] for raw in held}))

    def _joined(self, members: Iterable[str]) -> dict[str, list[Any]]:
        """How a group holds its members."""
        return {"member": [self._dn(each) for each in members]}

    def _switch(self, active: bool) -> list[str]:
        """What the attribute of ``active`` holds."""
        raise NotImplementedError

    def _done(self, worked: bool) -> None:
        assert worked, self.server.raw.result

    def derived(self, told: Told, outside: bool) -> Told:
        raise NotImplementedError

    def logs_in(self, name: str, password: str) -> bool | None:
        return self.server.bind(self._dn(name), password)

    def down(self) -> None:
        self.server.kill()

    def up(self) -> None:
        self.server.start()


def unescaped(dn: str) -> str:
    """A DN without its escapes (RFC 4514 §2.4), the same however it was escaped."""
    return re.sub(rb"\\([0-9a-fA-F]{2})|\\(.)", _plain, dn.encode()).decode()


def _plain(found: re.Match[bytes]) -> bytes:
    return bytes.fromhex(found[1].decode()) if found[1] else found[2]
