"""The connector contract: one backend, its collections, five asynchronous verbs.

A ``Connector`` is one backend: pool, login, health. ``collections(specs)`` opens the places in it where entries of
one kind live (a search base, a table, an endpoint), as one mapping file describes them. In words:

- Opening does no I/O: the gateway starts while a backend is down.
- Verbs may run concurrently, and all belong to one event loop. A cancelled verb releases what it holds.
- A verb that returns has taken effect, and a read sees it. A verb that raises anything but ``Unavailable`` has had no
  effect at all. ``update`` is all or nothing.
- Escaping is the connector's duty: last, and once. Callers never escape.
- An id is never a DN and outlives a rename. At the contract a reference is an id (``Ref``); the connector turns ids
  into DNs or keys and back, in batches.
- A filter handed down selects a superset of what the client meant, unless ``judge`` said exact.
- Only ``Unavailable`` is retried, by the layers above; a connector itself never resends a write. It may reconnect
  for reads.
- No value is ever logged. No detail of an error holds a secret or a host name.

A connector proves all this with ``connectors.testing``. It is found through the entry point group
``dirbridge.connectors`` under the ``kind`` that config.toml names.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from connectors.entry import Attributes, Change, Entry
from connectors.filters import Filter, Leaf, Verdict


@dataclass(frozen=True, slots=True)
class Reference:
    """An attribute whose values name other entries.

    :param collections: the names of the collections it may point into, in the order to try.
    :param display: collection name → the attributes there that may fill ``Ref.display``: the first that an entry has
        a value of, an empty text counting as none (absent: no label).
    """

    collections: tuple[str, ...]
    display: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CollectionSpec:
    """One ``[user]``, ``[group]`` or ``[resource.X]`` of a mapping file, as much of it as a connector needs.

    :param name: ``User``, ``Group`` or the resource's own name; what ``Ref.collection`` says.
    :param anchor: the attribute that holds the id; ``generate`` is how to make one (``uuid4``) where the backend
        does not.
    :param attributes: every target attribute the mapping reads or writes, ``@`` names excluded.
    :param options: the connector's own keys of the section, verbatim (``class``, ``rdn``, ``table``, ``http`` …).
    :param version: the attribute that holds the version, where the mapping names one.
    :param references: reference attribute → where it points.
    :param members: the ``[group.members]`` table, verbatim, or None; ``references["@members"]`` says where it points.
    :param children: SQL: attribute → the ``[user.child.X]`` table, verbatim.
    :param secrets: attributes to be written and never read (passwords).
    :param many: attributes that take several values. :param whole: attributes that hold JSON, given and taken as text.
    :param names: SCIM path → attribute, for people who write the path where an attribute is meant.
    :param calls: the calls of ``lifecycle.after``, verbatim; ``Calling.call`` makes them by their number.
    :param parents: every ``@parent`` that the mapping gives: where new entries go, and where lifecycle moves them.
    :param types: attribute → ``string boolean integer decimal dateTime binary reference`` as the SCIM side types it.
    """

    name: str
    anchor: str
    generate: str | None = None
    attributes: frozenset[str] = frozenset()
    options: Mapping[str, Any] = field(default_factory=dict)
    version: str | None = None
    references: Mapping[str, Reference] = field(default_factory=dict)
    members: Mapping[str, Any] | None = None
    children: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    secrets: frozenset[str] = frozenset()
    types: Mapping[str, str] = field(default_factory=dict)
    many: frozenset[str] = frozenset()
    whole: frozenset[str] = frozenset()
    names: Mapping[str, str] = field(default_factory=dict)
    calls: tuple[Mapping[str, Any], ...] = ()
    parents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a collection can do beyond the five verbs.

    :param sorting: ``sort_by`` is honoured; else it raises ``Unsupported``.
    :param counting: ``Page.total`` is exact.
    :param versions: entries carry a version and ``expected`` is honoured.
    :param atomic: ``expected`` is checked by the backend within the write itself.
    :param placed: ``@parent`` means something.
    :param multivalued: an attribute may have several values.
    :param repeatable: a create with the same attributes after a lost answer is the same create, not a second one.
    :param generates_id: the backend makes the id at creation; else the connector does, by ``spec.generate``.
    """

    sorting: bool = False
    counting: bool = False
    versions: bool = False
    atomic: bool = False
    placed: bool = False
    multivalued: bool = False
    generates_id: bool = True
    repeatable: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for.

    :param filter: or None for all; ``ids`` (when given) narrows to these and ignores those that do not exist.
    :param attributes: those to return; None = all of ``spec.attributes``, never the ``@`` ones, which are returned
        only when named here.
    :param sort_by: an attribute; entries that lack it come last, and first when ``descending`` (RFC 7644 §3.4.2.3);
        ties are broken by id. None = by id, or in an order of the backend's own that does not change. Text is
        compared case-insensitively unless ``sort_exact``.
    :param offset: entries to skip. :param limit: the most to return; None = all, 0 = only the total.
    :param cursor: ``Page.cursor`` of the page before; excludes ``offset``. A walk by cursor returns every entry that
        exists throughout exactly once.
    :param count: False when nobody needs ``Page.total``.
    """

    filter: Filter | None = None
    ids: Sequence[str] | None = None
    attributes: frozenset[str] | None = None
    sort_by: str | None = None
    sort_exact: bool = False
    descending: bool = False
    offset: int = 0
    limit: int | None = None
    cursor: str | None = None
    count: bool = True


@dataclass(frozen=True, slots=True)
class Page:
    """Entries in order, the exact total of the query (None where not asked or not known), and the next position."""

    entries: tuple[Entry, ...]
    total: int | None = None
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing ``check`` found: ``level`` is ``error`` or ``warning``; ``key`` the mapping key it is about, or ""."""

    level: str
    message: str
    collection: str = ""
    key: str = ""


@runtime_checkable
class Collection(Protocol):
    """Where entries of one kind live."""

    spec: CollectionSpec
    capabilities: Capabilities

    def judge(self, leaf: Leaf) -> Verdict:
        """Say, without I/O, how well this backend would answer one leaf of a filter.

        ``@id`` by ``EQ`` and by ``AnyOf`` is always ``EXACT``: the layers above find entries by it. All else may be
        ``UNSUPPORTED``. Who has the entries at hand decides with ``connectors.matching.matches``.
        """
        ...

    async def create(self, attributes: Attributes, id: str | None = None) -> Entry:
        """Make an entry and return it as it then stands (spec.attributes, no secrets).

        :param id: the id to use where ``generates_id`` is False; None = generate.
        :raises AlreadyExists, InvalidValue, UnknownReference, Refused, Unavailable:
        """
        ...

    async def read(self, id: str, attributes: frozenset[str] | None = None) -> Entry:
        """Return one entry.

        :raises NotFound, Unavailable:
        """
        ...

    async def search(self, query: Query) -> Page:
        """Return the entries that match.

        :raises Unsupported: it cannot, or ``query.cursor`` is none of this collection's.
        :raises TooMany, Unavailable:
        """
        ...

    async def update(self, id: str, changes: Sequence[Change], expected: str | None = None) -> Entry | None:
        """Apply all changes or none, and return the entry as it then stands (spec.attributes only).

        When every change is of ``@members`` the entry is not read back and None is returned.

        :raises NotFound, Conflict, AlreadyExists, InvalidValue, UnknownReference, Refused, Unavailable:
        """
        ...

    async def delete(self, id: str, expected: str | None = None) -> None:
        """Remove the entry, and what the backend would leave dangling (its memberships).

        :raises NotFound, Conflict, Refused, Unavailable:
        """
        ...


@runtime_checkable
class Calling(Protocol):
    """A collection that can also make the calls that follow lifecycle events (``spec.calls``)."""

    async def call(self, number: int, id: str) -> None:
        """Make ``spec.calls[number]`` for an entry, also when the entry is gone. Made twice it is as if made once.

        :raises ConnectorError: it could not be made.
        """
        ...


@runtime_checkable
class Connector(Protocol):
    """One backend. Built from its ``[target.NAME]`` table by ``from_options``; secrets are already resolved.

    A class whose ``shared`` names some of the gateway's own keys of that table (``settle``: seconds) is told them too.
    """

    @classmethod
    def from_options(cls, name: str, options: Mapping[str, Any]) -> "Connector":
        """Build from the keys of ``[target.NAME]`` but ``kind``. No I/O.

        :raises ValueError: one sentence naming the key, with a suggestion; several joined by newlines.
        """
        ...

    def collections(self, specs: Mapping[str, CollectionSpec]) -> Mapping[str, Collection]:
        """Open the collections of one mapping file. No I/O. References resolve among ``specs``.

        :raises ValueError: an option is missing or wrong; one sentence naming the key.
        """
        ...

    async def check(self, specs: Mapping[str, CollectionSpec]) -> Sequence[Finding]:
        """Ask the live backend whether ``specs`` fit it: schema, rights, columns, indices.

        :raises Unavailable: the backend cannot be asked.
        """
        ...

    async def close(self) -> None:
        """Release every connection and thread. Idempotent."""
        ...
