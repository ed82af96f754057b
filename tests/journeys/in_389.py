"""A 389 Directory Server, searched as its Directory Manager."""

from collections.abc import Iterable, Mapping
from typing import Any

from tests.journeys.in_slapd import InSlapd


class In389(InSlapd):
    """See ``Directory``."""

    mapping = "389ds"
    names: Mapping[str, str] = {**InSlapd.names, "active": "nsAccountLock"}
    anchor = "nsUniqueId"
    locked = "true"
    attributes = ("*", "nsAccountLock", "nsUniqueId", "entryusn")
    added = frozenset({"nsMemberOf"})
    unseen = frozenset({"objectClass", "memberOf", "nsUniqueId", "entryusn"})

    def _group(self, name: str, members: Iterable[str]) -> tuple[list[str], dict[str, Any]]:
        classes, held = super()._group(name, members)
        return classes, {} if held["member"] == [self._nobody] else held
