"""After the loss of a ledger: the objects of a target are taken back into care, by their anchors."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

from connectors.contract import Collection, Query
from connectors.entry import Entry
from gateway.app.ledgers import ledger_of
from gateway.app.parts import Part, Parts
from gateway.ledger.ledger import Ledger
from gateway.ledger.model import Assertion, Scope
from gateway.mapping.compiled import ResourceMapping

PAGE = 500
Counts = dict[str, int]


async def relink(
    parts: Parts, connection: str, *, everything: bool = False, dry_run: bool = False
) -> dict[str, Counts]:
    """Record the connection as the owner of every object that carries the mapping's marker.

    Nothing is known of what was asserted, so an empty assertion is recorded: the next request clears nothing and
    unlocks nobody. The target is only read, and every connector is closed at the end.

    :param everything: every object in scope, marker or not.
    :return: by resource type, how many were ``linked``, were ``known`` already, and were ``left`` alone.
    :raises Unavailable, LedgerUnavailable:
    """
    part = parts.connections[connection]
    try:
        async with ledger_of(parts.config) as ledger:
            return {
                name: await _relink(part, resource, ledger, everything, dry_run)
                for name, resource in part.mapping.resources.items()
            }
    finally:
        for connector in parts.connectors.values():
            await connector.close()


async def _relink(part: Part, resource: ResourceMapping, ledger: Ledger, everything: bool, dry_run: bool) -> Counts:
    scope = Scope(part.name, part.settings.target, resource.name)
    counts = {"linked": 0, "known": 0, "left": 0}
    async for entries in _pages(part.collections[resource.name]):
        known = await ledger.by_anchors(scope, [entry.id for entry in entries])
        fresh = [entry for entry in entries if entry.id not in known]
        ours = [entry for entry in fresh if _is_ours(resource, entry, everything)]
        counts["known"] += len(entries) - len(fresh)
        counts["left"] += len(fresh) - len(ours)
        counts["linked"] += len(ours)
        if not dry_run and ours:
            await ledger.rebuild([_assertion(scope, resource, entry) for entry in ours])
    return counts


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
