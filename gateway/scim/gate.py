"""What the library would say of a resource, where that is plain to see.

``normalise`` has already refused wrong types, and dropped what is read-only. Most resources hold nothing but texts and
booleans, with all that is required: of those the library has nothing to refuse, and need not be asked. Anything else
it judges itself. Its verdict is the oracle of ``tests/scim/test_gate_oracle.py``.
"""

from collections.abc import Mapping
from typing import Any

from scim2_models import InvalidValueException

from gateway.scim.shape import Attribute, Shape
from gateway.scim.values import is_blank

_PLAIN: Mapping[str, type] = {"string": str, "boolean": bool}
_WRITTEN = ("readWrite", "writeOnly")


def is_plain(shape: Shape, resource: Mapping[str, Any]) -> bool:
    """Whether a canonical resource is one that the library accepts, in a POST and in a PUT."""
    for extension in shape.extensions.values():
        inner = resource.get(extension.urn)
        if inner is not None and not _holds(extension.attributes, inner):
            return False
    return _holds(shape.core, resource)


def _holds(attributes: Mapping[str, Attribute], values: Any) -> bool:
    """Whether an object has all that is required, and nothing that is not plain."""
    if not isinstance(values, dict):
        return False
    for attribute in attributes.values():
        value = values.get(attribute.name)
        if value is None or (value == [] and attribute.multi_valued):
            if attribute.required and not attribute.read_only:
                return False
        elif not _is_plain(attribute, value):
            return False
    return True


def _is_plain(attribute: Attribute, value: Any) -> bool:
    if attribute.mutability not in _WRITTEN:
        return False
    if not attribute.multi_valued:
        return _is_one(attribute, value)
    if not isinstance(value, list) or not all(_is_one(attribute, each) for each in value):
        return False
    return "primary" not in attribute.subs or sum(each.get("primary") is True for each in value) < 2


def _is_one(attribute: Attribute, value: Any) -> bool:
    kind = _PLAIN.get(attribute.type)
    return type(value) is kind if kind is not None else attribute.complex and _holds(attribute.subs, value)


def refuse_blank(shape: Shape, resource: Mapping[str, Any]) -> None:
    """A required string of nothing but blanks is missing too (an empty userName: 400)."""
    for attribute in shape.core.values():
        value = resource.get(attribute.name)
        if attribute.required and is_blank(value):
            raise InvalidValueException(attribute=attribute.path, detail=f"{attribute.path} is required")
