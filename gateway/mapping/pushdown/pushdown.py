"""A SCIM filter becomes a filter of the target, as far as the target can decide it; the rest is decided above.

``not`` and ``ne`` go down only over what is exact, else the whole node is decided above (semantics, rule 3). An
attribute that is known and not mapped matches nothing.
"""

from collections.abc import Callable, Iterable, Iterator
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
from connectors.filters import Compare, Filter, Operator
from gateway.mapping.filters.compare import comparison, literal
from gateway.mapping.filters.conditions import compile_condition, mentioned, target_name
from gateway.mapping.pushdown.leaves import Leaves
from gateway.mapping.pushdown.pushed import (
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
from gateway.mapping.pushdown.selection import Selection, fixed_value
from gateway.mapping.rows.bound import BoundRow
from gateway.mapping.schema.index import TARGET, AttributeIndex, Known

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

    def narrow(self, node: FilterNode, judge: Judge) -> Filter | None:
        """Return ``Pushed.filter`` alone, ledger values left out of account. :raises InvalidFilterException:"""
        part = _Run(self, Leaves(self.index, self.single, judge, lambda *_: None)).part(node)
        return NOTHING if part.nothing else None if part.everything else part.filter

    def push(self, node: FilterNode, judge: Judge, stored_ids: StoredIds | None = None) -> Pushed:
        """Divide a filter. :raises InvalidFilterException: a comparison that the attribute's type does not know."""
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
        literal(known.facts, operator, value)
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
            elif (fixed := fixed_value(row, name)) is not None:
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
            elif own or not name or fixed_value(row, name) is not None:
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
        compile_condition(node, self.index)
        known = self.index.find(str(node.attr_path))
        if known is None:
            return NONE
        if known.top in ("members", "groups") and self._computed(known):
            return self._members(known, node.val_filter)
        rows = self.down.rows.get(known.top, ())
        return Selection(self.index, self.leaves, known).part(rows, node.val_filter)

    def _members(self, known: Known, node: FilterNode) -> Part:
        if isinstance(node, Comparison) and node.attr_path.attr.lower() == "value":
            value = self.index.sub(known, "value") or known
            if node.op is CompareOperator.eq and node.value is not None:
                return self._membership(value, node.op, node.value)
        return OPEN
