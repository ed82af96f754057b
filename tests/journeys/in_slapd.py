"""OpenLDAP directories: of people, and of people who log in to machines (the preset ``openldap-posix``)."""

from collections.abc import Iterable, Mapping
from itertools import count
from typing import Any

from tests.backends.ldap_server import LdapServer
from tests.journeys.directories import Content, Told, fits_ssha, told_password
from tests.journeys.in_ldap import InLdap

LOCK = "000001010000Z"


class InSlapd(InLdap):
    """See ``Directory``."""

    mapping = "openldap"
    names: Mapping[str, str] = {
        **InLdap.names,
        "userName": "uid",
        "department": "departmentNumber",
        "active": "pwdAccountLockedTime",
        "password": "userPassword",
    }
    person, group = "(objectClass=inetOrgPerson)", "(objectClass=groupOfNames)"
    rdn, anchor = "uid", "entryUUID"
    attributes: tuple[str, ...] = ("*", "pwdAccountLockedTime")
    unseen: frozenset[str] = frozenset({"objectClass"})
    classes: tuple[str, ...] = ("top", "person", "organizationalPerson", "inetOrgPerson")
    added: frozenset[str] = frozenset()
    """classes that the server adds"""
    locked = LOCK
    """how the attribute of ``active`` says that somebody is locked"""

    @property
    def _nobody(self) -> str:
        return f"cn=nobody,{self.server.base}"

    def _user(self, dn: str, held: dict[str, list[str]], passwords: list[str]) -> Told:
        told = self._told(held)
        assert set(held["objectClass"]) - self.added == set(self.classes)
        told["active"] = told.get("active") != self.locked
        unit = "contractors" if told.get("userType") == "Contractor" else "people"
        assert self._stands(dn, "uid", told["userName"], unit), dn
        return told | told_password(told.pop("password", None), passwords, fits_ssha)

    def _members(self, held: dict[str, list[str]], called: Mapping[str, str]) -> set[str]:
        named = [each for each in held.get("member", ()) if each != self._nobody]
        return super()._members({"member": named}, called)

    def _person(self, told: Told) -> tuple[list[str], dict[str, Any]]:
        held = {self.names[key]: value for key, value in told.items() if key != "active"}
        return list(self.classes), held | self.derived(told, True)

    def _group(self, name: str, members: Iterable[str]) -> tuple[list[str], dict[str, Any]]:
        return ["top", "groupOfNames"], {"member": self._joined(members)["member"] or [self._nobody]}

    def _switch(self, active: bool) -> list[str]:
        return [] if active else [self.locked]

    def derived(self, told: Told, outside: bool) -> Told:
        return {"cn": f"{told['givenName']} {told['familyName']}" if "givenName" in told else told["userName"]}


class InPosix(InSlapd):
    """The same with numbers, a home and a shell; groups name their members."""

    mapping = "openldap-posix"
    group = "(objectClass=posixGroup)"
    attributes = ("*", "pwdAccountLockedTime", "entryUUID")
    classes = (*InSlapd.classes, "posixAccount")
    unseen = frozenset({"objectClass", "entryUUID", "uidNumber", "gidNumber", "homeDirectory", "loginShell"})
    """who checks them is ``_user``"""
    group_holds = frozenset({"cn", "memberUid"})

    def __init__(self, server: LdapServer) -> None:
        super().__init__(server)
        self._numbers = count(5000)
        self._given: dict[str, tuple[str, ...]] = {}

    def content(self, passwords: Iterable[str]) -> Content:
        told = super().content(passwords)
        for kind, number in ((self.person, "uidNumber"), (self.group, "gidNumber")):
            numbers = [held[number][0] for held in self.server.search(kind, attributes=(number,)).values()]
            assert len(set(numbers)) == len(numbers), "a number was given twice"
        return told

    def _user(self, dn: str, held: dict[str, list[str]], passwords: list[str]) -> Told:
        told = super()._user(dn, held, passwords)
        home = f"/home/{told['userName'].partition('@')[0]}"
        given = (held["uidNumber"][0], held["gidNumber"][0], held["homeDirectory"][0], held["loginShell"][0])
        first = self._given.setdefault(held["entryUUID"][0], (given[0], "100", home, "/bin/bash"))
        assert given == first, "what a machine knows somebody by stays"
        return told

    def _members(self, held: dict[str, list[str]], called: Mapping[str, str]) -> set[str]:
        names = set(held.get("memberUid", ()))
        assert names <= set(called.values())
        return names

    def _person(self, told: Told) -> tuple[list[str], dict[str, Any]]:
        classes, held = super()._person(told)
        home = f"/home/{told['userName'].partition('@')[0]}"
        return classes, held | {
            "uidNumber": str(next(self._numbers)),
            "gidNumber": "100",
            "homeDirectory": home,
            "loginShell": "/bin/bash",
        }

    def _group(self, name: str, members: Iterable[str]) -> tuple[list[str], dict[str, Any]]:
        return ["top", "posixGroup"], {
            "gidNumber": str(next(self._numbers)),
            **{k: v for k, v in self._joined(members).items() if v},
        }

    def _joined(self, members: Iterable[str]) -> dict[str, list[Any]]:
        return {"memberUid": list(members)}
