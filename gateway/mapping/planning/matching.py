"""``match``: how an entry that already exists is found for a resource."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors.filters import AnyOf, Compare, Filter, Operator
from gateway.mapping.errors import suggest
from gateway.mapping.rows.bound import BoundRow
from gateway.mapping.rows.derived import BoundSet
from gateway.mapping.rows.plan import all_into, asked
from gateway.mapping.rows.slots import Lack
from gateway.mapping.schema.index import AttributeIndex

_TARGET = "target:"


def unmatched(
    rules: Sequence[str], rows: Sequence[BoundRow], sets: Sequence[BoundSet], index: AttributeIndex
) -> Iterator[str]:
    """Yield a sentence for each rule that nothing maps."""
    for rule in rules:
        if rule.lower().startswith(_TARGET):
            name = rule[len(_TARGET) :]
            attrs = [row.attr for row in rows if row.attr] + [each.attr for each in sets]
            if name not in attrs:
                yield f"match: no row writes '{name}'{suggest(name, attrs)}"
        elif not rows_of(rule, rows, index):
            yield f"match: no row maps '{rule}'{suggest(rule, [row.name for row in rows])}"


def rows_of(rule: str, rows: Sequence[BoundRow], index: AttributeIndex) -> tuple[BoundRow, ...]:
    """The rows that a rule about a SCIM attribute means."""
    if rule.lower().startswith(_TARGET):
        return ()
    canonical = index.canonical(rule)
    mapped = (row for row in rows if row.row.direction == "map")
    return tuple(row for row in mapped if row.name.lower() == rule.lower() or row.path.known.path == canonical)


def match_filters(
    rules: Sequence[tuple[str, Sequence[BoundRow]]],
    rows: Sequence[BoundRow],
    sets: Sequence[BoundSet],
    resource: Mapping[str, Any],
) -> list[tuple[str, Filter]]:
    """Return (rule, filter) for each rule that the resource has a value for.

    :param rules: each with its ``rows_of``.

    :raises InvalidValueException: a value that the row cannot take.
    """
    found: list[tuple[str, Filter]] = []
    for rule, meant in rules:
        if rule.lower().startswith(_TARGET):
            found += [(rule, each) for each in _by_target(rule[len(_TARGET) :], rows, sets, resource)]
        else:
            filters = (_filter(row, resource) for row in meant if row.attr)
            found += [(rule, each) for each in filters if each is not None]
    return found


def _by_target(
    name: str, rows: Sequence[BoundRow], sets: Sequence[BoundSet], resource: Mapping[str, Any]
) -> Iterator[Filter]:
    for row in rows:
        if row.attr == name and row.row.direction == "map" and (found := _filter(row, resource)) is not None:
            yield found
    for each in sets:
        made = None if each.attr != name or each.pipeline.varies else each.made(resource)
        if made is not None:
            yield Compare(name, Operator.EQ, made)


def _filter(row: BoundRow, resource: Mapping[str, Any]) -> Filter | None:
    value = asked(row, resource)
    if value is None or isinstance(value, Lack):
        return None
    made = all_into(row, value)
    if row.pipeline.plain and isinstance(value, str):
        made = list(dict.fromkeys([*made, value]))
    exact, attr = row.facts.case_exact, row.attr or ""
    if not exact:
        made = list({each.casefold() if isinstance(each, str) else each: each for each in reversed(made)}.values())
    if not made:
        return None
    return Compare(attr, Operator.EQ, made[0], exact) if len(made) == 1 else AnyOf(attr, tuple(made), exact)
