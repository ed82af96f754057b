"""Paging by cursor (RFC 9865): a position is a small JSON value that the SCIM layer seals.

``{"s": 0, "c": "…"}`` stands in the target's order, at the connector's own cursor; ``seen`` are marks of those already
returned from the chunk that begins there; ``{"s": 0, "x": 3}`` stands among what is shown beside the entries;
``{"k": [key, id, source]}`` stands in an order made here. ``t`` carries the total, counted once at the first page.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

from scim2_models import ExpiredCursorException, InvalidCursorException, TooManyException

from connectors.contract import Page, Query
from connectors.errors import Unsupported
from gateway.provisioning.model import Listing, Resource, Search
from gateway.provisioning.reading.rendering import owned, render
from gateway.provisioning.reading.scanning import Budget, Match, chunk, complete, total
from gateway.provisioning.reading.sorting import Key
from gateway.provisioning.reading.sources import Source

Position = dict[str, Any]


async def page(sources: Sequence[Source], search: Search, max_scan: int) -> Listing:
    """One page of a walk through the sources, one after the other.

    :raises ExpiredCursorException: the target no longer knows the position.
    """
    position: Position = dict(search.position or {"s": 0})
    if search.position is None:
        position["t"] = await _total(sources, max_scan)
    if not 0 <= position.get("s", -1) < len(sources):
        raise InvalidCursorException(detail="This cursor belongs to another list")
    budget = Budget(max_scan)
    found: list[Resource] = []
    following: Position | None = position
    while following is not None and len(found) < search.count and budget.left > 0:
        part, following = await _step(sources, search, following, search.count - len(found), budget)
        found += part
    return Listing(position.get("t"), found, None if following is None else {**following, "t": position.get("t")})


async def _total(sources: Sequence[Source], max_scan: int) -> int | None:
    budget = Budget(max_scan)
    try:
        return sum([await total(source, budget) for source in sources])
    except TooManyException:
        return None  # a walk by cursor needs no total, and may go on


async def _step(
    sources: Sequence[Source], search: Search, position: Position, count: int, budget: Budget
) -> tuple[list[Resource], Position | None]:
    """Some resources from a position on, at most ``count``, and where that leads; None at the end."""
    here = position["s"]
    source = sources[here]
    if "x" in position:
        found = list(source.extras[position["x"] :][:count])
        reached = position["x"] + len(found)
        if reached < len(source.extras):
            return found, {"s": here, "x": reached}
        return found, {"s": here + 1} if here + 1 < len(sources) else None
    try:
        part, following = await (_cut_by_target if source.native else _cut_here)(
            source, search, position, count, budget
        )
    except Unsupported as error:
        if position.get("c") is None:
            raise
        raise ExpiredCursorException from error
    if following is not None:
        return part, {"s": here, **following}
    if source.extras:
        return part, {"s": here, "x": 0}
    return part, {"s": here + 1} if here + 1 < len(sources) else None


async def _cut_by_target(
    source: Source, search: Search, position: Position, count: int, _: Budget
) -> tuple[list[Resource], Position | None]:
    view, attributes = source.view, source.view.attributes(search.wanted)
    query = Query(
        filter=source.filter,
        attributes=attributes,
        sort_by=source.sort_by,
        sort_exact=source.sort_exact,
        descending=search.descending,
        limit=count,
        cursor=position.get("c"),
        count=False,
    )
    answer: Page = await source.search(query)
    resources = await render(view, await owned(view, answer.entries), attributes, source.seen)
    return resources, None if answer.cursor is None else {"c": answer.cursor}


async def _cut_here(
    source: Source, search: Search, position: Position, count: int, budget: Budget
) -> tuple[list[Resource], Position | None]:
    """Decide on one chunk; if more match than are wanted, the next page begins with the same chunk."""
    attributes = source.view.attributes(search.wanted)
    cursor, seen = position.get("c"), set(position.get("seen", ()))
    found, answer = await chunk(source, attributes, cursor, sort_by=source.sort_by, descending=search.descending)
    budget.left -= len(answer.entries)
    fresh = [match for match in found if _mark(match) not in seen]
    resources = await complete(source, fresh[:count], attributes)
    if len(fresh) > count:
        marks = sorted(seen | {_mark(match) for match in fresh[:count]})
        return resources, {"c": cursor, "seen": marks}
    return resources, None if answer.cursor is None else {"c": answer.cursor}


def _mark(match: Match) -> str:
    return hashlib.blake2b(match.entry.id.encode("utf-8", "replace"), digest_size=6).hexdigest()


def standing_after(item: tuple[Key, str, int]) -> Position:
    """The position behind one item of an order made here."""
    return {"k": [list(item[0]), item[1], item[2]]}


def after(ordered: Sequence[tuple[Key, str, int]], search: Search) -> int:
    """Where the next page begins in an order made here, also when items have come or gone meanwhile.

    :raises InvalidCursorException: the position is of another list.
    """
    if search.position is None:
        return 0
    try:
        key, id, place = search.position["k"]
        last: Key = (bool(key[0]), str(key[1]), key[2])
    except (TypeError, KeyError, ValueError, IndexError) as error:
        raise InvalidCursorException(detail="This cursor belongs to another list") from error
    return sum(1 for item in ordered if _not_after(item, last, (id, place), search.descending))


def _not_after(item: tuple[Key, str, int], last: Key, tie: tuple[str, int], descending: bool) -> bool:
    if item[0] != last:
        return (item[0] > last) if descending else (item[0] < last)
    return item[1:] <= tie
