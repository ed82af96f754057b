"""A 389 Directory Server, searched as its Directory Manager."""

from collections.abc import Mapping
from typing import Any

from tests.backends.ds389 import Ds389
from tests.journeys.directories import Told
from tests.journeys.in_slapd import InSlapd


class In389(InSlapd):
    """See ``Directory``."""

    mapping = "389ds"
    names: Mapping[str, str] = {**InSlapd.names, "active": "nsAccountLock"}
    anchor = "nsUniqueId"
    locked = ("true",)
    operational = ("nsAccountLock", "nsUniqueId", "entryusn")
    unseen = frozenset({"memberOf", "nsMemberOf", "nsUniqueId", "entryusn"})

    def __init__(self, server: Ds389) -> None:
        super().__init__(server)
        self.server: Ds389 = server

    def target(self) -> Mapping[str, Any]:
        return {
            "kind": "ldap",
            "urls": [self.server.url],
            "base": self.server.base,
            "bind": {"dn": self.server.bind_dn, "password": "file:password"},
            "ca": self.server.ca_file,
        }

    def add(self, kind: str, told: Told) -> None:
        super().add(kind, told)
        if kind == "group" and not told.get("members"):
            self._done(self.server.raw.modify(f"cn={told['displayName']},ou=groups,{self.server.base}", EMPTY))


EMPTY = {"member": [("MODIFY_REPLACE", [])]}
