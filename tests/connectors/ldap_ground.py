"""Fixtures for the LDAP connector's own tests: a connector on the session's slapd, and short ways to fill it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from connectors.entry import Change, Entry, Kind, Ref, Value
from connectors.ldap import LdapConnector
from connectors.ldap.collection import LdapCollection
from tests.backends.slapd import Slapd
from tests.connectors.ldap_mapping import GROUP, USER


class Ground:
    """A connector and its two collections."""

    def __init__(self, connector: LdapConnector, slapd: Slapd) -> None:
        self.connector = connector
        self.slapd = slapd
        self.collections = connector.collections({"User": USER, "Group": GROUP})
        self.users: LdapCollection = self.collections["User"]
        self.groups: LdapCollection = self.collections["Group"]

    async def user(self, uid: str, **more: Value) -> Entry:
        values = {"uid": uid, "cn": uid, "sn": "Lee", "@parent": "ou=people,{base}", **more}
        return await self.users.create({name: (value,) for name, value in values.items()})

    async def group(self, cn: str, *members: Entry) -> Entry:
        refs = {"@members": tuple(Ref(each.id) for each in members)} if members else {}
        return await self.groups.create({"cn": (cn,), "@parent": ("ou=groups,{base}",), **refs})

    async def set(self, entry: Entry, **values: Value) -> Entry:
        changes = [Change(Kind.REPLACE, name, (value,)) for name, value in values.items()]
        changed = await self.users.update(entry.id, changes)
        assert changed is not None
        return changed

    def raw(self, filter: str) -> dict[str, list[str]]:
        """The one entry that a raw search finds."""
        (found,) = self.slapd.search(filter).values()
        return found


@asynccontextmanager
async def ground(slapd: Slapd, **options: Any) -> AsyncIterator[Ground]:
    """A connector with these options beside the usual ones, closed afterwards."""
    connector = LdapConnector.from_options("test", {**slapd.options, **options})
    try:
        yield Ground(connector, slapd)
    finally:
        await connector.close()


def join(*members: Entry, kind: Kind = Kind.ADD) -> list[Change]:
    """The change that these become members, or no longer are."""
    return [Change(kind, "@members", tuple(Ref(each.id) for each in members))]
