"""Reading: one entry by id, and lists."""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace

from connectors.contract import Page, Query
from connectors.entry import GROUPS, ID, MEMBERS, PARENT, Entry
from connectors.errors import NotFound, TooMany, Unavailable, Unsupported
from connectors.filters import AnyOf, Filter
from connectors.ldap import query as terms
from connectors.ldap.controls import PAGED
from connectors.ldap.filters import Translator
from connectors.ldap.listing import (
    Key,
    Snapshot,
    Snapshots,
    left_out,
    ordered,
    read_cursor,
    snapshot,
    sort_key,
    write_cursor,
)
from connectors.ldap.messages import BASE_OBJECT, Row
from connectors.ldap.options import Settings
from connectors.ldap.place import Place
from connectors.ldap.pool import Link
from connectors.ldap.query import ALL
from connectors.ldap.ranges import ranged, whole
from connectors.ldap.references import BATCH, Resolver
from connectors.ldap.together import Short, Together

_KNOWN = 20_000
_MANY = 2_000
"""From how many ids on they are put in order in a thread, so that no other request waits for it."""


class Known:
    """Where entries were last seen: id → (DN, when). A hint only: every use of it is guarded by the id."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._seen: OrderedDict[str, tuple[str, float]] = OrderedDict()

    def put(self, id: str, dn: str) -> None:
        self._seen[id] = (dn, self.clock())
        self._seen.move_to_end(id)
        if len(self._seen) > _KNOWN:
            self._seen.popitem(last=False)

    def get(self, id: str) -> tuple[str, float] | None:
        return self._seen.get(id)

    def drop(self, id: str) -> None:
        self._seen.pop(id, None)


class Reading:
    """The reading half of a collection."""

    def __init__(
        self,
        place: Place,
        resolver: Resolver,
        settings: Settings,
        switched: Callable[[], float | None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.place = place
        self.resolver = resolver
        self._together = Together(place, resolver)
        self.known = Known(clock)
        self.snapshots = Snapshots(clock)
        self._settings = settings
        self._switched = switched
        self._clock = clock

    async def read(self, link: Link, id: str, attributes: frozenset[str] | None) -> Entry:
        """See ``Collection.read``."""
        names, seen = self.requested(link, attributes), self.known.get(id)
        if seen is not None and attributes is not None and GROUPS in attributes:
            found = await self._together.by_id(link, id, seen[0], names, attributes)
            if found is not None:
                self.known.put(id, found[0].dn)
                return found[1]
        row = await self.locate(link, id, names)
        return (await self.entries(link, [row], attributes))[0]

    def requested(self, link: Link, attributes: frozenset[str] | None) -> list[str]:
        names = [*self.place.requested(attributes), *self.resolver.requested(link, attributes)]
        if not link.features.active_directory or attributes is None or MEMBERS not in attributes:
            return names
        return [ranged(name) if name == self.place.member else name for name in names]

    async def locate(self, link: Link, id: str, attributes: Sequence[str]) -> Row:
        """The entry as the directory holds it.

        :raises NotFound: it is not there, and its place is readable.
        :raises Unavailable: that cannot be said.
        """
        asserted = self.place.anchor.asserted(id)
        wanted = terms.NOTHING if asserted is None else self.place.by_id([asserted])
        for base in self.place.bases if asserted is not None else ():
            for row in await link.find(base, wanted, attributes):
                self.known.put(id, row.dn)
                return row
        for base in self.place.bases:
            if not await link.find(base, ALL, ("1.1",), BASE_OBJECT):
                raise Unavailable("the place in the directory where these entries live may not be read")
        seen, switched = self.known.get(id), self._switched()
        if seen and switched and seen[1] < switched and self._clock() - switched < self._settings.settle:
            raise Unavailable("another server answers now, and does not have this entry yet")
        self.known.drop(id)
        raise NotFound(f"there is no {self.place.spec.name} with this id")

    async def entries(self, link: Link, rows: Sequence[Row], attributes: frozenset[str] | None) -> list[Entry]:
        """Rows as the contract shows them, references resolved in batches."""
        if link.features.active_directory:
            rows = [await whole(link, row) for row in rows]
        filled = await self.resolver.fill(link, rows, attributes)
        server = link.features.server
        return [self.place.entry(row, attributes, refs, server) for row, refs in zip(rows, filled, strict=True)]

    async def search(self, link: Link, query: Query) -> Page:
        """See ``Collection.search``."""
        self._sortable(query)
        term, gone = left_out(query.filter)
        query = replace(query, filter=term)
        wanted = await self._terms(link, query)
        if query.cursor is None and query.limit != 0:
            if query.limit is None or query.ids is not None:
                rows = [row async for row in self._rows(link, wanted, self._with_sort(link, query))]
                return await self._whole(link, query, Short(rows), gone)
            if query.filter is not None and query.offset == 0 and len(wanted) == 1 and len(self.place.bases) == 1:
                short = await self._short(link, wanted[0], query)
                if short is not None:
                    return await self._whole(link, query, short, gone)
        return await self._page(link, query, wanted, gone)

    def _sortable(self, query: Query) -> None:
        name = query.sort_by
        virtual = name in (MEMBERS, GROUPS, PARENT) or name in self.place.spec.references
        if name is not None and (virtual or name.lower() in self.place.secrets):
            raise Unsupported(f"the directory cannot sort by '{name}'", attribute=name)

    async def _terms(self, link: Link, query: Query) -> list[bytes]:
        """Filters whose results together are the query's; more than one only where it names very many values."""
        translator = Translator(
            self.place, link.features.schema, lambda name, ids: self.resolver.filter(link, name, ids)
        )
        filters = [ALL] if query.filter is None else [await translator.translate(part) for part in _parts(query.filter)]
        if query.ids is None:
            return [terms.both(each, self.place.filter) for each in filters]
        asserted = [raw for id in dict.fromkeys(query.ids) if (raw := self.place.anchor.asserted(id)) is not None]
        batches = [self.place.by_id(asserted[at : at + BATCH]) for at in range(0, len(asserted), BATCH)]
        return [terms.both(batch, each) for batch in batches for each in filters]

    def _with_sort(self, link: Link, query: Query) -> list[str]:
        names = self.requested(link, query.attributes)
        if query.sort_by is not None and query.sort_by != ID and query.sort_by not in names:
            names.append(query.sort_by)
        return names

    async def _rows(self, link: Link, wanted: Sequence[bytes], attributes: Sequence[str]) -> AsyncIterator[Row]:
        """Every entry of ``wanted``, each once."""
        several = len(wanted) > 1
        seen: set[str] = set()
        paged = link.features.has(PAGED)
        for base in self.place.bases:
            for term in wanted:
                cookie = b""
                while term != terms.NOTHING:
                    if paged:
                        rows, cookie = await link.find_page(base, term, attributes, self._settings.page, cookie)
                    else:
                        rows = await link.find(base, term, attributes)
                    for row in rows:
                        if not several:
                            yield row
                        elif row.dn not in seen:
                            seen.add(row.dn)
                            yield row
                    if not cookie:
                        break

    async def _short(self, link: Link, wanted: bytes, query: Query) -> Short | None:
        """All entries of a filter if one page holds them, as one search; else None."""
        limit = query.limit or 0
        if not link.features.has(PAGED) or limit > self._settings.page:
            return None
        if wanted == terms.NOTHING:
            return Short(())
        names = self._with_sort(link, query)
        short = await self._together.by_filter(link, wanted, query, names)
        if short is not None:
            return short
        rows, cookie = await link.find_page(self.place.bases[0], wanted, names, limit)
        return None if cookie else Short(rows)

    async def _whole(self, link: Link, query: Query, short: Short, gone: frozenset[str]) -> Page:
        """A page of what was read in full."""
        named = [row for row in short.rows if (id := self.place.id_of(row)) is not None and id not in gone]
        order = ordered([self._keyed(row, query) for row in named], query.descending)
        end = None if query.limit is None else query.offset + query.limit
        chosen = [named[at] for at in order[query.offset : end]]
        for row in chosen:
            self.known.put(self.place.id_of(row) or "", row.dn)
        if (
            short.groups is not None
            and len(chosen) == 1
            and (len(short.rows) == 1 or not gone)
            and query.attributes is not None
        ):
            entries = [await self._together.entry(link, chosen[0], query.attributes, short.groups)]
        else:
            entries = await self.entries(link, chosen, query.attributes)
        cursor = None
        if end is not None and end < len(named) and chosen:
            cursor = write_cursor(0.0, 0, self._keyed(chosen[-1], query))
        return Page(tuple(entries), len(named) if query.count else None, cursor)

    def _keyed(self, row: Row, query: Query) -> tuple[Key, str]:
        id = self.place.id_of(row) or ""
        name = query.sort_by
        if name is None or name == ID or name.lower() == self.place.anchor.attribute.lower():
            return (False, id), id
        number = self.place.spec.types.get(name) == "integer"
        return sort_key(row.values.get(name.lower(), ()), query.sort_exact, number), id

    async def _page(self, link: Link, query: Query, wanted: Sequence[bytes], gone: frozenset[str]) -> Page:
        """A page of a list: its ids from the list, its entries in one search."""
        digest = hashlib.sha256(repr((wanted, query.sort_by, query.sort_exact, query.descending)).encode()).digest()
        position = query.offset
        if query.cursor is None:
            kept = self.snapshots.find(digest, walk=False) if query.offset else None
            kept = (kept or await self._read_list(link, query, wanted, digest)).but(gone)
        else:
            read_at, position, last = read_cursor(query.cursor)
            found = self.snapshots.find(digest, walk=True)
            kept = (found or await self._read_list(link, query, wanted, digest)).but(gone)
            if gone or kept.read_at != read_at:
                position = kept.position_after(last)
        total = len(kept.ids)
        end = total if query.limit is None else min(total, position + query.limit)
        ids = kept.ids[position:end]
        entries = await self._by_ids(link, ids, wanted if len(wanted) == 1 else [self.place.filter], query.attributes)
        cursor = None
        if end < total and ids:
            key = kept.keys[end - 1] if kept.keys else (False, None)
            cursor = write_cursor(kept.read_at, end, (key, ids[-1]))
        return Page(tuple(entries), total if query.count else None, cursor)

    async def _read_list(self, link: Link, query: Query, wanted: Sequence[bytes], digest: bytes) -> Snapshot:
        by_id = query.sort_by is None or query.sort_by == ID
        steady = by_id and query.filter is None
        generation = self.snapshots.now(steady=steady)
        names = [self.place.anchor.attribute, *([] if by_id else [str(query.sort_by)])]
        found: list[tuple[Key, str]] = []
        async for row in self._rows(link, wanted, names):
            if self.place.id_of(row) is not None:
                found.append(self._keyed(row, query))
            if len(found) > self._settings.max_scan:
                raise TooMany(f"the list has more than {self._settings.max_scan} entries")
        arguments = (found, query, self.place.anchor, self._clock(), generation)
        made = snapshot(*arguments) if len(found) < _MANY else await asyncio.to_thread(snapshot, *arguments)
        made.steady = steady
        if query.limit != 0:
            self.snapshots.keep(digest, made)
        return made

    async def _by_ids(
        self, link: Link, ids: Sequence[str], wanted: Sequence[bytes], attributes: frozenset[str] | None
    ) -> list[Entry]:
        """The entries of a page in its order; those that have gone or changed out of it meanwhile are left out."""
        rows: dict[str, Row] = {}
        asserted = [raw for id in ids if (raw := self.place.anchor.asserted(id)) is not None]
        names = self.requested(link, attributes)
        for at in range(0, len(asserted), BATCH):
            among = terms.any_value(self.place.anchor.attribute, asserted[at : at + BATCH])
            for base in self.place.bases:
                for row in await link.find(base, terms.both(among, wanted[0]), names):
                    rows[self.place.id_of(row) or ""] = row
        found = [(id, rows[id]) for id in ids if id in rows]
        for id, row in found:
            self.known.put(id, row.dn)
        return await self.entries(link, [row for _, row in found], attributes)


def _parts(filter: Filter) -> list[Filter]:
    """A filter of very many values as several of fewer."""
    if isinstance(filter, AnyOf) and len(filter.values) > BATCH:
        values = filter.values
        return [
            AnyOf(filter.attribute, values[at : at + BATCH], filter.case_exact) for at in range(0, len(values), BATCH)
        ]
    return [filter]
