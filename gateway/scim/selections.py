"""Value filters: ``type eq "work" and primary eq true`` over the elements of one attribute (RFC 7644 §3.5.2)."""

from collections.abc import Callable, Iterable
from datetime import datetime
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
)

from gateway.scim.dialects import Dialect
from gateway.scim.shape import Attribute

ORDERING = frozenset({CompareOperator.gt, CompareOperator.ge, CompareOperator.lt, CompareOperator.le})
SUBSTRING = frozenset({CompareOperator.co, CompareOperator.sw, CompareOperator.ew})
UNORDERED = frozenset({"boolean", "binary"})
TEXT = frozenset({"string", "reference", "complex"})


def bound(attribute: Attribute, node: FilterNode, dialect: Dialect) -> FilterNode:
    """Return the filter in the schema's spelling, literals in the type of what they are compared with.

    :raises InvalidFilterException: a sub-attribute nobody declared, or a comparison its type does not allow.
    """
    match node:
        case Not():
            return Not(bound(attribute, node.expr, dialect))
        case LogicalExpr():
            return LogicalExpr(node.op, tuple(bound(attribute, term, dialect) for term in node.terms))
        case Present():
            return Present(_sub_path(attribute, node.attr_path))
        case Comparison():
            if attribute.sole is not None and dialect.sole_is_primary and _says_primary(attribute, node, dialect):
                return attribute.sole
            path = _sub_path(attribute, node.attr_path)
            sub = _sub(attribute, path)
            return Comparison(path, node.op, literal(sub, node.op, node.value, dialect))
    raise InvalidFilterException(detail=f"{node} cannot stand within brackets")


def _says_primary(attribute: Attribute, node: Comparison, dialect: Dialect) -> bool:
    """``primary eq true`` where the attribute has no ``primary``: no other element could be it (RFC 7643 §2.4)."""
    path = str(node.attr_path).lower()
    said = node.value is True or (dialect.booleans and str(node.value).lower() == "true")
    return path == "primary" and path not in attribute.subs and node.op == CompareOperator.eq and said


def _sub_path(attribute: Attribute, path: AttrPath) -> AttrPath:
    """The path of a sub-attribute; a simple attribute calls its own value ``value``."""
    if not attribute.complex and path.attr.lower() == "value" and path.sub_attr is None:
        return AttrPath("value")
    sub = attribute.subs.get(path.attr.lower())
    if sub is None or path.sub_attr is not None or path.uri is not None:
        known = ", ".join(each.name for each in attribute.subs.values()) or "no parts"
        raise InvalidFilterException(detail=f"{path} is not a sub-attribute of {attribute.path}, which has {known}")
    return AttrPath(sub.name)


def _sub(attribute: Attribute, path: AttrPath) -> Attribute:
    return attribute.subs[path.attr.lower()] if attribute.complex else attribute


def literal(attribute: Attribute, operator: CompareOperator, value: Any, dialect: Dialect) -> Any:
    """Return a filter's literal as the attribute's type has it.

    :raises InvalidFilterException: an operator the type does not have (RFC 7644 §3.4.2.2), or another type's literal.
    """
    without = attribute.type in UNORDERED and operator in ORDERING
    if without or (attribute.type not in TEXT and operator in SUBSTRING):
        raise InvalidFilterException(detail=f"{operator.value} does not apply to {attribute.path}, a {attribute.type}")
    if value is None:
        return None
    if isinstance(value, str) and "\x00" in value:
        raise InvalidFilterException(detail=f"{attribute.path} is compared with text without NUL")
    if attribute.type == "boolean":
        if isinstance(value, str) and dialect.booleans and value.lower() in ("true", "false"):
            return value.lower() == "true"
        if not isinstance(value, bool):
            raise InvalidFilterException(detail=f"{attribute.path} is compared with true or false")
    elif isinstance(value, bool) or (attribute.complex and not isinstance(value, str)):
        raise InvalidFilterException(detail=f"{attribute.path} is not compared with {value}")
    elif attribute.type in ("string", "reference", "binary", "dateTime") and not isinstance(value, str):
        if not dialect.bare_literals:
            raise InvalidFilterException(detail=f"{attribute.path} is compared with a string")
        return str(value)
    elif attribute.type in ("integer", "decimal") and isinstance(value, str):
        raise InvalidFilterException(detail=f"{attribute.path} is compared with a number")
    return value


def matches(attribute: Attribute, node: FilterNode, element: Any) -> bool:
    """Whether one element satisfies a bound filter."""
    match node:
        case Not():
            return not matches(attribute, node.expr, element)
        case LogicalExpr():
            judged = (matches(attribute, term, element) for term in node.terms)
            return all(judged) if node.op == LogicalOperator.and_ else any(judged)
        case Present():
            return _value(attribute, node.attr_path, element) not in (None, "", [])
        case Comparison():
            sub = _sub(attribute, node.attr_path)
            return compare(sub, node.op, _value(attribute, node.attr_path, element), node.value)
    return False


def _value(attribute: Attribute, path: AttrPath, element: Any) -> Any:
    if not attribute.complex:
        return element
    return element.get(path.attr) if isinstance(element, dict) else None


def compare(attribute: Attribute, operator: CompareOperator, actual: Any, expected: Any) -> bool:
    """Apply one comparison (RFC 7644 §3.4.2.2); values that cannot be compared do not match."""
    if isinstance(actual, list):
        judged = [compare(attribute, operator, item, expected) for item in actual]
        return all(judged) if operator == CompareOperator.ne else any(judged)
    if actual is None or expected is None:
        same = actual is None and expected is None
        return same if operator == CompareOperator.eq else operator == CompareOperator.ne and not same
    left, right = _comparable(attribute, actual), _comparable(attribute, expected)
    if operator in SUBSTRING and not (isinstance(left, str) and isinstance(right, str)):
        return False
    try:
        return bool(COMPARISONS[operator](left, right))
    except TypeError:
        return False


def _comparable(attribute: Attribute, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if attribute.type == "dateTime":
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            return value
    return value if attribute.case_exact else value.lower()


COMPARISONS: dict[CompareOperator, Callable[[Any, Any], Any]] = {
    CompareOperator.eq: lambda left, right: left == right,
    CompareOperator.ne: lambda left, right: left != right,
    CompareOperator.co: lambda left, right: right in left,
    CompareOperator.sw: lambda left, right: left.startswith(right),
    CompareOperator.ew: lambda left, right: left.endswith(right),
    CompareOperator.gt: lambda left, right: left > right,
    CompareOperator.ge: lambda left, right: left >= right,
    CompareOperator.lt: lambda left, right: left < right,
    CompareOperator.le: lambda left, right: left <= right,
}


def terms(node: FilterNode) -> int:
    """How many comparisons a filter makes."""
    match node:
        case Not():
            return terms(node.expr)
        case LogicalExpr():
            return sum(terms(term) for term in node.terms)
    return 1


def described(node: FilterNode) -> dict[str, Any] | None:
    """The element a bound filter describes: ``eq`` comparisons joined by ``and``; None for any other filter."""
    terms = node.terms if isinstance(node, LogicalExpr) and node.op == LogicalOperator.and_ else (node,)
    values: dict[str, Any] = {}
    for term in terms:
        if not isinstance(term, Comparison) or term.op != CompareOperator.eq or term.value is None:
            return None
        if values.setdefault(term.attr_path.attr, term.value) != term.value:
            return None
    return values


def creatable(attribute: Attribute, node: FilterNode) -> dict[str, Any] | None:
    """The element that a selection without a match may create, or None: ``noTarget``.

    An unknown ``type`` is no invitation to make one up; where the schema lists no types, every one is known.
    """
    values = described(node)
    if values is None or not attribute.complex:
        return None
    kind = attribute.subs.get("type")
    if "type" in values and kind is not None and kind.canonical:
        spelled = kind.canonical.get(str(values["type"]).lower())
        if spelled is None:
            return None
        values["type"] = spelled
    return values


def covers(attribute: Attribute, elements: Iterable[Any], values: dict[str, Any]) -> bool:
    """Whether some element already has all these values."""
    return any(
        all(
            compare(attribute.subs[name.lower()], CompareOperator.eq, element.get(name), value)
            for name, value in values.items()
        )
        for element in elements
    )
