"""A Samba domain, searched as its administrator. Passwords cannot be read there, so they are tried."""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

import ldap3
from ldap3.utils.conv import escape_filter_chars

from tests.backends.samba import Samba
from tests.journeys.directories import Content, Told
from tests.journeys.in_slapd import unescaped

PERSON, GROUP = "(&(objectCategory=person)(objectClass=user))", "(objectClass=group)"
SYSTEM = frozenset({
    "instanceType", "whenCreated", "whenChanged", "uSNCreated", "uSNChanged", "name", "objectGUID", "objectSid",
    "objectCategory", "objectClass", "distinguishedName", "badPwdCount", "badPasswordTime", "codePage", "countryCode",
    "lastLogoff", "lastLogon", "lastLogonTimestamp", "logonCount", "pwdLastSet", "primaryGroupID", "accountExpires",
    "sAMAccountType", "memberOf", "directReports", "groupType", "lockoutTime",
})  # fmt: skip
"""what the server writes itself"""
RESTLESS = frozenset({
    "lastLogon", "lastLogonTimestamp", "logonCount", "badPwdCount", "badPasswordTime", "uSNChanged", "whenChanged",
    "distinguishedName",
})  # fmt: skip
"""what the tests' own logins change"""
DISABLED = 2


class InSamba:
    """See ``Directory``."""

    mapping = "active-directory"
    names: Mapping[str, str] = {
        "userName": "userPrincipalName",
        "externalId": "employeeNumber",
        "givenName": "givenName",
        "familyName": "sn",
        "displayName": "displayName",
        "title": "title",
        "userType": "employeeType",
        "email": "mail",
        "phone": "telephoneNumber",
        "mobile": "mobile",
        "department": "department",
        "manager": "manager",
        "active": "userAccountControl",
        "password": "unicodePwd",
    }
    raw_names: frozenset[str] = frozenset({"cn"})
    group_names: frozenset[str] = frozenset()

    def __init__(self, server: Samba) -> None:
        self.server = server
        self._passwords: dict[str, str] = {}
        self._account_names: dict[str, str] = {}

    def target(self) -> Mapping[str, Any]:
        return {
            "kind": "ldap",
            "urls": [self.server.url],
            "base": self.server.base,
            "bind": {"dn": self.server.bind_dn, "password": "file:password"},
            "ca": self.server.ca_file,
        }

    def content(self, passwords: Iterable[str]) -> Content:
        people = self.server.search(PERSON)
        users = {dn: self._user(dn, held, list(passwords)) for dn, held in people.items()}
        called = {unescaped(dn): told["userName"] for dn, told in users.items()}
        for told in users.values():
            if "manager" in told:
                told["manager"] = called[unescaped(told["manager"])]
        groups = {}
        for dn, held in self.server.search(GROUP).items():
            name = held["cn"][0]
            assert unescaped(dn) == f"CN={name},OU=groups,{self.server.base}"
            assert set(held) - SYSTEM <= {"cn", "member", "sAMAccountName"}
            groups[name] = {
                "displayName": name,
                "members": {called[unescaped(each)] for each in held.get("member", ())},
            }
        return {"user": {told["userName"]: told for told in users.values()}, "group": groups}

    def _user(self, dn: str, held: dict[str, list[str]], passwords: list[str]) -> Told:
        neutral = {raw: name for name, raw in self.names.items()}
        told: Told = {}
        for raw in held.keys() - SYSTEM:
            assert len(held[raw]) == 1, (raw, held[raw])
            told[neutral.get(raw, raw)] = held[raw][0]
        told["active"] = not int(told["active"]) & DISABLED
        unit = "contractors" if told.get("userType") == "Contractor" else "people"
        places = [f"CN={held['cn'][0]},OU={each},{self.server.base}" for each in (unit, "disabled")]
        assert unescaped(dn) == places[0] or (unescaped(dn) == places[1] and not told["active"]), dn
        one = held["uSNCreated"][0]
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
        rows = self.server.rows(f"(|{PERSON}{GROUP})")
        # where an entry stands follows from what it holds (``_user``), but for a leaver who is moved
        return sorted(str({raw: held for raw, held in row.items() if raw not in RESTLESS}) for row in rows.values())

    def id_of(self, kind: str, name: str) -> str:
        term = (
            f"(userPrincipalName={escape_filter_chars(name)})"
            if kind == "user"
            else f"(cn={escape_filter_chars(name)})"
        )
        found = self.server.rows(f"(&{PERSON if kind == 'user' else GROUP}{term})", attributes=("objectGUID",))
        assert len(found) == 1, list(found)
        return str(uuid.UUID(bytes_le=next(iter(found.values()))["objectGUID"][0]))

    def _dn(self, name: str) -> str:
        term = f"(userPrincipalName={escape_filter_chars(name)})"
        return next(iter(self.server.search(term, attributes=("cn",))))

    def add(self, kind: str, told: Told) -> None:
        if kind == "user":
            held = {self.names[key]: value for key, value in told.items() if key not in ("active", "password")}
            held["sAMAccountName"] = told["userName"].partition("@")[0][:20]
            held["userAccountControl"] = "512" if told["active"] else "514"
            held["unicodePwd"] = f'"{told.get("password", "Any-0ld-one")}"'.encode("utf-16-le")
            self._done(self.server.raw.add(f"CN={told['userName']},OU=people,{self.server.base}", "user", held))
            return
        held = {"sAMAccountName": told["displayName"], "member": [self._dn(each) for each in told.get("members", ())]}
        held = {name: value for name, value in held.items() if value}
        self._done(self.server.raw.add(f"CN={told['displayName']},OU=groups,{self.server.base}", "group", held))

    def change(self, kind: str, name: str, told: Told) -> None:
        if kind == "group":
            dn, held = f"CN={name},OU=groups,{self.server.base}", {"member": [self._dn(m) for m in told["members"]]}
        else:
            dn, held = self._dn(name), {self.names.get(key, key): [value] for key, value in told.items()}
        if "active" in told:
            held["userAccountControl"] = ["512" if told["active"] else "514"]
        if "cn" in held:
            self._done(self.server.raw.modify_dn(dn, f"CN={held['cn'][0]}"))
            dn = self._dn(name)
        changes = {raw: [(ldap3.MODIFY_REPLACE, values)] for raw, values in held.items() if raw != "cn"}
        self._done(self.server.raw.modify(dn, changes))

    def _done(self, worked: bool) -> None:
        assert worked, self.server.raw.result

    def derived(self, told: Told, outside: bool) -> Told:
        return {"cn": told["userName"]}

    def logs_in(self, name: str, password: str) -> bool | None:
        return self.server.bind(self._dn(name), password)

    def down(self) -> None:
        self.server.kill()

    def up(self) -> None:
        self.server.start()
