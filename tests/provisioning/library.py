"""A target, a ledger and a reader for the tests of reading: what the target holds and what the ledger adds are put
there by hand, so that nothing but reading is tried."""

import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.contract import Capabilities, Collection, CollectionSpec, Page, Query
from connectors.entry import MEMBERS, Attributes, Change, Entry, Ref
from connectors.filters import Leaf, Verdict
from connectors.memory import MemoryConnector
from gateway.ledger import Ledger, Scope
from gateway.ledger.model import Assertion, Confirmed, Intent
from gateway.mapping.compiled import Mapping, compile_mapping
from gateway.mapping.load import load
from gateway.mapping.schema.paths import parse_filter
from gateway.provisioning.model import EVERYTHING, ConnectionSettings, Listing, Search, Wanted
from gateway.provisioning.reading.reading import Reader

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
TEXT = """
format = 1
target = "memory"

[user]
anchor = "id"
match  = ["userName"]
created = "made"
modified = "changed"
USER

[user.map]
userName         = { attr = "uid", via = ["trim", "lower"], required = true }
externalId       = { store = "ledger" }
displayName      = "name"
title            = "title"
nickName         = { store = "ledger" }
"emails.value"   = { attr = "mail", element = { type = "work" } }
active           = { attr = "state", via = [{ states = { true = ["on"], false = ["off"] } }] }
"enterprise:manager.value" = { attr = "boss", ref = "user" }
"enterprise:department"    = "dept"

[user.show]
"meta.created"      = "made"
"meta.lastModified" = "changed"

[group]
anchor = "id"
match  = ["displayName"]
GROUP
[group.map]
displayName = { attr = "cn", required = true }
externalId  = { store = "ledger" }
[group.members]
attr = "member"
ref  = ["user", "group"]
MEMBERS
"""


@dataclass
class Poor:
    """A collection with less than the best backend, that counts what it is asked."""

    collection: Collection
    asked: list[Query]
    judging: bool = True
    capabilities: Capabilities = field(default_factory=Capabilities)

    def __post_init__(self) -> None:
        self.spec: CollectionSpec = self.collection.spec

    def judge(self, leaf: Leaf) -> Verdict:
        return self.collection.judge(leaf) if self.judging else Verdict.UNSUPPORTED

    async def create(self, attributes: Attributes, id: str | None = None) -> Entry:
        return await self.collection.create(attributes, id)

    async def read(self, id: str, attributes: frozenset[str] | None = None) -> Entry:
        self.asked.append(Query(ids=(id,), attributes=attributes))
        return self._versioned(await self.collection.read(id, attributes))

    async def search(self, query: Query) -> Page:
        self.asked.append(query)
        page = await self.collection.search(query)
        total = page.total if self.capabilities.counting else None
        return Page(tuple(map(self._versioned, page.entries)), total, page.cursor)

    async def update(self, id: str, changes: Sequence[Change], expected: str | None = None) -> Entry | None:
        return await self.collection.update(id, changes, expected)

    async def delete(self, id: str, expected: str | None = None) -> None:
        await self.collection.delete(id, expected)

    def _versioned(self, entry: Entry) -> Entry:
        return entry if self.capabilities.versions else replace(entry, version=None)


RICH = Capabilities(sorting=True, counting=True, versions=True, atomic=True, placed=True, multivalued=True)


@dataclass
class Library:
    """Everything to hand."""

    memory: MemoryConnector
    mapping: Mapping
    ledger: Ledger
    reader: Reader
    asked: list[Query]
    settings: ConnectionSettings

    async def user(self, id: str, **attributes: Any) -> str:
        return await self._plant("User", id, {"uid": id, "state": "on", **attributes})

    async def group(self, id: str, *members: str, **attributes: Any) -> str:
        refs = tuple(Ref(member) for member in members)
        return await self._plant("Group", id, {"cn": id, **({MEMBERS: refs} if refs else {}), **attributes})

    async def _plant(self, kind: str, id: str, attributes: dict[str, Any]) -> str:
        values = {name: value if isinstance(value, tuple) else (value,) for name, value in attributes.items()}
        collection = self.memory.collections(self.mapping.specs)[kind]
        return (await collection.create(values, id)).id

    async def confirm(self, id: str, kind: str = "User", connection: str = "okta", **outcome: Any) -> Assertion:
        """What a write has left in the ledger."""
        scope = Scope(connection, self.settings.target, kind)
        intent = Intent(uuid.uuid4().hex, scope, "patch", datetime.now(UTC), id=id)
        anchor = outcome.pop("anchor", id)
        return await self.ledger.confirm(intent, Confirmed(id, anchor, **outcome))

    def later(self, seconds: float) -> None:
        """Reading happens so much later than what was confirmed."""
        self.reader._clock = lambda: datetime.now(UTC) + timedelta(seconds=seconds)

    async def get(self, id: str, kind: str = "User", *wanted: str, without: Sequence[str] = ()) -> dict[str, Any]:
        attributes = frozenset(wanted) if wanted else None
        return await self.reader.read(kind, id, Wanted(attributes, frozenset(without)))

    async def find(self, filter: str | None = None, *kinds: str, **more: Any) -> Listing:
        node = parse_filter(filter) if filter else None
        wanted = Wanted(more.pop("wanted"), frozenset()) if "wanted" in more else EVERYTHING
        return await self.reader.search(Search(kinds or ("User",), node, wanted=wanted, **more))

    async def ids(self, filter: str | None = None, *kinds: str, **more: Any) -> list[str]:
        listing = await self.find(filter, *kinds, **more)
        if "start_index" not in more and "count" not in more:
            assert listing.total == len(listing.resources)
        return [resource["id"] for resource in listing.resources]

    async def walk(self, filter: str | None = None, *kinds: str, count: int = 3, **more: Any) -> list[str]:
        """All ids, page by page with a cursor."""
        found: list[str] = []
        position = None
        while True:
            listing = await self.find(filter, *kinds, count=count, by_cursor=True, position=position, **more)
            assert len(listing.resources) <= count
            found += [resource["id"] for resource in listing.resources]
            position = listing.next
            if position is None:
                return found


@asynccontextmanager
async def library(
    path: Path,
    *,
    user: str = "",
    group: str = "",
    members: str = "",
    capabilities: Capabilities = RICH,
    judging: bool = True,
    max_scan: int = 100_000,
    ledger_url: str = "sqlite://",
) -> AsyncIterator[Library]:
    file = path / "library.toml"
    file.write_text(TEXT.replace("USER", user).replace("GROUP", group).replace("MEMBERS", members))
    mapping = compile_mapping(load(file))
    memory, asked = MemoryConnector(), list[Query]()
    collections = {
        name: Poor(one, asked, judging, capabilities) for name, one in memory.collections(mapping.specs).items()
    }
    ledger = await Ledger.open(ledger_url)
    settings = ConnectionSettings("okta", "store", max_scan=max_scan)
    reader = Reader(settings, mapping, collections, ledger)
    try:
        yield Library(memory, mapping, ledger, reader, asked, settings)
    finally:
        await ledger.close()
