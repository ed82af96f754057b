"""``unique`` rows: one holder in the collection, compared as the schema compares (rule 4), on create and rename."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scim2_models import UniquenessException
from scim2_models.path import FilterNode

from connectors.contract import Query
from connectors.filters import And, AnyOf, Compare, Filter, Or
from gateway.mapping.compiled import Pushed, parse_filter
from gateway.mapping.rows.bound import BoundRow
from gateway.provisioning.documents import speaks_of
from gateway.provisioning.ground import Ground, require


@dataclass(frozen=True, slots=True)
class Claimed:
    """A unique value that a request gives to an object which does not have it yet.

    :param node: the comparison with it. :param filter: what the target can find its holders by.
    """

    path: str
    value: str
    node: FilterNode
    filter: Filter | None

    def keys(self, ground: Ground) -> frozenset[str]:
        """The locks of the value as the target would hold it."""
        found = frozenset(ground.value_key(*named) for named in values_of(self.filter))
        return found or frozenset({ground.value_key(self.path, self.value)})


def values_of(filter: Filter | None) -> Iterator[tuple[str, str]]:
    """Every attribute and value that a filter compares with: what two requests have in common that mean the same."""
    if isinstance(filter, And | Or):
        for term in filter.terms:
            yield from values_of(term)
    elif isinstance(filter, Compare | AnyOf):
        for value in filter.values if isinstance(filter, AnyOf) else (filter.value,):
            yield filter.attribute, str(value)


def claimed(
    ground: Ground, wanted: Mapping[str, Any], current: Mapping[str, Any], named: frozenset[str] | None = None
) -> tuple[Claimed, ...]:
    """The unique values that a request gives and the object does not have yet."""
    found = []
    for row in ground.mapping.rows:
        if not _is_unique(ground, row) or not speaks_of(named, row.path.known.path):
            continue
        has = {value.casefold() for value in _texts(row, current)}
        for value in _texts(row, wanted):
            if value.casefold() not in has:
                node = parse_filter(f"{row.name} eq {json.dumps(value, ensure_ascii=False)}")
                found.append(Claimed(row.name, value, node, ground.mapping.narrow(node, ground.collection.judge)))
    return tuple(found)


def _is_unique(ground: Ground, row: BoundRow) -> bool:
    chosen = row.row.unique or (row.row.unique is None and not row.path.selector)
    return row.writes and bool(chosen) and row.path.known.path in ground.mapping.unique


def _texts(row: BoundRow, document: Mapping[str, Any]) -> tuple[str, ...]:
    """The texts that a document has for a row."""
    value = row.get(document)
    values = value if isinstance(value, list) else [value]
    return tuple(one for one in values if isinstance(one, str) and one)


async def hold(ground: Ground, claims: tuple[Claimed, ...], held: frozenset[str], anchor: str | None = None) -> None:
    """Make sure that nobody else has any of these values, and that nobody takes one meanwhile.

    :param anchor: the entry that may have it: the object's own.
    :raises MoreLocks: the lock of a value is not held yet. :raises UniquenessException: 409.
    """
    require(held, frozenset(key for claim in claims for key in claim.keys(ground)))
    for claim in claims:
        pushed = ground.mapping.push(claim.node, ground.collection.judge, _nobody)
        if not pushed.nothing and await _taken(ground, pushed, anchor):
            said = json.dumps(claim.value, ensure_ascii=False)
            raise UniquenessException(detail=f"{claim.path} {said} is taken by another {ground.type}")


async def _taken(ground: Ground, pushed: Pushed, anchor: str | None) -> bool:
    needs = ground.mapping.attributes_for(pushed.needs) if pushed.residual else frozenset()
    limit = None if pushed.residual else 2
    page = await ground.collection.search(Query(filter=pushed.filter, attributes=needs, limit=limit, count=False))
    return any(
        entry.id != anchor and (pushed.residual is None or pushed.residual(ground.mapping.read(entry, {}), entry))
        for entry in page.entries
    )


def _nobody(path: str, operator: str, value: Any) -> None:
    """A unique value that only the ledger holds is not looked for in the target."""
