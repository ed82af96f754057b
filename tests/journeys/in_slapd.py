"""OpenLDAP directories: of people, and of people who log in to machines (the preset ``openldap-posix``)."""

from collections.abc import Iterable, Mapping
from typing import Any

from tests.journeys.directories import Told, fits_ssha, told_password
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
        return ["top", "groupOfNames"], {"member": [self._dn(each) for each in members] or [self._nobody]}

    def _switch(self, active: bool) -> list[str]:
        return [] if active else [self.locked]

    def derived(self, told: Told, outside: bool) -> Told:
        return {"cn": f"{told['givenName']} {told['familyName']}" if "givenName" in told else told["userName"]}
