"""Random SCIM filters for a mapping, as hypothesis strategies."""

from typing import Any

from hypothesis import strategies as st
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

TEXTS = st.sampled_from(
    ["", "a", "A", "ann", "Ann", " ann ", "b", "ab", "work", "home", "admin", "reader", "x:ann", "5"]
)
TIMES = st.sampled_from(
    ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5Z", "2026-01-01T01:00:00+01:00", "2025-06-01T00:00:00Z"]
)
NUMBERS = st.integers(0, 6)
ORDERED = [CompareOperator.gt, CompareOperator.ge, CompareOperator.lt, CompareOperator.le]
PARTS = [CompareOperator.co, CompareOperator.sw, CompareOperator.ew]
SAME = [CompareOperator.eq, CompareOperator.ne]


def comparisons(path: AttrPath, kind: str) -> st.SearchStrategy[FilterNode]:
    """One comparison of an attribute of a kind, or a presence test."""
    values: st.SearchStrategy[Any]
    operators = SAME + ORDERED
    match kind:
        case "boolean":
            values, operators = st.sampled_from([True, False, "True", "false"]), SAME
        case "dateTime":
            values, operators = TIMES, SAME + ORDERED + PARTS
        case "integer":
            values = NUMBERS
        case "complex":
            return st.builds(Present, st.just(path))
        case _:
            values, operators = TEXTS, SAME + ORDERED + PARTS
    compared = st.builds(Comparison, st.just(path), st.sampled_from(operators), values)
    null = st.builds(Comparison, st.just(path), st.sampled_from(SAME), st.none())
    return st.one_of(compared, compared, st.builds(Present, st.just(path)), null)


def trees(leaves: st.SearchStrategy[FilterNode]) -> st.SearchStrategy[FilterNode]:
    """Leaves under ``and``, ``or`` and ``not``."""
    operators = st.sampled_from([LogicalOperator.and_, LogicalOperator.or_])
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds(Not, inner),
            st.builds(LogicalExpr, operators, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        ),
        max_leaves=5,
    )


def selections(path: AttrPath, parts: dict[str, str]) -> st.SearchStrategy[FilterNode]:
    """``path[…]`` with a random filter inside."""
    inside = st.one_of(*(comparisons(AttrPath(name), kind) for name, kind in parts.items()))
    return st.builds(ValuePath, st.just(path), trees(inside))
