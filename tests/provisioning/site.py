"""A whole small site for a test: a mapping, a store in memory behind bad weather, a ledger, a provisioner."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from connectors.contract import Capabilities, Collection, CollectionSpec, Page, Query
from connectors.entry import MEMBERS, Attributes, Change, Entry, Kind, Ref
from connectors.errors import Unavailable
from connectors.filters import Leaf, Verdict
from connectors.memory import MemoryConnector
from gateway.ledger import Ledger
from gateway.mapping.compiled import Mapping as CompiledMapping
from gateway.mapping.compiled import compile_mapping
from gateway.mapping.load import load
from gateway.provisioning.ground import AfterCall
from gateway.provisioning.model import (
    ANY,
    EVERYTHING,
    ConnectionSettings,
    MemberChange,
    Patch,
    Precondition,
    RetrySettings,
)
from gateway.provisioning.provisioner import Provisioner
from gateway.provisioning.worker import Worker

QUICK = RetrySettings(attempts=3, deadline=5.0, initial=0.0, longest=0.0)
ONCE = RetrySettings(attempts=1, deadline=5.0, initial=0.0, longest=0.0)

USER = """
format = 1
target = "memory"

[user]
anchor = "id"
match  = ["externalId", "userName"]
{user}

[user.map]
userName          = {{ attr = "uid", via = ["trim", "lower"], required = true }}
externalId        = "ext"
displayName       = "name"
"name.givenName"  = "first"
"name.familyName" = "last"
title             = "title"
"emails.value"    = {{ attr = "mail", element = {{ type = "work" }} }}
"enterprise:manager.value" = {{ attr = "boss", ref = "user" }}
"enterprise:department"    = "dept"
password          = {{ attr = "secret", only = "write" }}
{active}
{rows}
"""
ACTIVE = 'active = { attr = "state", via = [{ states = { true = ["on", "invited"], false = ["off", "locked"] } }] }'
LIFECYCLE = """
[user.lifecycle]
{lifecycle}
"""
GROUP = """
[group]
anchor = "id"
match  = ["displayName"]
{group}
[group.map]
displayName = {{ attr = "cn", required = true }}
externalId  = {{ store = "ledger" }}
[group.members]
attr  = "member"
ref   = "user"
chunk = 5
{members}
"""


def mapping_text(
    *,
    user: str = "",
    active: str = ACTIVE,
    rows: str = "",
    lifecycle: str = "",
    group: str = "",
    members: str = "",
) -> str:
    """The mapping file of a test, with what this test wants otherwise."""
    parts = [USER.format(user=user, active=active, rows=rows), LIFECYCLE.format(lifecycle=lifecycle)]
    return "".join([*parts, GROUP.format(group=group, members=members)])


class Weather:
    """What happens to the next calls of a backend: ``down`` for all, or one word a write from ``coming``.

    ``before``: fails, nothing was sent. ``lost``: fails, and nobody knows that nothing happened. ``after``: takes
    effect, and the answer is lost. ``dies``: likewise, and the backend is down from then on. ``crash``, ``crash
    after``: the gateway itself ends, before or after the effect. ``overtaken``: somebody else changes the title of the
    entry just before. ``fine``: nothing.
    """

    def __init__(self) -> None:
        self.down = False
        self.coming: list[str] = []
        self.calls: list[tuple[str, str]] = []
        self._meanwhile: list[Callable[[], Awaitable[object]] | None] = []
        self._running: list[asyncio.Future[object]] = []

    def meanwhile(self, *requests: Callable[[], Awaitable[object]] | None) -> None:
        """Just before the next writes reach the backend another request each comes in, and gets as far as it can."""
        self._meanwhile = list(requests)

    async def overtake(self) -> None:
        """Let whoever is to come meanwhile go as far as they can without whoever writes now."""
        request = self._meanwhile.pop(0) if self._meanwhile else None
        if request is None:
            return
        running = asyncio.ensure_future(request())
        self._running.append(running)
        for _ in range(500):  # turns of the loop; the ledger in memory needs no other thread
            if running.done():
                break
            await asyncio.sleep(0)

    async def arrived(self) -> list[object]:
        """What those who came meanwhile were answered."""
        running, self._running = self._running, []
        return await asyncio.gather(*running, return_exceptions=True)

    def clear(self) -> None:
        self.down, self.coming, self.calls = False, [], []

    def before_read(self, verb: str, kind: str) -> None:
        self.calls.append((verb, kind))
        if self.down:
            raise Unavailable("the store is down")

    def before_write(self, verb: str, kind: str) -> str:
        self.calls.append((verb, kind))
        word = self.coming.pop(0) if self.coming else "fine"
        if word == "crash":
            raise asyncio.CancelledError
        if self.down:
            raise Unavailable("the store is down")
        if word in ("before", "lost"):
            raise Unavailable("the store stumbled", uncertain=word == "lost")
        return word

    def after_write(self, word: str) -> None:
        if word == "crash after":
            raise asyncio.CancelledError
        if word in ("after", "dies"):
            self.down = word == "dies"
            raise Unavailable("the answer was lost", uncertain=True)

    @property
    def writes(self) -> list[tuple[str, str]]:
        return [call for call in self.calls if call[0] in ("create", "update", "delete")]


class Stormy:
    """A collection under the weather.

    :param chooses: whether the caller may choose ids, as with a table; else the store makes them, as a directory does.
    """

    def __init__(self, collection: Collection, weather: Weather, chooses: bool) -> None:
        self._collection = collection
        self._weather = weather
        self.spec: CollectionSpec = collection.spec
        self.capabilities: Capabilities = Capabilities(
            sorting=True,
            counting=True,
            versions=True,
            atomic=True,
            placed=True,
            multivalued=True,
            generates_id=not chooses,
        )

    def judge(self, leaf: Leaf) -> Verdict:
        return self._collection.judge(leaf)

    async def read(self, id: str, attributes: frozenset[str] | None = None) -> Entry:
        self._weather.before_read("read", self.spec.name)
        return await self._collection.read(id, attributes)

    async def search(self, query: Query) -> Page:
        self._weather.before_read("search", self.spec.name)
        return await self._collection.search(query)

    async def create(self, attributes: Attributes, id: str | None = None) -> Entry:
        await self._weather.overtake()
        word = self._weather.before_write("create", self.spec.name)
        entry = await self._collection.create(attributes, id)
        self._weather.after_write(word)
        return entry

    async def update(self, id: str, changes: Sequence[Change], expected: str | None = None) -> Entry | None:
        await self._weather.overtake()
        word = self._weather.before_write("update", self.spec.name)
        if word == "overtaken":
            await self._collection.update(
                id, [Change(Kind.REPLACE, "title", (f"overtaken {len(self._weather.calls)}",))]
            )
        entry = await self._collection.update(id, changes, expected)
        self._weather.after_write(word)
        return entry

    async def delete(self, id: str, expected: str | None = None) -> None:
        await self._weather.overtake()
        word = self._weather.before_write("delete", self.spec.name)
        await self._collection.delete(id, expected)
        self._weather.after_write(word)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Site:
    """One target, one ledger, and a connection to it."""

    provisioner: Provisioner
    ledger: Ledger
    memory: MemoryConnector
    weather: Weather
    clock: Clock
    text: str
    path: Path
    chooses: bool
    options: dict[str, Any] = field(default_factory=dict)

    def connect(self, name: str, *, text: str | None = None, **settings: Any) -> Provisioner:
        """Another connection to the same target."""
        options = {"retry": QUICK, "settle": 0.0, **settings}
        where = (self.path, text or self.text, self.memory, self.weather, self.ledger, self.clock, self.chooses)
        return build(*where, name, options)

    def restarted(self) -> None:
        """The gateway as a new process would find it."""
        self.provisioner = self.connect(self.provisioner.connection, **self.options)

    def worker(self) -> Worker:
        return Worker(self.ledger, {self.provisioner.connection: self.provisioner}, clock=self.clock)

    async def later(self) -> int:
        """Everything pending becomes due, and the worker looks once."""
        self.clock.forward(3600)
        return await self.worker().work()

    # what the target holds, past all layers

    def entry(self, anchor: str, kind: str = "User") -> dict[str, tuple[Any, ...]]:
        return self.memory.store[kind][anchor].attributes

    def entries(self, kind: str = "User") -> dict[str, dict[str, tuple[Any, ...]]]:
        return {id: record.attributes for id, record in self.memory.store.get(kind, {}).items()}

    def members(self, anchor: str) -> set[str]:
        return {ref.id for ref in self.entry(anchor, "Group").get(MEMBERS, ()) if isinstance(ref, Ref)}

    async def plant(self, kind: str = "User", id: str | None = None, **attributes: Any) -> str:
        """An entry that somebody else made."""
        collection = self.memory.collections(self.provisioner.mapping.specs)[kind]
        values = {name: value if isinstance(value, tuple) else (value,) for name, value in attributes.items()}
        return (await collection.create(values, id)).id

    async def touch(self, anchor: str, kind: str = "User", **attributes: Any) -> None:
        """A change that somebody else makes."""
        record = self.memory.store[kind][anchor]
        for name, value in attributes.items():
            record.attributes.pop(name, None)
            if value is not None:
                record.attributes[name] = value if isinstance(value, tuple) else (value,)
        record.version += 1

    # requests, as the SCIM room makes them

    async def post(self, resource: Mapping[str, Any], kind: str = "User") -> dict[str, Any]:
        return await self.provisioner.create(kind, dict(resource))

    async def get(self, id: str, kind: str = "User") -> dict[str, Any]:
        return await self.provisioner.read(kind, id, EVERYTHING)

    async def put(
        self, id: str, resource: Mapping[str, Any], kind: str = "User", when: Precondition = ANY
    ) -> dict[str, Any]:
        return (await self.provisioner.replace(kind, id, dict(resource), when)).resource

    async def patch(
        self, id: str, named: Mapping[str, Any], kind: str = "User", when: Precondition = ANY
    ) -> dict[str, Any] | None:
        """``replace`` each named path; None removes it."""
        return await self.provisioner.patch(kind, id, replacing(named), when)

    async def change_members(self, id: str, *changes: MemberChange) -> None:
        await self.provisioner.patch("Group", id, Patch(members=changes), ANY, None)

    async def add(self, id: str, *members: str) -> None:
        await self.change_members(id, MemberChange("add", members))

    async def remove(self, id: str, *members: str) -> None:
        await self.change_members(id, MemberChange("remove", members))

    async def delete(self, id: str, kind: str = "User", when: Precondition = ANY) -> None:
        await self.provisioner.delete(kind, id, when)


def replacing(named: Mapping[str, Any]) -> Patch:
    from gateway.provisioning.documents import with_value

    def apply(resource: dict[str, Any]) -> dict[str, Any]:
        for path, value in named.items():
            resource = with_value(resource, path, value)
        return resource

    return Patch(named=frozenset(named), apply=apply)


@lru_cache(maxsize=64)
def compiled(path: Path, text: str) -> CompiledMapping:
    """A mapping, compiled once for each test."""
    file = path / "mapping.toml"
    file.write_text(text)
    return compile_mapping(load(file))


def build(
    path: Path,
    text: str,
    memory: MemoryConnector,
    weather: Weather,
    ledger: Ledger,
    clock: Callable[[], datetime],
    chooses: bool,
    name: str,
    options: Mapping[str, Any],
    after: AfterCall | None = None,
) -> Provisioner:
    mapping = compiled(path, text)
    collections = {kind: Stormy(one, weather, chooses) for kind, one in memory.collections(mapping.specs).items()}
    settings = ConnectionSettings(name=name, target="store", **options)
    return Provisioner(settings, mapping, collections, ledger, clock=clock, after=after)


@asynccontextmanager
async def site(
    path: Path,
    text: str | None = None,
    *,
    after: AfterCall | None = None,
    unique: Iterable[str] = (),
    chooses: bool = True,
    ledger_url: str = "sqlite://",
    **settings: Any,
) -> AsyncIterator[Site]:
    """A site with one connection, ``okta``."""
    text = mapping_text() if text is None else text
    options = {"retry": QUICK, "settle": 0.0, **settings}
    memory, weather, clock = MemoryConnector(unique=tuple(unique)), Weather(), Clock()
    ledger = await Ledger.open(ledger_url)
    try:
        provisioner = build(path, text, memory, weather, ledger, clock, chooses, "okta", options, after)
        yield Site(provisioner, ledger, memory, weather, clock, text, path, chooses, options)
    finally:
        await ledger.close()
