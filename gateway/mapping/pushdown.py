"""A SCIM filter becomes a filter of the target, as far as the target can decide it; the rest is decided above.

``not`` and ``ne`` go down only over what is exact, else the whole node is decided above (semantics, rule 3). An
attribute that is known and not mapped matches nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from scim2_models import InvalidFilterException
from scim2_models.path import (
    AttrPath,
    CompareOperator,
    Comparison,
    FilterNode,
    LogicalExpr,
    LogicalOperator,
    Not,
    Present,
    ValuePath,
)

from connectors.entry import GROUPS, ID, MEMBERS, Ref
from connectors.filters import Compare, Operator
from gateway.mapping.bound import BoundRow
from gateway.mapping.compare import comparison, present
from gateway.mapping.conditions import compile_condition, mentioned, parts_of, target_name
from gateway.mapping.index import TARGET, AttributeIndex, Known
from gateway.mapping.leaves import Leaves
from gateway.mapping.pushed import (
    ALL,
    NONE,
    NOTHING,
    OPEN,
    Judge,
    Part,
    Pushed,
    StoredIds,
    every,
    judged,
    loose,
    negated,
    some,
    there,
)

_SERVERS = frozenset({"id", "schemas", "meta"})


class PushDown:
    """Divides filters for one resource type.

    :param rows: the rows that show something. :param single: see ``Leaves``.
    :param members: the section has members. :param groups: ``groups`` is computed from ``@groups``.
    :param constants: canonical path → the value every entry shows without a row.
    """

    def __init__(
        self,
        name: str,
        index: AttributeIndex,
        rows: Iterable[BoundRow],
        single: Callable[[str], bool],
        *,
        members: bool = False,
        groups: bool = False,
        constants: dict[str, Any] | None = None,
    ) -> None:
        self.name, self.index, self.single = name, index, single
        self.members, self.groups = members, groups
        self.constants = constants or {}
        self.rows: dict[str, list[BoundRow]] = {}
        for row in rows:
            if row.reads:
                self.rows.setdefault(row.path.top, []).append(row)

    def push(self, node: FilterNode, judge: Judge, stored_ids: StoredIds | None = None) -> Pushed:
        """Divide a filter. :raises InvalidFilterException: a comparison that the attribute's type does not know."""
        compile_condition(node, self.index)
        terms = node.terms if isinstance(node, LogicalExpr) and node.op is LogicalOperator.and_ else (node,)
        run = _Run(self, Leaves(self.index, self.single, judge, stored_ids))
        parts = [(term, run.part(term)) for term in terms]
        whole = every(part for _, part in parts)
        if whole.nothing:
            return Pushed(NOTHING, nothing=True)
        rest = tuple(term for term, part in parts if not part.exact)
        filter = None if whole.everything else whole.filter
        if not rest:
            return Pushed(filter)
        residual = rest[0] if len(rest) == 1 else LogicalExpr(LogicalOperator.and_, rest)
        needs = frozenset(path for path, known in mentioned(residual, self.index) if known is not None)
        return Pushed(filter, compile_condition(residual, self.index), needs)


class _Run:
    """One filter on its way down."""

    def __init__(self, down: PushDown, leaves: Leaves) -> None:
        self.down, self.leaves, self.index = down, leaves, down.index

    def part(self, node: FilterNode) -> Part:
        match node:
            case Comparison(path, operator, value):
                return self._comparison(path, operator, value)
            case Present(path):
                return self._present(path)
            case Not(inner):
                return negated(self.part(inner))
            case LogicalExpr(operator, terms):
                parts = [self.part(term) for term in terms]
                return every(parts) if operator is LogicalOperator.and_ else some(parts)
            case ValuePath():
                return self._selection(node)
        raise InvalidFilterException(detail=f"'{node}' is not a filter")

    def _comparison(self, path: AttrPath, operator: CompareOperator, value: Any) -> Part:
        if path.uri is not None and path.uri.lower() == TARGET:
            return self._of_target(path, operator, value)
        known = self.index.find(str(path))
        if known is None:
            return NONE
        if operator is CompareOperator.ne:
            return negated(self._comparison(path, CompareOperator.eq, value))
        if value is None:
            return negated(self._present(path)) if operator is CompareOperator.eq else NONE
        if known.sub is None and known.head.type == "complex":
            known = self.index.sub(known, "value") or known
        if known.path in self.down.constants and not self.down.rows.get(known.top):
            held = self.down.constants[known.path]
            return ALL if comparison(known.facts, operator, value)(held) else NONE
        if known.top in _SERVERS and known.path not in self._shown(known):
            return self._of_server(known, operator, value)
        if known.top in ("members", "groups") and self._computed(known):
            return self._membership(known, operator, value)
        return some(self._by_rows(known, operator, value))

    def _shown(self, known: Known) -> set[str]:
        return {row.path.known.path for row in self.down.rows.get(known.top, ())}

    def _computed(self, known: Known) -> bool:
        return self.down.members if known.top == "members" else self.down.groups

    def _of_server(self, known: Known, operator: CompareOperator, value: Any) -> Part:
        """``id``, ``schemas`` and ``meta``, which no row shows."""
        if known.path == "id" and operator is CompareOperator.eq and isinstance(value, str):
            return judged(self.leaves.judge, Compare(ID, Operator.EQ, value, case_exact=True))
        if known.path == "meta.resourceType":
            return ALL if comparison(known.facts, operator, value)(self.down.name) else NONE
        return OPEN

    def _membership(self, known: Known, operator: CompareOperator, value: Any) -> Part:
        if known.sub is None or known.sub.name != "value" or operator is not CompareOperator.eq:
            return OPEN
        name = MEMBERS if known.top == "members" else GROUPS
        return judged(self.leaves.judge, Compare(name, Operator.EQ, Ref(str(value)), case_exact=True))

    def _by_rows(self, known: Known, operator: CompareOperator, value: Any) -> Iterator[Part]:
        name = known.sub.name if known.sub else ""
        for row in self.down.rows.get(known.top, ()):
            if row.path.known.path == known.path and not row.elements:
                yield self.leaves.compare(row, operator, value)
            elif (fixed := _fixed(row, name)) is not None:
                yield self.leaves.present(row) if comparison(known.facts, operator, value)(fixed) else NONE
            elif row.elements:
                yield self.leaves.part(row, name, operator, value) if name else NONE
            elif row.path.known.sub is None or (row.row.ref is not None and name != "value"):
                yield loose(self.leaves.present(row))

    def _present(self, path: AttrPath) -> Part:
        if path.uri is not None and path.uri.lower() == TARGET:
            return there(self.leaves.judge, target_name(path))
        known = self.index.find(str(path))
        if known is None:
            return NONE
        if known.path in self.down.constants and not self.down.rows.get(known.top):
            return ALL
        if known.path in ("id", "schemas", "meta", "meta.resourceType"):
            return ALL
        if known.top in _SERVERS and known.path not in self._shown(known):
            return OPEN
        if known.top in ("members", "groups") and self._computed(known):
            exact = known.sub is None or known.sub.name == "value"
            return there(self.leaves.judge, MEMBERS if known.top == "members" else GROUPS, exact)
        return some(self._present_by_rows(known))

    def _present_by_rows(self, known: Known) -> Iterator[Part]:
        name = known.sub.name if known.sub else ""
        for row in self.down.rows.get(known.top, ()):
            own = row.path.known.path == known.path
            if row.elements:
                yield self.leaves.part_present(row, name) if name else self.leaves.present(row)
            elif own or not name or _fixed(row, name) is not None:
                yield self.leaves.present(row)
            elif row.path.known.sub is None or row.row.ref is not None:
                yield loose(self.leaves.present(row))

    def _of_target(self, path: AttrPath, operator: CompareOperator, value: Any) -> Part:
        name = target_name(path)
        if operator is CompareOperator.ne:
            return negated(self._of_target(path, CompareOperator.eq, value))
        if value is None:
            return negated(there(self.leaves.judge, name)) if operator is CompareOperator.eq else NONE
        return judged(self.leaves.judge, Compare(name, Operator(str(operator)), value))

    def _selection(self, node: ValuePath) -> Part:
        known = self.index.find(str(node.attr_path))
        if known is None:
            return NONE
        if known.top in ("members", "groups") and self._computed(known):
            return self._members(known, node.val_filter)
        rows = self.down.rows.get(known.top, ())
        parts: list[Part] = []
        seen: set[Any] = set()
        for row in rows:
            if row.path.selector and row.when is None:
                if row.path.selector not in seen:
                    seen.add(row.path.selector)
                    one = [each for each in rows if each.path.selector == row.path.selector and each.when is None]
                    parts.append(self._element(known, one, node.val_filter))
            elif row.path.selector:
                parts.append(loose(self._element(known, [row], node.val_filter)))
            else:
                parts.append(self._elements(known, row, node.val_filter))
        return some(parts)

    def _members(self, known: Known, node: FilterNode) -> Part:
        if isinstance(node, Comparison) and node.attr_path.attr.lower() == "value":
            value = self.index.sub(known, "value") or known
            if node.op is CompareOperator.eq and node.value is not None:
                return self._membership(value, node.op, node.value)
        return OPEN

    def _element(self, known: Known, rows: Sequence[BoundRow], node: FilterNode) -> Part:
        """One element made by rows with one selector: there where any of them has a value."""
        return every((some(self.leaves.present(row) for row in rows), self._within(known, rows, node)))

    def _within(self, known: Known, rows: Sequence[BoundRow], node: FilterNode) -> Part:
        match node:
            case Not(inner):
                return negated(self._within(known, rows, inner))
            case LogicalExpr(operator, terms):
                parts = [self._within(known, rows, term) for term in terms]
                return every(parts) if operator is LogicalOperator.and_ else some(parts)
            case Comparison(path, operator, value):
                sub = self._sub(known, path)
                if sub is None:
                    return NONE
                if operator is CompareOperator.ne:
                    return negated(self._within(known, rows, Comparison(path, CompareOperator.eq, value)))
                if value is None:
                    return negated(self._within(known, rows, Present(path))) if operator is CompareOperator.eq else NONE
                return some(self._on(row, sub, lambda row: self.leaves.compare(row, operator, value),
                                     comparison(sub.facts, operator, value)) for row in rows)  # fmt: skip
            case Present(path):
                sub = self._sub(known, path)
                if sub is None:
                    return NONE
                return some(self._on(row, sub, self.leaves.present, present) for row in rows)
        return OPEN

    def _sub(self, known: Known, path: AttrPath) -> Known | None:
        if known.head.type != "complex":
            return known if path.attr.lower() == "value" else None
        return self.index.sub(known, path.attr)

    def _on(self, row: BoundRow, sub: Known, leaf: Callable[[BoundRow], Part], test: Callable[[Any], bool]) -> Part:
        """What a row says about one sub-attribute: its own, one its selector fixes, or nothing."""
        if row.path.known.path == sub.path:
            return leaf(row)
        fixed = _fixed(row, sub.facts.name)
        if fixed is not None:
            return ALL if test(fixed) else NONE
        if row.path.known.sub is None:
            return OPEN
        return OPEN if row.row.ref is not None else NONE

    def _elements(self, known: Known, row: BoundRow, node: FilterNode) -> Part:
        """Several elements made by one row. Only a single test, not negated, can be said of "some element"."""
        names = [name.lower() for name in parts_of(node)]
        positive = not any(map(_negative, _nodes(node)))
        there = loose(self.leaves.present(row))
        if row.elements:
            if not positive:
                return there
            part = self._of_child(known, row, node)
            return part if len(names) == 1 else loose(part)
        own = (row.path.known.sub.name if row.path.known.sub else "value").lower()
        varying = [name for name in names if name == own]
        if row.path.known.sub is None and row.path.known.head.type == "complex":
            return there
        if len(varying) > 1 or (varying and not positive):
            return there
        return every((self.leaves.present(row), self._within(known, [row], node)))

    def _of_child(self, known: Known, row: BoundRow, node: FilterNode) -> Part:
        match node:
            case LogicalExpr(operator, terms):
                parts = [self._of_child(known, row, term) for term in terms]
                return every(parts) if operator is LogicalOperator.and_ else some(parts)
            case Comparison(path, operator, value):
                sub = self._sub(known, path)
                return NONE if sub is None else self.leaves.part(row, sub.facts.name, operator, value)
            case Present(path):
                sub = self._sub(known, path)
                return NONE if sub is None else self.leaves.part_present(row, sub.facts.name)
        return OPEN


def _fixed(row: BoundRow, name: str) -> Any:
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
