"""The collection as the gateway sees it: five asynchronous verbs."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from connectors.contract import Capabilities, CollectionSpec, Page, Query
from connectors.entry import Attributes, Change, Entry
from connectors.filters import Leaf, Verdict
from connectors.ldap.controls import ASSERTION
from connectors.ldap.filters import judge
from connectors.ldap.lives import Lives
from connectors.ldap.place import Place
from connectors.ldap.pool import Pool
from connectors.ldap.reading import Reading
from connectors.ldap.references import Resolver
from connectors.ldap.requests import Requests
from connectors.ldap.updating import Updating

T = TypeVar("T")


class Runner(Protocol):
    """Runs one verb with a ``Link``."""

    def __call__(self, work: Callable[..., Awaitable[T]], *arguments: Any, write: bool = False) -> Awaitable[T]: ...


class LdapCollection:
    """See ``connectors.contract.Collection``."""

    def __init__(self, place: Place, places: Mapping[str, Place], pool: Pool, run: Runner) -> None:
        self.spec: CollectionSpec = place.spec
        self.capabilities = Capabilities(
            sorting=True,
            counting=True,
            versions=True,
            atomic=place.anchor.attribute.lower() == "entryuuid" and ASSERTION not in pool.settings.avoid,
            placed=True,
            multivalued=True,
            generates_id=True,
        )
        self._place = place
        self._pool = pool
        self._run = run
        resolver = Resolver(place, places, memberof=pool.settings.memberof)
        self._reading = Reading(place, resolver, pool.settings, lambda: pool.switched, pool.clock)
        requests = Requests(self._reading)
        self._lives = Lives(requests)
        self._updating = Updating(requests)

    def judge(self, leaf: Leaf) -> Verdict:
        """By the directory's own schema once it was seen, by the standard's before."""
        return judge(leaf, self._place, self._pool.features.schema)

    async def create(self, attributes: Attributes, id: str | None = None) -> Entry:
        """See ``Collection.create``; the directory makes the id."""
        del id
        return await self._run(self._lives.create, attributes, write=True)

    async def read(self, id: str, attributes: frozenset[str] | None = None) -> Entry:
        """See ``Collection.read``."""
        return await self._run(self._reading.read, id, attributes)

    async def search(self, query: Query) -> Page:
        """See ``Collection.search``."""
        return await self._run(self._reading.search, query)

    async def update(self, id: str, changes: Sequence[Change], expected: str | None = None) -> Entry | None:
        """See ``Collection.update``."""
        return await self._run(self._updating.update, id, changes, expected, write=True)

    async def delete(self, id: str, expected: str | None = None) -> None:
        """See ``Collection.delete``."""
        await self._run(self._lives.delete, id, expected, write=True)
