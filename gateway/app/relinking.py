"""The objects of a target are taken back into care: after the loss of a ledger, by their anchors; after a restore of
the target that gave entries other anchors, by what the ``match`` rules name."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from connectors.contract import Collection, Query
from connectors.entry import Entry
from gateway.app.ledgers import ledger_of
from gateway.app.parts import Part, Parts
from gateway.ledger.ledger import Ledger
from gateway.ledger.model import Assertion, Scope
from gateway.mapping.compiled import ResourceMapping
from gateway.provisioning.documents import value_at

PAGE = 500
Counts = dict[str, int]


async def relink(
    parts: Parts, connection: str, *, everything: bool = False, dry_run: bool = False
) -> dict[str, Counts]:
    """Record the connection as the owner of every object that carries the mapping's marker.

    Nothing is known of what was asserted, so an empty assertion is recorded: the next request clears nothing and
    unlocks nobody. The target is only read, and every connector is closed at the end.

    :param everything: every object in scope, marker or not.
    :return: by resource type, how many were ``linked``, were ``known`` already, and were ``left`` alone; ``moved``: how
        many of those linked keep the SCIM id that they had under an anchor that is no more. They need no marker.
    :raises Unavailable, LedgerUnavailable:
    """
    part = parts.connections[connection]
    try:
        async with ledger_of(parts.config, make=not dry_run) as ledger:
            return {
                name: await _relink(part, resource, ledger, everything, dry_run)
                for name, resource in part.mapping.resources.items()
            }
    finally:
        for connector in parts.connectors.values():
            await connector.close()


async def _relink(part: Part, resource: ResourceMapping, ledger: Ledger, everything: bool, dry_run: bool) -> Counts:
    scope = Scope(part.name, part.settings.target, resource.name)
    there: set[str] = set()
    fresh: list[Entry] = []
    async for entries in _pages(part.collections[resource.name]):
        known = await ledger.by_anchors(scope, [entry.id for entry in entries])
        there.update(entry.id for entry in entries)
        fresh += [entry for entry in entries if entry.id not in known]
    rows = await ledger.assertions(scope) if fresh else []
    lost = [
        row for row in rows if row.connection == scope.connection and row.life == "live" and row.anchor not in there
    ]
    moved = _moved(resource, fresh, lost)
    ours = [entry for entry in fresh if entry.id in moved or _is_ours(resource, entry, everything)]
    if not dry_run:
        for start in range(0, len(ours), PAGE):
            page = ours[start : start + PAGE]
            await ledger.rebuild([moved.get(entry.id) or _assertion(scope, resource, entry) for entry in page])
    known_already = len(there) - len(fresh)
    return {"linked": len(ours), "moved": len(moved), "known": known_already, "left": len(fresh) - len(ours)}


def _moved(resource: ResourceMapping, fresh: Sequence[Entry], lost: Iterable[Assertion]) -> dict[str, Assertion]:
    """The lost objects that stand in the target under another anchor, by that: all ``match`` values that the IdP
    asserted and the target holds are the same, and nobody else's."""
    held = {row.path for row in resource.section.rows if row.direction == "map" and row.attr is not None}
    paths = [path for path in resource.section.match if path in held]
    named: defaultdict[tuple[Any, ...], list[Assertion]] = defaultdict(list)
    for row in lost:
        named[_names(paths, row.document)].append(row)
    answers: defaultdict[tuple[Any, ...], list[Entry]] = defaultdict(list)
    for entry in fresh:
        shown = resource.read(entry, {})
        if resource.in_scope(shown, entry):
            answers[_names(paths, shown)].append(entry)
    return {
        entries[0].id: replace(named[names][0], anchor=entries[0].id)
        for names, entries in answers.items()
        if any(names) and len(entries) == 1 and len(named.get(names, ())) == 1
    }


def _names(paths: Sequence[str], document: Any) -> tuple[Any, ...]:
    values = (value_at(document, path) for path in paths)
    return tuple(value.casefold() if isinstance(value, str) else value for value in values)


async def _pages(collection: Collection) -> AsyncIterator[tuple[Entry, ...]]:
    query = Query(limit=PAGE, count=False)
    while True:
        page = await collection.search(query)
        yield page.entries
        if page.cursor is None:
            return
        query = replace(query, cursor=page.cursor)


def _is_ours(resource: ResourceMapping, entry: Entry, everything: bool) -> bool:
    if not resource.in_scope(resource.read(entry, {}), entry):
        return False
    marker = resource.section.marker
    if marker is not None and marker[1] in entry.attributes.get(marker[0], ()):
        return True
    return everything


def _assertion(scope: Scope, resource: ResourceMapping, entry: Entry) -> Assertion:
    return Assertion(
        connection=scope.connection,
        target=scope.target,
        resource_type=scope.resource_type,
        id=entry.id,
        anchor=entry.id,
        external_id=resource.read(entry, {}).get("externalId"),
        origin="adopted",
        confirmed=datetime.now(UTC),
    )
