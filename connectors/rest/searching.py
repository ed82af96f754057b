"""Search: candidates by id, by ``find`` or by walking the list; the whole filter is decided here, on each of them."""

import heapq
import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any

from connectors.contract import Page, Query
from connectors.entry import ID, Entry
from connectors.errors import NotFound, TooMany, Unavailable, Unsupported
from connectors.filters import And, AnyOf, Compare, Filter, Operator, Or
from connectors.matching import matches
from connectors.rest import paths, templates
from connectors.rest.application import Application, at_once
from connectors.rest.documents import entry_of, id_of, plain_id, values_of
from connectors.rest.sections import Find, Listing, Section
from connectors.rest.walking import Walk, position_of

MOST_ASKED = 100
"""ids and values that are asked for one by one before the whole list is read instead"""
MOST_PAGES = 100_000
"""pages of one list; an application that goes on has lost count"""


@dataclass(frozen=True, slots=True)
class Narrow:
    """Where a filter's matches must be: ids, or answers to ``find``."""

    ids: frozenset[str] = frozenset()
    finds: frozenset[tuple[str, str]] = frozenset()

    @property
    def cost(self) -> int:
        return len(self.ids) + len(self.finds)


def narrowed(term: Filter, section: Section) -> Narrow | None:
    """Where the matches of a filter must be; None: anywhere."""
    match term:
        case And(terms):
            found = [each for each in (narrowed(inner, section) for inner in terms) if each is not None]
            return min(found, key=lambda each: each.cost, default=None)
        case Or(terms):
            parts = [narrowed(inner, section) for inner in terms]
            known = [each for each in parts if each is not None]
            if len(known) < len(parts):
                return None
            return Narrow(
                frozenset().union(*(each.ids for each in known)), frozenset().union(*(each.finds for each in known))
            )
        case AnyOf(attribute, values):
            return _named(attribute, values, section)
        case Compare(attribute, Operator.EQ, value):
            return _named(attribute, (value,), section)
    return None


def _named(attribute: str, values: Iterable[Any], section: Section) -> Narrow | None:
    if attribute == ID:
        return Narrow(ids=frozenset(map(str, values)))
    if attribute in section.finds:
        return Narrow(finds=frozenset((attribute, _asked(value)) for value in values))
    return None


def _asked(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(getattr(value, "id", value))


@dataclass(slots=True)
class Search:
    """One search under way."""

    application: Application
    section: Section
    query: Query
    filter: Filter | None
    candidates: Narrow | None = field(init=False)

    def __post_init__(self) -> None:
        if self.query.ids is not None:
            only = AnyOf(ID, tuple(self.query.ids), case_exact=True)
            self.filter = only if self.filter is None else And((only, self.filter))
        self.candidates = None if self.filter is None else narrowed(self.filter, self.section)
        many = self.candidates is not None and self.candidates.cost > MOST_ASKED
        if many and self.section.list is not None:
            self.candidates = None

    async def page(self) -> Page:
        """Answer it. :raises Unsupported: the cursor is none. :raises Unavailable:"""
        position = position_of(self.query.cursor)
        if self.candidates is not None:
            return self._cut(await self._candidates(), position)
        listing = self.section.list
        if listing is None:
            raise Unsupported("the mapping names no call that lists")
        if listing.paging.marked:
            return await self._walk(listing, position)
        documents: dict[str, Any] = {}
        async for part, _, _ in self.parts(listing):
            documents |= {id_of(self.section, each): each for each in part}
        return self._cut([each for each in documents.values() if self.fits(each)], position)

    async def _candidates(self) -> list[Any]:
        assert self.candidates is not None  # noqa: S101 - for the types
        read = await at_once(self._by_id, sorted(self.candidates.ids))
        found = await at_once(self.by_find, sorted(self.candidates.finds))
        documents = {id_of(self.section, each): each for each in read if each is not None}
        documents |= {id_of(self.section, each): each for part in found for each in part}
        return [each for each in documents.values() if self.fits(each)]

    async def _by_id(self, id: str) -> Any:
        try:
            answer = await self.application.read(self.section, id)
        except NotFound:
            return None
        return paths.find(answer.document, self.section.read.item)

    @classmethod
    def of(cls, application: Application, section: Section) -> "Search":
        """Without a question of its own: for its parts."""
        return cls(application, section, Query(), None)

    async def by_find(self, asked: tuple[str, str]) -> list[Any]:
        """The documents that the call for an attribute tells of, its value as text."""
        find: Find = self.section.finds[asked[0]]
        try:
            answer = await self.application.ask(self.section, find.listing.call, {find.place: asked[1]}, writing=False)
        except (NotFound, templates.Unsendable):
            await self.application.prove(self.section)
            return []
        held = paths.find(answer.document, find.listing.items)
        if isinstance(held, dict):
            return [held]
        items = self.application.items(self.section, find.listing, answer, proof=True)
        rest = find.listing.paging.following(answer, items, None, len(items)) if find.listing.paging.kind else None
        if rest is not None:
            async for part, _, _ in self.parts(find.listing, {find.place: asked[1]}, rest, len(items)):
                items += part
        return items

    def fits(self, document: Any) -> bool:
        """Whether a document matches the whole filter."""
        if self.filter is None:
            return True
        types = self.section.spec.types
        return matches(self.filter, lambda name: self._values(document, name), lambda name: types.get(name, "string"))

    def _values(self, document: Any, name: str) -> tuple[Any, ...]:
        whole, dot, part = name.partition(".")
        if dot and whole in self.section.spec.children:
            elements = values_of(self.section, document, whole)
            return tuple(each[part] for each in elements if isinstance(each, dict) and part in each)
        return values_of(self.section, document, name)

    def _entry(self, document: Any) -> Entry:
        return entry_of(self.section, document, self.query.attributes)

    def _cut(self, documents: list[Any], position: Any) -> Page:
        """Order by id and cut: what was read as a whole."""
        if position is not None and position[0] != "after":
            raise Unsupported("this is no cursor of this collection")
        query, key = self.query, self._key
        rest = [each for each in documents if position is None or key(each) > str(position[1])]
        number = len(rest) if query.limit is None else query.offset + query.limit
        chosen = heapq.nsmallest(number, rest, key=key)[query.offset :]
        more = query.limit is not None and chosen and query.offset + len(chosen) < len(rest)
        cursor = json.dumps(["after", key(chosen[-1])]) if more else None
        return Page(tuple(map(self._entry, chosen)), len(documents) if query.count else None, cursor)

    def _key(self, document: Any) -> str:
        return id_of(self.section, document)

    async def parts(
        self, listing: Listing, values: dict[str, str] | None = None, token: str | None = None, seen: int = 0
    ) -> AsyncIterator[tuple[list[Any], str | None, int | None]]:
        """The pages of a list from a token on: elements, the token of the next page, the number of all."""
        asked, known = {token}, set[str | None]()
        for _ in range(MOST_PAGES):
            items, following, total = await self.part(listing, values, token, listing.paging.count, seen)
            seen += len(items)
            ids = {plain_id(paths.find(each, self.section.anchor)) for each in items}
            counted = listing.paging.kind in ("number", "offset")
            yield items, following, total
            if following is None or (counted and ids <= known):  # some answer the last page again and again
                return
            if following in asked:
                raise Unavailable(f"the list of {listing.call.label} goes round in a circle")
            known |= ids if counted else set()
            asked.add(following)
            token = following
        raise _endless(listing)

    async def part(
        self, listing: Listing, values: dict[str, str] | None, token: str | None, size: int, seen: int = 0
    ) -> tuple[list[Any], str | None, int | None]:
        """One page."""
        paging, section, wire = listing.paging, self.section, self.application.wire
        if token is not None and paging.kind in ("next", "link"):
            answer = await self.application.follow(listing.call, token)
            items = self.application.items(section, listing, answer, proof=True)
        else:
            query = paging.query(token, size)
            answer, items = await self.application.listed(section, listing, query, values, seen)
        following = paging.following(answer, items, token, seen + len(items))
        if following is not None and paging.kind in ("next", "link"):
            following = wire.transport.local(following, answer.target)
            if following is None:
                raise Unavailable(f"the next page of {listing.call.label} is said to be at another place")
        return items, following, paging.whole(answer)

    async def _walk(self, listing: Listing, position: Any) -> Page:
        """Go through a list by the application's own marks, and stop where the page is full."""
        if position is not None and position[0] != "at":
            raise Unsupported("this is no cursor of this collection")
        query = self.query
        walk = Walk(query.offset, query.limit, frozenset(position[2]) if position else frozenset())
        token: str | None = position[1] if position else None
        counting: int | None = 0 if query.count and position is None else None
        asked = {token}
        for _ in range(MOST_PAGES):
            size = walk.wanted(listing.paging.count) if self.filter is None and counting is None else None
            items, following, total = await self.part(listing, None, token, size or listing.paging.count)
            if counting == 0 and total is not None and self.filter is None and token is None:
                walk.total, counting = total, None
            fitting = [each for each in items if self.fits(each)]
            walk.take(fitting, token, following, self._key)
            counting = None if counting is None else counting + len(fitting)
            if following is None or (walk.full and counting is None):
                break
            if following in asked:
                raise Unavailable(f"the list of {listing.call.label} goes round in a circle")
            asked.add(following)
            token = following
        else:
            raise _endless(listing)
        total = walk.total if counting is None else counting
        if query.count and total is None:
            total = await self._count(listing)
        return Page(tuple(map(self._entry, walk.chosen)), total if query.count else None, walk.cursor)

    async def _count(self, listing: Listing) -> int:
        """Count all that match, for a page in the midst of a walk."""
        number = 0
        async for part, _, total in self.parts(listing):
            if total is not None and self.filter is None:
                return total
            number += sum(map(self.fits, part))
        return number


def _endless(listing: Listing) -> TooMany:
    """What was read so far is not everybody, and is never taken for that."""
    return TooMany(f"the list of {listing.call.label} has no end: {MOST_PAGES} pages, and more are said to follow")
