"""One comparison or presence test on one row, as the target can answer it."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from scim2_models.path import CompareOperator

from connectors.entry import ID, Ref
from connectors.filters import AnyOf, Compare, Operator
from gateway.mapping.filters.compare import comparison, has_no_parts, literal
from gateway.mapping.pushdown.pushed import (
    ALL,
    NONE,
    OPEN,
    Judge,
    Part,
    StoredIds,
    equal,
    every,
    judged,
    loose,
    negated,
    some,
    there,
)
from gateway.mapping.rows.bound import BoundRow, Shape
from gateway.mapping.schema.index import AttributeIndex
from gateway.mapping.steps import StepError, Where
from gateway.mapping.steps.pipeline import Pipeline
from gateway.mapping.steps.times import written

_TIMES = frozenset({"ldap_time", "ad_time"})
_SECOND = timedelta(seconds=1)
_AFTER = frozenset({CompareOperator.gt, CompareOperator.ge})


class Leaves:
    """Answers for the rows of one resource type.

    :param single: whether a target attribute never has several values, so that a row of one value sees them all.
    """

    def __init__(
        self, index: AttributeIndex, single: Callable[[str], bool], judge: Judge, stored_ids: StoredIds | None
    ) -> None:
        self.index, self.single, self.judge, self.stored_ids = index, single, judge, stored_ids

    def compare(self, row: BoundRow, operator: CompareOperator, value: Any) -> Part:
        """Entries whose value of ``row`` satisfies ``operator value``; never ``ne``, never null."""
        if has_no_parts(row.facts, operator):
            return NONE
        part = self._compare(row, operator, value)
        return part if row.when is None else loose(part)

    def present(self, row: BoundRow) -> Part:
        """Entries for which ``row`` shows a value."""
        part = self._present(row)
        return part if row.when is None else loose(part)

    def part(self, row: BoundRow, name: str, operator: CompareOperator, value: Any) -> Part:
        """Entries of which an element of a child table satisfies a comparison of one column."""
        sub = next((each for each in row.path.known.head.sub_attributes if each.name == name), None)
        if sub is None or name not in row.columns or has_no_parts(sub, operator):
            return NONE
        wanted = _native(literal(sub, operator, value))
        return judged(self.judge, Compare(f"{row.attr}.{name}", Operator(str(operator)), wanted, sub.case_exact))

    def part_present(self, row: BoundRow, name: str) -> Part:
        """Entries of which an element of a child table has a value in one column."""
        return there(self.judge, f"{row.attr}.{name}") if name in row.columns else NONE

    def _compare(self, row: BoundRow, operator: CompareOperator, value: Any) -> Part:
        if _is_constant(row):
            return ALL if comparison(row.facts, operator, value)(row.row.value) else NONE
        if row.attr is None:
            return self._stored(row, operator, value)
        if row.row.ref is not None:
            return self._reference(row, operator, value)
        if row.shape is Shape.WHOLE:
            return there(self.judge, row.attr, exact=False)
        also = self._spellings(row, value) if operator is CompareOperator.eq else []
        outcomes = row.pipeline.outcomes()
        if outcomes is not None:
            test = comparison(row.facts, operator, value, also)
            return self._listed(row, [held for scim, held in outcomes if test(scim)])
        timed = row.facts.type == "dateTime"
        if row.pipeline.plain or (timed and _named(row.pipeline) == {"iso_time"}):
            return self._plain(row, operator, value, also)
        if timed and _named(row.pipeline) <= _TIMES:
            return self._moment(row, operator, literal(row.facts, operator, value))
        if operator is CompareOperator.eq:
            return self._translated(row, value)
        return OPEN if row.pipeline.reads_absence else there(self.judge, row.attr, exact=False)

    def _sees_all(self, row: BoundRow) -> bool:
        """Whether the row shows every value of its attribute, so that "any value" means what SCIM means (rule 11)."""
        return row.shape is Shape.MANY or row.attr is None or self.single(row.attr)

    def _spellings(self, row: BoundRow, value: Any) -> list[Any]:
        return self.index.spellings(row.path.known.path, value)

    def _stored(self, row: BoundRow, operator: CompareOperator | str, value: Any) -> Part:
        if self.stored_ids is None:
            return OPEN
        wanted = [value, *(self._spellings(row, value) if operator == "eq" else [])]
        found = [self.stored_ids(row.name, str(operator), each) for each in dict.fromkeys(wanted)]
        if any(each is None for each in found):
            return OPEN
        ids = tuple(sorted({id for each in found for id in each}))
        return judged(self.judge, AnyOf(ID, ids, case_exact=True))

    def _reference(self, row: BoundRow, operator: CompareOperator, value: Any) -> Part:
        if operator is not CompareOperator.eq or not isinstance(value, str):
            return there(self.judge, row.attr or "", exact=False)
        leaf = Compare(row.attr or "", Operator.EQ, Ref(value), case_exact=True)
        return judged(self.judge, leaf, self._sees_all(row))

    def _listed(self, row: BoundRow, held: Iterable[Where | tuple[Any, ...]]) -> Part:
        attr, parts, values = row.attr or "", list[Part](), list[Any]()
        chosen = list(held)
        for each in chosen:
            if isinstance(each, tuple):
                values += each
            elif each is Where.PRESENT:
                parts.append(there(self.judge, attr))
            else:
                parts.append(negated(there(self.judge, attr)))
        if Where.PRESENT in chosen and Where.ABSENT in chosen:
            return ALL
        if values:
            parts.append(equal(self.judge, attr, values, True, self._sees_all(row)))
        return some(parts)

    def _plain(self, row: BoundRow, operator: CompareOperator, value: Any, also: list[Any]) -> Part:
        wanted = _native(literal(row.facts, operator, value))
        attr, exact, sees_all = row.attr or "", row.facts.case_exact, self._sees_all(row)
        if operator is CompareOperator.eq:
            return equal(self.judge, attr, _distinct([wanted, *also], exact), exact, sees_all)
        return judged(self.judge, Compare(attr, Operator(str(operator)), wanted, exact), sees_all)

    def _moment(self, row: BoundRow, operator: CompareOperator, moment: datetime) -> Part:
        """Times are compared a second wide: spellings of a fraction do not sort as text."""
        attr = row.attr or ""
        bounds: list[tuple[Operator, timedelta]] = []
        if operator in _AFTER or operator is CompareOperator.eq:
            bounds.append((Operator.GE, -_SECOND))
        if operator not in _AFTER:
            bounds.append((Operator.LE, _SECOND))
        try:
            made = [(bound, row.pipeline.forward(written(moment + shift))) for bound, shift in bounds]
        except (StepError, OverflowError):
            return there(self.judge, attr, exact=False)
        return loose(every(judged(self.judge, Compare(attr, bound, limit), False) for bound, limit in made))

    def _translated(self, row: BoundRow, value: Any) -> Part:
        """``eq`` through steps that can be undone: what the literal becomes, with and without the normalisers."""
        if row.pipeline.reads_absence or row.pipeline.fleeting:
            return OPEN
        attr = row.attr or ""
        if any(step.reads_old for step in row.pipeline.steps):
            return there(self.judge, attr, exact=False)
        bare = Pipeline([step for step in row.pipeline.steps if not step.normaliser])
        made: list[Any] = []
        for pipeline in (row.pipeline, bare):
            try:
                made.append(pipeline.forward(value))
            except StepError:
                continue
        made = [each for each in dict.fromkeys(made) if each is not None]
        return equal(self.judge, attr, made, row.facts.case_exact, exact=False) if made else NONE

    def _present(self, row: BoundRow) -> Part:
        if row.attr is None:
            return ALL if _is_constant(row) else self._stored(row, "pr", None)
        outcomes = row.pipeline.outcomes()
        if outcomes is not None and row.shape is not Shape.WHOLE:
            return self._listed(row, [held for _, held in outcomes])
        if row.pipeline.reads_absence:
            return OPEN
        return there(self.judge, row.attr, exact=row.pipeline.plain)


def _is_constant(row: BoundRow) -> bool:
    """Whether every entry shows the same value: a ``show`` row with ``value``."""
    return row.row.direction == "show" and row.attr is None and row.row.store is None


def _named(pipeline: Pipeline) -> frozenset[str]:
    return frozenset(step.name for step in pipeline.steps if not step.normaliser)


def _native(wanted: Any) -> Any:
    """A literal as connectors take it: points in time are text."""
    return written(wanted) if isinstance(wanted, datetime) else wanted


def _distinct(values: Iterable[Any], case_exact: bool) -> list[Any]:
    seen: dict[Any, Any] = {}
    for value in values:
        seen.setdefault(value.casefold() if isinstance(value, str) and not case_exact else value, value)
    return list(seen.values())
