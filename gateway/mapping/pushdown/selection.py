"""``emails[…]`` on its way down: what is asked of one element (RFC 7644 §3.4.2.2, valuePath)."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from scim2_models.path import (
    AttrPath,
    CompareOperator,
    Comparison,
    FilterNode,
    LogicalExpr,
    LogicalOperator,
    Not,
    Present,
)

from gateway.mapping.filters.compare import comparison, present
from gateway.mapping.filters.conditions import parts_of
from gateway.mapping.pushdown.leaves import Leaves
from gateway.mapping.pushdown.pushed import ALL, NONE, OPEN, Part, every, loose, negated, some
from gateway.mapping.rows.bound import BoundRow
from gateway.mapping.schema.index import AttributeIndex, Known


class Selection:
    """One selection in one attribute. :param known: the multi-valued attribute."""

    def __init__(self, index: AttributeIndex, leaves: Leaves, known: Known) -> None:
        self.index, self.leaves, self.known = index, leaves, known

    def part(self, rows: Sequence[BoundRow], node: FilterNode) -> Part:
        """Entries of which some element satisfies ``node``. :param rows: the rows that make the elements."""
        parts: list[Part] = []
        seen: set[Any] = set()
        for row in rows:
            if row.path.selector and row.when is None:
                if row.path.selector not in seen:
                    seen.add(row.path.selector)
                    one = [each for each in rows if each.path.selector == row.path.selector and each.when is None]
                    parts.append(self._element(one, node))
            elif row.path.selector:
                parts.append(loose(self._element([row], node)))
            else:
                parts.append(self._elements(row, node))
        return some(parts)

    def _element(self, rows: Sequence[BoundRow], node: FilterNode) -> Part:
        """One element made by rows with one selector: there where any of them has a value."""
        return every((some(self.leaves.present(row) for row in rows), self._within(rows, node)))

    def _within(self, rows: Sequence[BoundRow], node: FilterNode) -> Part:
        match node:
            case Not(inner):
                return negated(self._within(rows, inner))
            case LogicalExpr(operator, terms):
                parts = [self._within(rows, term) for term in terms]
                return every(parts) if operator is LogicalOperator.and_ else some(parts)
            case Comparison(path, operator, value):
                sub = self._sub(path)
                if sub is None:
                    return NONE
                if operator is CompareOperator.ne:
                    return negated(self._within(rows, Comparison(path, CompareOperator.eq, value)))
                if value is None:
                    return negated(self._within(rows, Present(path))) if operator is CompareOperator.eq else NONE
                return some(self._on(row, sub, lambda row: self.leaves.compare(row, operator, value),
                                     comparison(sub.facts, operator, value)) for row in rows)  # fmt: skip
            case Present(path):
                sub = self._sub(path)
                if sub is None:
                    return NONE
                return some(self._on(row, sub, self.leaves.present, present) for row in rows)
        return OPEN

    def _sub(self, path: AttrPath) -> Known | None:
        if self.known.head.type != "complex":
            return self.known if path.attr.lower() == "value" else None
        return self.index.sub(self.known, path.attr)

    def _on(self, row: BoundRow, sub: Known, leaf: Callable[[BoundRow], Part], test: Callable[[Any], bool]) -> Part:
        """What a row says about one sub-attribute: its own, one its selector fixes, or nothing."""
        if row.path.known.path == sub.path:
            return leaf(row)
        fixed = fixed_value(row, sub.facts.name)
        if fixed is not None:
            return ALL if test(fixed) else NONE
        if row.path.known.sub is None:
            return OPEN
        return OPEN if row.row.ref is not None else NONE

    def _elements(self, row: BoundRow, node: FilterNode) -> Part:
        """Several elements made by one row. Only a single test, not negated, can be said of "some element"."""
        names = [name.lower() for name in parts_of(node)]
        positive = not any(map(_negative, _nodes(node)))
        there = loose(self.leaves.present(row))
        if row.elements:
            if not positive:
                return there
            part = self._of_child(row, node)
            return part if len(names) == 1 else loose(part)
        own = (row.path.known.sub.name if row.path.known.sub else "value").lower()
        varying = [name for name in names if name == own]
        if row.path.known.sub is None and row.path.known.head.type == "complex":
            return there
        if len(varying) > 1 or (varying and not positive):
            return there
        return every((self.leaves.present(row), self._within([row], node)))

    def _of_child(self, row: BoundRow, node: FilterNode) -> Part:
        match node:
            case LogicalExpr(operator, terms):
                parts = [self._of_child(row, term) for term in terms]
                return every(parts) if operator is LogicalOperator.and_ else some(parts)
            case Comparison(path, operator, value):
                sub = self._sub(path)
                return NONE if sub is None else self.leaves.part(row, sub.facts.name, operator, value)
            case Present(path):
                sub = self._sub(path)
                return NONE if sub is None else self.leaves.part_present(row, sub.facts.name)
        return OPEN


def fixed_value(row: BoundRow, name: str) -> Any:
    """The value that a row gives a sub-attribute of its element whatever the target holds; None for none."""
    if not name:
        return None
    return dict(row.path.selector).get(name, (row.row.element or {}).get(name))


def _negative(node: FilterNode) -> bool:
    """Whether a node holds where something is not there."""
    if isinstance(node, Comparison):
        return node.op is CompareOperator.ne or node.value is None
    return isinstance(node, Not)


def _nodes(node: FilterNode) -> Iterator[FilterNode]:
    yield node
    match node:
        case Not(inner):
            yield from _nodes(inner)
        case LogicalExpr():
            for term in node.terms:
                yield from _nodes(term)
