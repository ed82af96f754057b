"""One value of one attribute: tolerated spellings in, canonical JSON out, anything else refused.

``canonical`` is total over JSON: it returns the value, None where there is none, or raises a SCIMException. It never
descends deeper than the schema does.
"""

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable
from datetime import datetime
from typing import Any

from scim2_models import InvalidSyntaxException, InvalidValueException

from gateway.scim.dialects import Dialect
from gateway.scim.shape import Attribute


def refuse(attribute: Attribute, wanted: str) -> InvalidValueException:
    """The refusal of a value; the value itself is not repeated, it may be a secret."""
    return InvalidValueException(attribute=attribute.path, detail=f"{attribute.path}: {wanted} is expected")


def is_blank(value: Any) -> bool:
    """Whether a value is text without anything to see in it: for a required attribute, no value."""
    return isinstance(value, str) and not value.strip()


def canonical(attribute: Attribute, value: Any, dialect: Dialect) -> Any:
    """Return the canonical form of what a client sent for an attribute, None where it is unset.

    :raises InvalidValueException: not a value of this attribute (RFC 7643 §2.3).
    :raises InvalidSyntaxException: a sub-attribute that nobody declared, where the dialect does not ignore those.
    """
    if value is None or (value == "" and dialect.empty_is_unset and isinstance(value, str)):
        return None
    if attribute.multi_valued:
        return many(attribute, value, dialect)
    return one(attribute, value, dialect)


def many(attribute: Attribute, value: Any, dialect: Dialect) -> list[Any] | None:
    """The values of a multi-valued attribute, each (type, value) pair once (RFC 7643 §2.4)."""
    if not isinstance(value, list):
        if not (dialect.one_for_many and (isinstance(value, dict) or not attribute.complex)):
            raise refuse(attribute, "an array")
        value = [value]
    elements = [element for item in value if (element := _element(attribute, item, dialect)) is not None]
    if is_members(attribute) and (len(elements) < len(value) or any("value" not in each for each in elements)):
        raise InvalidValueException(attribute="members.value", detail="A member needs a value")
    return distinct(attribute, elements)


def is_members(attribute: Attribute) -> bool:
    """Whether these are the members of a group: one who is nobody is refused, for a replace by nobody empties it."""
    return attribute.name == "members" and "display" in attribute.subs


def _element(attribute: Attribute, value: Any, dialect: Dialect) -> Any:
    if value is None or (value == "" and dialect.empty_is_unset and isinstance(value, str)):
        return None
    return one(attribute, value, dialect)


def distinct(attribute: Attribute, elements: list[Any]) -> list[Any]:
    """Drop repeated elements, and refuse two primaries (RFC 7643 §2.4)."""
    if not attribute.complex:
        return list({fold(attribute, element): element for element in reversed(elements)}.values())[::-1]
    kept: dict[Any, Any] = {}
    for element in elements:
        known = kept.setdefault(identity(attribute, element), element)
        if known is not element and element.get("primary") is True:
            kept[identity(attribute, element)] = {**known, "primary": True}
    if sum(element.get("primary") is True for element in kept.values()) > 1:
        raise InvalidValueException(
            attribute=attribute.path, detail=f"{attribute.path}: only one value may be primary (RFC 7643 §2.4)"
        )
    return list(kept.values())


def identity(attribute: Attribute, element: dict[str, Any]) -> Any:
    """What makes two elements the same: type and value; all of the element where it has no value."""
    value = element.get("value")
    if value is None:
        return tuple(sorted((key, repr(item)) for key, item in element.items()))
    kind = element.get("type")
    sub = attribute.subs.get("value")
    # A member is one whatever type was sent with it.
    folded = None if is_members(attribute) else kind and str(kind).lower()
    return (folded, fold(sub, value) if sub else value)


def fold(attribute: Attribute, value: Any) -> Any:
    """The form in which two values of an attribute are compared (RFC 7643 §2.2 caseExact)."""
    return value.lower() if isinstance(value, str) and not attribute.case_exact else value


def one(attribute: Attribute, value: Any, dialect: Dialect) -> Any:
    """One value: a complex one sub-attribute by sub-attribute, a simple one by its type."""
    if attribute.complex:
        return _complex(attribute, value, dialect)
    return SIMPLE[attribute.type](attribute, value, dialect)


def _complex(attribute: Attribute, value: Any, dialect: Dialect) -> dict[str, Any] | None:
    if isinstance(value, list) and dialect.many_for_one and not attribute.multi_valued:
        if len(value) > 1:
            raise refuse(attribute, "one object")
        if not value or value[0] in (None, ""):
            return None
        value = value[0]
    if isinstance(value, str) and dialect.text_for_complex and not attribute.multi_valued and "value" in attribute.subs:
        value = {"value": value}
    if not isinstance(value, dict):
        raise refuse(attribute, "an object")
    return _without_reference(attribute, _subs(attribute, value, dialect))


def _subs(attribute: Attribute, value: dict[str, Any], dialect: Dialect) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, item in value.items():
        sub = attribute.subs.get(key.lower())
        if sub is None:
            if not dialect.unknown:
                raise InvalidSyntaxException(detail=f"{attribute.path}.{key} is not an attribute of the schema")
            continue
        if sub.name in result:
            raise InvalidSyntaxException(detail=f"{sub.path} is there twice")
        if not sub.read_only:
            result[sub.name] = canonical(sub, item, dialect)
    return result


def _without_reference(attribute: Attribute, subs: dict[str, Any]) -> dict[str, Any] | None:
    """Leave ``$ref`` out: the gateway derives it from ``value``, and the other way where only ``$ref`` was sent.

    An element keeps only what is set. A single complex value keeps its nulls, which clear (semantics, rule 8); one
    whose ``value`` is null is nothing at all.
    """
    if "value" in attribute.subs and (reference := subs.pop("$ref", None)) and subs.get("value") is None:
        subs["value"] = str(reference).rstrip("/").rpartition("/")[2]
    if attribute.multi_valued:
        return {name: item for name, item in subs.items() if item is not None} or None
    return None if "value" in subs and subs["value"] is None else subs


def _boolean(attribute: Attribute, value: Any, dialect: Dialect) -> bool:
    if dialect.booleans:
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, str) and value.strip().lower() in ("true", "false"):
            return value.strip().lower() == "true"
    if not isinstance(value, bool):
        raise refuse(attribute, "true or false")
    return value


def _string(attribute: Attribute, value: Any, _dialect: Dialect) -> str:
    if not isinstance(value, str):
        raise refuse(attribute, "a string")
    if "\x00" in value:
        raise refuse(attribute, "a string without NUL")
    return value


def _integer(attribute: Attribute, value: Any, _dialect: Dialect) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise refuse(attribute, "an integer")
    return value


def _decimal(attribute: Attribute, value: Any, _dialect: Dialect) -> int | float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise refuse(attribute, "a number")
    return value


def _date_time(attribute: Attribute, value: Any, dialect: Dialect) -> str:
    text = _string(attribute, value, dialect)
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise refuse(attribute, "a dateTime (2011-05-13T04:42:34Z)") from None
    if "T" not in text:
        raise refuse(attribute, "a dateTime (2011-05-13T04:42:34Z)")
    return text


def _binary(attribute: Attribute, value: Any, dialect: Dialect) -> str:
    text = _string(attribute, value, dialect)
    if dialect.strict:
        try:
            b64decode(text, validate=True)
        except NotBase64:
            raise refuse(attribute, "base64") from None
    return text


SIMPLE: dict[str, Callable[[Attribute, Any, Dialect], Any]] = {
    "string": _string,
    "reference": _string,
    "boolean": _boolean,
    "integer": _integer,
    "decimal": _decimal,
    "dateTime": _date_time,
    "binary": _binary,
}
