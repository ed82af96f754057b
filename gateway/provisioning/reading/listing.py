"""Lists: requested sort, then id; cut after residual filter and overlay; exact totals (RFC 7644 §3.4.2; rule 3).

Where the target can decide, it counts, sorts and cuts, and a page costs a page. Where it cannot, candidates are walked
through; where it cannot sort either, only sort keys and ids are kept.
"""

from collections.abc import Sequence
from contextlib import suppress

from scim2_models import InvalidFilterException

from connectors.contract import Query
from gateway.provisioning.model import Listing, Resource, Search
from gateway.provisioning.reading import cursors
from gateway.provisioning.reading.references import entries_by_id
from gateway.provisioning.reading.rendering import owned, render
from gateway.provisioning.reading.scanning import Budget, Match, complete, matches, total
from gateway.provisioning.reading.sorting import Key, in_order, key_of
from gateway.provisioning.reading.sources import Source, prepare
from gateway.provisioning.reading.view import View


async def search(views: Sequence[View], search: Search, max_scan: int) -> Listing:
    """Answer one list request. See ``Reader.search``."""
    sources = await _sources(views, search)
    budget = Budget(max_scan)
    if search.count <= 0:
        return Listing(sum([await total(source, budget) for source in sources]), [])
    if search.sort_by is not None and not _sorted_by_target(sources):
        return await _sorted(sources, search, budget)
    if search.by_cursor:
        return await cursors.page(sources, search, max_scan)
    return await _in_sequence(sources, search, budget)


async def _sources(views: Sequence[View], search: Search) -> list[Source]:
    """One source a type; a type that does not know the filter has no match, unless none knows it."""
    sources: list[Source] = []
    refusal: InvalidFilterException | None = None
    for view in views:
        try:
            sources.append(await prepare(view, search, view.attributes(search.wanted)))
        except InvalidFilterException as error:
            refusal = error
    if refusal is not None and not sources:
        raise refusal
    return sources


def _sorted_by_target(sources: Sequence[Source]) -> bool:
    """One type whose target sorts exactly as asked, with nothing to be put between its entries."""
    return len(sources) == 1 and sources[0].sort_by is not None and not sources[0].extras


async def _in_sequence(sources: Sequence[Source], search: Search, budget: Budget) -> Listing:
    """One type after the other; within each the target's order, then what is shown beside it."""
    offset = max((search.start_index or 1) - 1, 0)
    found: list[Resource] = []
    number = 0
    for source in sources:
        start = max(offset - number, 0)
        part, size = await _window(source, search, start, search.count - len(found), budget)
        found += part
        number += size
    return Listing(number, found)


async def _window(source: Source, search: Search, start: int, count: int, budget: Budget) -> tuple[list[Resource], int]:
    """Some of a source's resources, and how many there are."""
    walk = _native if source.native else _walked
    found, size = await walk(source, search, start, count, budget)
    extras = source.extras[max(start - size, 0) :][: count - len(found)]
    return [*found, *extras], size + len(source.extras)


async def _native(source: Source, search: Search, start: int, count: int, budget: Budget) -> tuple[list[Resource], int]:
    view, attributes = source.view, source.view.attributes(search.wanted)
    page = await source.search(
        Query(
            filter=source.filter,
            attributes=attributes,
            sort_by=source.sort_by,
            sort_exact=source.sort_exact,
            descending=search.descending,
            offset=start,
            limit=count,
        )
    )
    found = await render(view, await owned(view, page.entries), attributes, source.seen)
    return found, page.total if page.total is not None else await total(source, budget) - len(source.extras)


async def _walked(source: Source, search: Search, start: int, count: int, budget: Budget) -> tuple[list[Resource], int]:
    attributes = source.view.attributes(search.wanted)
    number, window = 0, list[Match]()
    async for match in matches(source, attributes, budget, sort_by=source.sort_by, descending=search.descending):
        if start <= number < start + count:
            window.append(match)
        number += 1
    return await complete(source, window, attributes), number


async def _sorted(sources: Sequence[Source], search: Search, budget: Budget) -> Listing:
    """Sort here: keep keys and ids of all that match, cut, and read the page."""
    keys: list[tuple[Key, str, int]] = []
    extras: dict[tuple[int, str], Resource] = {}
    for place, source in enumerate(sources):
        for resource in source.extras:
            keys.append((key_of(source.view, resource, search.sort_by), resource["id"], place))
            extras[place, resource["id"]] = resource
        async for match in matches(source, source.needs, budget):
            keys.append((key_of(source.view, match.resource, search.sort_by), match.entry.id, place))
    ordered = in_order(keys, search.descending)
    start = cursors.after(ordered, search) if search.by_cursor else max((search.start_index or 1) - 1, 0)
    chosen = ordered[start : start + search.count]
    following = cursors.standing_after(chosen[-1]) if search.by_cursor and start + search.count < len(ordered) else None
    resources = await _chosen(sources, search, chosen, extras)
    return Listing(len(ordered), resources, following)


async def _chosen(
    sources: Sequence[Source],
    search: Search,
    chosen: Sequence[tuple[Key, str, int]],
    extras: dict[tuple[int, str], Resource],
) -> list[Resource]:
    shown: dict[tuple[int, str], Resource] = dict(extras)
    for place, source in enumerate(sources):
        view, attributes = source.view, source.view.attributes(search.wanted)
        ids = [id for _, id, where in chosen if where == place and (place, id) not in extras]
        entries = await entries_by_id(view, ids, attributes)
        found = await owned(view, entries)
        for entry, resource in zip(entries, await render(view, found, attributes, source.seen), strict=True):
            shown[place, entry.id] = resource
    resources: list[Resource] = []
    for _, id, place in chosen:
        with suppress(KeyError):  # gone between the two looks
            resources.append(shown[place, id])
    return resources
