"""An OpenLDAP directory, searched as its root DN."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import ldap3
from ldap3.utils.conv import escape_filter_chars

from tests.backends.ldap_server import LdapServer
from tests.backends.slapd import Slapd
from tests.journeys.directories import Content, Told, fits_ssha, told_password

PERSON, GROUP = "inetOrgPerson", "groupOfNames"
LOCK = "000001010000Z"


class InSlapd:
    """See ``Directory``."""

    mapping = "openldap"
    anchor = "entryUUID"
    classes = ("top", "person", "organizationalPerson", "inetOrgPerson")
    locked: tuple[str, ...] = (LOCK,)
    """how the attribute of ``active`` says that somebody is locked"""
    operational: tuple[str, ...] = ("pwdAccountLockedTime",)
    """what is only returned when named"""
    unseen: frozenset[str] = frozenset()
    """what the server writes beside"""
    names: Mapping[str, str] = {
        "userName": "uid",
        "externalId": "employeeNumber",
        "givenName": "givenName",
        "familyName": "sn",
        "displayName": "displayName",
        "title": "title",
        "userType": "employeeType",
        "email": "mail",
        "phone": "telephoneNumber",
        "mobile": "mobile",
        "department": "departmentNumber",
        "manager": "manager",
        "active": "pwdAccountLockedTime",
        "password": "userPassword",
    }
    raw_names: frozenset[str] = frozenset({"cn"})
    group_names: frozenset[str] = frozenset()

    def __init__(self, server: Slapd | LdapServer) -> None:
        self.server = server

    def target(self) -> Mapping[str, Any]:
        return {
            "kind": "ldap",
            "urls": [self.server.url],
            "base": self.server.base,
            "bind": {"dn": self.server.bind_dn, "password": "file:password"},
        }

    def content(self, passwords: Iterable[str]) -> Content:
        people = self.server.search(f"(objectClass={PERSON})", attributes=("*", *self.operational))
        users = {dn: self._user(dn, held, passwords) for dn, held in people.items()}
        called = {unescaped(dn): told["userName"] for dn, told in users.items()}
        for told in users.values():
            if "manager" in told:
                told["manager"] = called[unescaped(told["manager"])]
        groups = {}
        for dn, held in self.server.search(f"(objectClass={GROUP})", attributes=("*",)).items():
            self._placed(dn, "cn", held["cn"][0], "ou=groups")
            named = [each for each in held.get("member", ()) if each != self._nobody]
            assert set(held) - self.unseen <= {"objectClass", "cn", "member"}
            groups[held["cn"][0]] = {
                "displayName": held["cn"][0],
                "members": {called[unescaped(each)] for each in named},
            }
        return {"user": {told["userName"]: told for told in users.values()}, "group": groups}

    @property
    def _nobody(self) -> str:
        return f"cn=nobody,{self.server.base}"

    def _user(self, dn: str, held: dict[str, list[str]], passwords: Iterable[str]) -> Told:
        neutral = {raw: name for name, raw in self.names.items()}
        told: Told = {"active": True}
        for raw, values in held.items():
            if raw in self.unseen:
                continue
            assert len(values) <= 1 or raw == "objectClass", (raw, values)
            told |= {neutral.get(raw, raw): value for value in values}
        assert {each for each in held["objectClass"] if each not in self.unseen} == set(self.classes)
        del told["objectClass"]
        told["active"] = told["active"] not in self.locked
        stored = told.pop("password", None)
        unit = "contractors" if told.get("userType") == "Contractor" else "people"
        self._placed(dn, "uid", told["userName"], f"ou={unit}")
        return told | told_password(stored, passwords, fits_ssha)

    def _placed(self, dn: str, attribute: str, value: str, unit: str) -> None:
        """An entry is named by its value, escaped (RFC 4514), below its unit."""
        end = f",{unit},{self.server.base}"
        assert dn.endswith(end), dn
        assert unescaped(dn.removesuffix(end)) == f"{attribute}={value}", dn

    def traces(self) -> Any:
        return self.server.search(
            "(|(objectClass=inetOrgPerson)(objectClass=groupOfNames))", attributes=("*", "+", *self.operational)
        )

    def id_of(self, kind: str, name: str) -> str:
        attribute = {"user": "uid", "group": "cn"}[kind]
        structural = {"user": PERSON, "group": GROUP}[kind]
        found = self.server.search(
            f"(&(objectClass={structural})({attribute}={escape_filter_chars(name)}))", attributes=(self.anchor,)
        )
        assert len(found) == 1, list(found)
        return next(iter(found.values()))[self.anchor][0].lower()

    def _dn(self, name: str) -> str:
        return next(iter(self.server.search(f"(uid={escape_filter_chars(name)})", attributes=("1.1",))))

    def add(self, kind: str, told: Told) -> None:
        if kind == "user":
            held = {self.names[key]: value for key, value in told.items() if key != "active"} | self.derived(told, True)
            classes = list(self.classes)
            dn = f"uid={told['userName']},ou=people,{self.server.base}"
            self._done(self.server.raw.add(dn, classes, held))
            return
        members = [self._dn(each) for each in told.get("members", ())] or [self._nobody]
        name = f"cn={told['displayName']},ou=groups,{self.server.base}"
        self._done(self.server.raw.add(name, ["top", "groupOfNames"], {"member": members}))

    def change(self, kind: str, name: str, told: Told) -> None:
        if kind == "group":
            dn, held = f"cn={name},ou=groups,{self.server.base}", {"member": [self._dn(m) for m in told["members"]]}
        else:
            dn, held = self._dn(name), {self.names.get(key, key): [value] for key, value in told.items()}
        if "active" in told:
            held[self.names["active"]] = [] if told["active"] else [self.locked[0]]
        changes = {raw: [(ldap3.MODIFY_REPLACE, values)] for raw, values in held.items()}
        self._done(self.server.raw.modify(dn, changes))

    def _done(self, worked: bool) -> None:
        assert worked, self.server.raw.result

    def derived(self, told: Told, outside: bool) -> Told:
        return {"cn": f"{told['givenName']} {told['familyName']}" if "givenName" in told else told["userName"]}

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
