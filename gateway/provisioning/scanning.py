"""Walking through candidates that only the gateway can decide on, a chunk at a time and in bounded memory (rule 3)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from scim2_models import TooManyException

from connectors.contract import Page, Query
from connectors.entry import Entry
from gateway.provisioning.model import Resource
from gateway.provisioning.rendering import Found, owned, render
from gateway.provisioning.sources import Source

CHUNK = 500


@dataclass(frozen=True, slots=True)
class Match:
    """One object that satisfies the whole filter, rendered from the attributes that were scanned."""

    found: Found
    resource: Resource

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
    source: Source,
    attributes: frozenset[str],
    *,
    cursor: str | None,
    limit: int,
    sort_by: str | None = None,
    descending: bool = False,
) -> tuple[list[Match], Page]:
    """One chunk of candidates: those that match, and the page they came from."""
    query = Query(
        filter=source.filter,
        attributes=attributes,
        sort_by=sort_by,
        sort_exact=source.sort_exact,
        descending=descending,
        limit=limit,
        cursor=cursor,
        count=False,
    )
    page = await source.search(query)
    entries = [entry for entry in page.entries if entry.id not in source.excluded]
    found = await owned(source.view, entries)
    resources = await render(source.view, found, attributes, source.seen)
    pairs = zip(found, resources, strict=True)
    condition = source.condition
    return [
        Match(each, resource) for each, resource in pairs if condition is None or condition(resource, each.entry)
    ], page


async def matches(
    source: Source,
    attributes: frozenset[str],
    budget: Budget,
    *,
    sort_by: str | None = None,
    descending: bool = False,
) -> AsyncIterator[Match]:
    """Every match of a source, in the target's order."""
    cursor: str | None = None
    while True:
        found, page = await chunk(
            source, attributes, cursor=cursor, limit=CHUNK, sort_by=sort_by, descending=descending
        )
        budget.take(len(page.entries))
        for match in found:
            yield match
        cursor = page.cursor
        if cursor is None:
            return


async def total(source: Source, budget: Budget) -> int:
    """How many resources match."""
    if source.native:
        query = Query(filter=source.filter, attributes=frozenset(), limit=0)
        page = await source.search(query)
        if page.total is not None:
            return page.total + len(source.extras)
    return len(source.extras) + sum([1 async for _ in matches(source, source.needs, budget)])
