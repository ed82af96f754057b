"""A filter decided in Python, for backends that hold their entries as Python values (``memory``, small files).

Text is compared by ``str.casefold`` unless the leaf is case-exact, ``dateTime`` values as instants, numbers as
numbers; values of different kinds are neither equal nor ordered. The kit has an oracle of its own, written apart.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from connectors.entry import Ref
from connectors.filters import And, AnyOf, Compare, Filter, Not, Operator, Or, Present

Values = Callable[[str], tuple[Any, ...]]
"""attribute → its values, ``()`` where absent; ``emails.value`` asks for one sub-attribute of every element."""

TEXT_ONLY = frozenset({Operator.CO, Operator.SW, Operator.EW})


def matches(term: Filter, values: Values, types: Callable[[str], str] = lambda _: "string") -> bool:
    """Say whether one entry satisfies ``term``; ``types`` gives the SCIM type of an attribute. Raises nothing."""
    match term:
        case And(terms):
            return all(matches(each, values, types) for each in terms)
        case Or(terms):
            return any(matches(each, values, types) for each in terms)
        case Not(inner):
            return not matches(inner, values, types)
        case Present(attribute):
            return any(value != "" for value in values(attribute))
        case AnyOf(attribute, wanted, exact):
            keys = {comparable(value, exact, types(attribute)) for value in wanted}
            return any(comparable(value, exact, types(attribute)) in keys for value in values(attribute))
        case Compare(attribute, operator, value, exact):
            wanted_key = comparable(value, exact, types(attribute))
            return any(
                holds(operator, comparable(held, exact, types(attribute)), wanted_key) for held in values(attribute)
            )


def comparable(value: Any, exact: bool, scim_type: str = "string") -> tuple[str, Any]:
    """Turn a value into a (kind, key) pair: only pairs of one kind compare, and keys of one kind are ordered."""
    if isinstance(value, Ref):
        return ("reference", value.id)
    if isinstance(value, bool):
        return ("boolean", value)
    if isinstance(value, int | float):
        return ("number", value)
    if isinstance(value, bytes):
        return ("binary", value)
    if isinstance(value, str):
        if scim_type == "dateTime" and (moment := instant(value)) is not None:
            return ("dateTime", moment)
        return ("text", value if exact else value.casefold())
    return ("complex", repr(sorted(value.items())))


def instant(text: str) -> datetime | None:
    """Read an xsd:dateTime (RFC 7643 §2.3.5), without an offset as UTC; None where it is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def holds(operator: Operator, held: tuple[str, Any], wanted: tuple[str, Any]) -> bool:
    """Apply one operator to two results of ``comparable``."""
    if held[0] != wanted[0]:
        return False
    left, right = held[1], wanted[1]
    if operator in TEXT_ONLY and held[0] != "text":
        return False
    match operator:
        case Operator.EQ:
            return bool(left == right)
        case Operator.CO:
            return right in left
        case Operator.SW:
            return bool(left.startswith(right))
        case Operator.EW:
            return bool(left.endswith(right))
        case Operator.GT:
            return bool(left > right)
        case Operator.GE:
            return bool(left >= right)
        case Operator.LT:
            return bool(left < right)
        case Operator.LE:
            return bool(left <= right)
