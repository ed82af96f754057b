"""One comparison of RFC 7644 §3.4.2.2, prepared once and asked of many values. Total: it never raises when asked."""

from collections.abc import Callable, Iterable
from typing import Any

from scim2_models import InvalidFilterException
from scim2_models.path import ORDERING_OPERATORS, STRING_OPERATORS, CompareOperator

from gateway.mapping.model import SchemaAttribute
from gateway.mapping.steps.times import instant

Test = Callable[[Any], bool]

_TRUTHS = {"true": True, "false": False}


def literal(facts: SchemaAttribute, operator: CompareOperator, value: Any) -> Any:
    """Return a literal of a filter as a value of the attribute's type; ``"True"`` is a boolean where one is due.

    :raises InvalidFilterException: the type knows no such comparison, or the literal is no value of it.
    """
    scim_type = facts.type
    if scim_type in ("boolean", "binary") and operator in ORDERING_OPERATORS | STRING_OPERATORS:
        raise InvalidFilterException(detail=f"'{operator}' cannot be applied to the {scim_type} attribute {facts.name}")
    if value is None or operator in STRING_OPERATORS:
        return value if value is None or isinstance(value, str) else _text(value)
    found: Any
    match scim_type:
        case "boolean":
            found = value if isinstance(value, bool) else _TRUTHS.get(str(value).lower())
        case "integer" | "decimal":
            found = _number(value)
        case "dateTime":
            found = instant(value)
        case _:
            return _text(value)
    if found is None:
        raise InvalidFilterException(detail=f"{_text(value)!r} is no value of the {scim_type} attribute {facts.name}")
    return found


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)


def _number(value: Any) -> int | float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value
    try:
        return int(value)
    except (ValueError, TypeError):
        try:
            return float(value)
        except (ValueError, TypeError):
            return None


def key_of(facts: SchemaAttribute) -> Callable[[Any], Any]:
    """Return what puts a value of the attribute into the form it is compared in; None for a value of another type."""
    match facts.type:
        case "boolean":
            return lambda value: value if isinstance(value, bool) else None
        case "integer" | "decimal":
            return lambda value: None if isinstance(value, bool) or not isinstance(value, int | float) else value
        case "dateTime":
            return instant
        case "binary" | "reference":
            return lambda value: value if isinstance(value, str) else None
    if facts.case_exact:
        return lambda value: value if isinstance(value, str) else None
    return lambda value: value.casefold() if isinstance(value, str) else None


def comparison(facts: SchemaAttribute, operator: CompareOperator, value: Any, also: Iterable[Any] = ()) -> Test:
    """Return whether one value of the attribute satisfies ``operator value``. ``ne`` and null are the caller's.

    :param also: further literals that ``eq`` takes as the same (what a row's steps make of the literal).
    :raises InvalidFilterException: see ``literal``.
    """
    wanted = literal(facts, operator, value)
    if has_no_parts(facts, operator):
        return lambda _held: False
    if operator in STRING_OPERATORS:
        return _part(facts, operator, wanted)
    key = key_of(facts)
    if operator is CompareOperator.eq:
        keys = frozenset(key(each) for each in (wanted, *also)) - {None}
        return lambda held: key(held) in keys
    against = key(wanted)
    match operator:
        case CompareOperator.gt:
            return lambda held: (found := key(held)) is not None and bool(found > against)
        case CompareOperator.ge:
            return lambda held: (found := key(held)) is not None and bool(found >= against)
        case CompareOperator.lt:
            return lambda held: (found := key(held)) is not None and bool(found < against)
        case CompareOperator.le:
            return lambda held: (found := key(held)) is not None and bool(found <= against)
    raise InvalidFilterException(detail=f"'{operator}' is not a comparison of values")


def has_no_parts(facts: SchemaAttribute, operator: CompareOperator) -> bool:
    """Whether ``co``, ``sw`` or ``ew`` is asked of what is not text, and so never holds."""
    return operator in STRING_OPERATORS and facts.type in ("dateTime", "integer", "decimal", "complex")


def _part(facts: SchemaAttribute, operator: CompareOperator, wanted: str) -> Test:
    fold = (lambda text: text) if facts.case_exact else str.casefold
    against = fold(wanted)
    match operator:
        case CompareOperator.co:
            return lambda held: isinstance(held, str) and against in fold(held)
        case CompareOperator.sw:
            return lambda held: isinstance(held, str) and fold(held).startswith(against)
        case _:
            return lambda held: isinstance(held, str) and fold(held).endswith(against)


def present(value: Any) -> bool:
    """Whether a value counts for ``pr``: not null, not empty, and for an element or list, something in it."""
    if value is None or value == "":
        return False
    if isinstance(value, dict):
        return any(present(each) for each in value.values())
    if isinstance(value, list | tuple):
        return any(present(each) for each in value)
    return True
