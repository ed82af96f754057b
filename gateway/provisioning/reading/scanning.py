"""Walking through candidates that only the gateway can decide on, a chunk at a time and in bounded memory (rule 3)."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from scim2_models import TooManyException

from connectors.contract import Page, Query
from connectors.entry import Entry
from gateway.provisioning.model import Resource
from gateway.provisioning.reading.references import entries_by_id
from gateway.provisioning.reading.rendering import Found, owned, render
from gateway.provisioning.reading.sources import Source, scanned

FIRST, CHUNK = 20, 500
"""how many candidates are read at first, with all that the answer wants (most filters of an IdP have one match), and
then at a time, with what the decision needs"""


@dataclass(frozen=True, slots=True)
class Match:
    """One object that satisfies the whole filter.

    :param resource: rendered from what was read. :param whole: that was all that the answer wants.
    """

    found: Found
    resource: Resource
    whole: bool

    @property
    def entry(self) -> Entry:
        assert self.found.entry is not None  # noqa: S101 - only extras have none, and they are not scanned
        return self.found.entry


class Budget:
    """How many candidates one request may still look at. :raises TooManyException: when they are used up."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.left = most

    def take(self, number: int) -> None:
        self.left -= number
        if self.left < 0:
            raise TooManyException(
                detail="The target cannot decide this filter or sort itself, and to do so here more than "
                f"{self.most} resources would have to be looked at; make the filter narrower"
            )


async def chunk(
    source: Source, final: frozenset[str], cursor: str | None, *, sort_by: str | None, descending: bool
) -> tuple[list[Match], Page]:
    """One chunk of candidates: those that match, and the page they came from.

    :param final: the attributes that the answer is rendered from.
    """
    whole = cursor is None
    attributes = final | source.needs if whole else scanned(source, final)
    query = Query(
        filter=source.filter,
        attributes=attributes,
        sort_by=sort_by,
        sort_exact=source.sort_exact,
        descending=descending,
        limit=FIRST if whole else CHUNK,
        cursor=cursor,
        count=False,
    )
    page = await source.search(query)
    entries = [entry for entry in page.entries if entry.id not in source.excluded]
    found = await owned(source.view, entries)
    resources = await render(source.view, found, attributes, source.seen)
    pairs = zip(found, resources, strict=True)
    holds = source.condition
    return [
        Match(each, resource, whole) for each, resource in pairs if holds is None or holds(resource, each.entry)
    ], page


async def matches(
    source: Source, final: frozenset[str], budget: Budget, *, sort_by: str | None = None, descending: bool = False
) -> AsyncIterator[Match]:
    """Every match of a source, in the target's order."""
    cursor: str | None = None
    while True:
        found, page = await chunk(source, final, cursor, sort_by=sort_by, descending=descending)
        budget.take(len(page.entries))
        for match in found:
            yield match
        cursor = page.cursor
        if cursor is None:
            return


async def complete(source: Source, found: Sequence[Match], final: frozenset[str]) -> list[Resource]:
    """The resources of some matches; what a walk leaves out is read for these few."""
    missing = final - scanned(source, final)
    ids = [match.entry.id for match in found if not match.whole] if missing else []
    entries = {entry.id: entry for entry in await entries_by_id(source.view, ids, final)}
    again = [Found(entries[match.entry.id], match.found.assertion) for match in found if match.entry.id in entries]
    rendered = await render(source.view, again, final, source.seen) if again else []
    read = {each.entry.id: resource for each, resource in zip(again, rendered, strict=True) if each.entry is not None}
    gone = set(ids) - set(read)
    return [read.get(match.entry.id, match.resource) for match in found if match.entry.id not in gone]


async def total(source: Source, budget: Budget) -> int:
    """How many resources match."""
    if source.native:
        query = Query(filter=source.filter, attributes=frozenset(), limit=0)
        page = await source.search(query)
        if page.total is not None:
            return page.total + len(source.extras)
    return len(source.extras) + sum([1 async for _ in matches(source, source.needs, budget)])
