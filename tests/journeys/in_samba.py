"""A Samba domain, searched as its administrator. Passwords cannot be read there, so they are tried."""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from tests.backends.samba import Samba
from tests.journeys.directories import Told
from tests.journeys.in_ldap import InLdap

DISABLED = 2


class InSamba(InLdap):
    """See ``Directory``."""

    mapping = "active-directory"
    names: Mapping[str, str] = {
        **InLdap.names,
        "userName": "userPrincipalName",
        "department": "department",
        "active": "userAccountControl",
        "password": "unicodePwd",
    }
    person, group = "(&(objectCategory=person)(objectClass=user))", "(objectClass=group)"
    rdn, anchor = "cn", "objectGUID"
    unseen = frozenset({
        "instanceType", "whenCreated", "whenChanged", "uSNCreated", "uSNChanged", "name", "objectGUID", "objectSid",
        "objectCategory", "objectClass", "distinguishedName", "badPwdCount", "badPasswordTime", "codePage",
        "countryCode", "lastLogoff", "lastLogon", "lastLogonTimestamp", "logonCount", "pwdLastSet", "primaryGroupID",
        "accountExpires", "sAMAccountType", "memberOf", "directReports", "groupType", "lockoutTime",
    })  # fmt: skip
    restless = frozenset({
        "lastLogon", "lastLogonTimestamp", "logonCount", "badPwdCount", "badPasswordTime", "uSNChanged", "whenChanged",
        "distinguishedName",
    })  # fmt: skip
    group_holds = frozenset({"cn", "member", "sAMAccountName"})

    def __init__(self, server: Samba) -> None:
        super().__init__(server)
        self._passwords: dict[str, str] = {}
        self._account_names: dict[str, str] = {}

    def _user(self, dn: str, held: dict[str, list[str]], passwords: list[str]) -> Told:
        told = self._told(held)
        told["active"] = not int(told["active"]) & DISABLED
        unit = "contractors" if told.get("userType") == "Contractor" else "people"
        units = (unit,) if told["active"] else (unit, "disabled")
        assert any(self._stands(dn, "cn", held["cn"][0], each) for each in units), dn
        (one,) = held["uSNCreated"]
        assert self._account_names.setdefault(one, told.pop("sAMAccountName")) == held["sAMAccountName"][0], "set once"
        if told["active"]:  # of somebody who is locked out nobody can tell
            fits = next((each for each in passwords if self.server.bind(dn, each)), None)
            self._passwords.pop(one, None)
            if fits:
                self._passwords[one] = fits
        if one in self._passwords:
            told["password"] = self._passwords[one]
        return told

    def traces(self) -> Any:
        # where an entry stands follows from what it holds (``_user``), but for a leaver who is moved
        return sorted(str(sorted(row.items())) for row in super().traces().values())

    def _id(self, anchor: bytes) -> str:
        return str(uuid.UUID(bytes_le=anchor))

    def _person(self, told: Told) -> tuple[list[str], dict[str, Any]]:
        held = {self.names[key]: value for key, value in told.items() if key not in ("active", "password")}
        held["sAMAccountName"] = told["userName"].partition("@")[0][:20]
        held["userAccountControl"] = self._switch(told["active"])
        held["unicodePwd"] = f'"{told.get("password", "Any-0ld-one")}"'.encode("utf-16-le")
        return ["user"], held

    def _group(self, name: str, members: Iterable[str]) -> tuple[list[str], dict[str, Any]]:
        held = {"sAMAccountName": name, **self._joined(members)}
        return ["group"], {raw: value for raw, value in held.items() if value}

    def _switch(self, active: bool) -> list[str]:
        return ["512" if active else "514"]

    def derived(self, told: Told, outside: bool) -> Told:
        return {"cn": told["userName"]}
