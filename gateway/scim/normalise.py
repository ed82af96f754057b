"""A resource as a client sent it becomes the canonical dict that provisioning takes.

Pure functions on JSON. Names get the schema's spelling, extensions their full URN, values their canonical form; what
only the server may say (``id``, ``meta``, read-only attributes) is left out (RFC 7644 §3.3, §3.5.1). Explicit nulls
stay, because they clear (semantics, rule 8).
"""

import re
from functools import lru_cache
from typing import Any

from scim2_models import InvalidPathException, InvalidSyntaxException, InvalidValueException
from scim2_models.path import AttrPath, Comparison, Path, Present, ValuePath

from gateway.scim import selections
from gateway.scim.dialects import Dialect
from gateway.scim.shape import Attribute, Place, Shape
from gateway.scim.values import canonical, distinct

Document = dict[str, Any]
Target = AttrPath | ValuePath
"""What a path names: an attribute, or some of its elements."""

MAX_PATH = 16_384
"""The longest path, in characters: parsing takes more than in proportion, and nobody needs more."""
_PLAIN = re.compile(r"([A-Za-z][A-Za-z0-9_$-]*)(?:\.([A-Za-z$][A-Za-z0-9_$-]*))?")


def resource(shape: Shape, document: Any, dialect: Dialect) -> Document:
    """Return the canonical form of the body of a POST or PUT, without ``schemas``.

    :raises InvalidSyntaxException: not an object, the wrong ``schemas``, or an attribute nobody declared where the
        dialect does not ignore those. :raises InvalidValueException: a value of the wrong type.
    """
    if not isinstance(document, dict):
        raise InvalidSyntaxException(detail="The body must be a JSON object")
    check_schemas(shape, document, dialect)
    result: Document = {}
    aliased: list[tuple[str, Any]] = []
    for key, value in document.items():
        folded = key.lower()
        attribute = shape.core.get(folded)
        if attribute is not None:
            if not attribute.read_only and attribute.name != "schemas":
                _put(result, Place(None, attribute), canonical(attribute, value, dialect))
        elif (extension := shape.extensions.get(folded)) is not None:
            _extension(result, shape, extension.urn, value, dialect)
        elif within := inside_core(shape, key, value, dialect):
            aliased.extend(within.items())
        else:
            aliased.append((key, value))
    for key, value in aliased:
        _elsewhere(result, shape, key, value, dialect)
    return result


def check_schemas(shape: Shape, document: Document, dialect: Dialect) -> None:
    """Refuse a body whose ``schemas`` does not name its own schema (RFC 7643 §3)."""
    given = next((value for key, value in document.items() if key.lower() == "schemas"), None)
    if given is None and not dialect.strict:
        return
    if not isinstance(given, list) or not all(isinstance(urn, str) for urn in given):
        raise InvalidSyntaxException(detail="schemas must be an array of schema URNs")
    urns = {urn.lower() for urn in given}
    if urns and shape.schema.lower() not in urns:
        raise InvalidSyntaxException(detail=f"schemas must contain {shape.schema}")
    unknown = urns - {shape.schema.lower(), *shape.extensions}
    if unknown and not dialect.unknown:
        raise InvalidSyntaxException(detail=f"schemas nobody declared: {', '.join(sorted(unknown))}")


def inside_core(shape: Shape, key: str, value: Any, dialect: Dialect) -> Document:
    """What stands in an object under the URN of the core schema itself, as if that were an extension's."""
    if not dialect.keys_as_paths or key.lower() != shape.schema.lower() or not isinstance(value, dict):
        return {}
    return {name: item for name, item in value.items() if name.lower() != "schemas"}


def _extension(result: Document, shape: Shape, urn: str, value: Any, dialect: Dialect) -> None:
    attributes = shape.extensions[urn.lower()].attributes
    if value is None:
        value = dict.fromkeys(attributes)
    if not isinstance(value, dict):
        raise InvalidValueException(attribute=urn, detail=f"{urn}: an object is expected")
    for key, item in value.items():
        attribute = attributes.get(key.lower())
        if attribute is None:
            if not dialect.unknown:
                raise InvalidSyntaxException(detail=f"{urn}:{key} is not an attribute of the schema")
            continue
        if not attribute.read_only:
            _put(result, Place(urn, attribute), canonical(attribute, item, dialect))


def _put(result: Document, place: Place, value: Any) -> None:
    """Set an attribute where nothing stands yet."""
    holder = result if place.extension is None else result.setdefault(place.extension, {})
    name = place.attribute.name
    if name in holder and holder[name] != value:
        raise InvalidSyntaxException(detail=f"{place.path} is there twice, with different values")
    holder[name] = None if value == {} else value


def _elsewhere(result: Document, shape: Shape, key: str, value: Any, dialect: Dialect) -> None:
    """A key that is no attribute: a path, an alias, or nothing anybody knows."""
    node = aliased_path(shape, key, dialect) or (parsed(key) if dialect.keys_as_paths else None)
    known = node is not None and _assign(result, shape, node, value, dialect)
    if not known and not dialect.unknown:
        raise InvalidSyntaxException(detail=f"{key} is not an attribute of the schema")


def _assign(result: Document, shape: Shape, node: Target, value: Any, dialect: Dialect) -> bool:
    """Write a value at a path of a document being read; what the document says by its own name wins."""
    place = shape.place(attribute_path(node))
    if place is None:
        return False
    attribute = place.attribute
    holder = result if place.extension is None else result.setdefault(place.extension, {})
    if isinstance(node, ValuePath) or (attribute.multi_valued and place.sub is not None):
        _assign_element(holder, attribute, node, value, dialect)
    elif place.sub is not None:
        clean = None if place.sub.read_only else canonical(place.sub, value, dialect)
        if holder.get(attribute.name) is None:
            holder[attribute.name] = {}
        holder[attribute.name].setdefault(place.sub.name, clean)
    elif not attribute.read_only:
        holder.setdefault(attribute.name, canonical(attribute, value, dialect))
    return True


def _assign_element(holder: Document, attribute: Attribute, node: Target, value: Any, dialect: Dialect) -> None:
    """``emails[type eq "work"].value`` or ``emails.value`` as a key: one element."""
    if isinstance(node, ValuePath):
        described = selections.described(selections.bound(attribute, node.val_filter, dialect)) or {}
    else:
        described = {}
    name = node.sub_attr
    element = {**described, name: value} if name else {**described, **(value if isinstance(value, dict) else {})}
    current = holder.get(attribute.name) or []
    if value in (None, "") or selections.covers(attribute, current, described):
        return
    holder[attribute.name] = distinct(attribute, current + (canonical(attribute, [element], dialect) or []))


def aliased_path(shape: Shape, name: str, dialect: Dialect) -> Target | None:
    """Return the path that another name stands for: ``also`` of a row, an extension's attribute, ``email``."""
    if not dialect.aliases:
        return None
    folded = name.lower()
    if folded in shape.aliases:
        return parsed(shape.aliases[folded])
    homes = shape.homes(name)
    if len(homes) == 1:
        return parsed(homes[0].path)
    if folded == "email" and "emails" in shape.core:
        return AttrPath("emails", "value")
    return None


def parsed(path: str) -> Target | None:
    """Parse a path, None where it is none."""
    try:
        return target(path)
    except InvalidPathException:
        return None


def target(path: str) -> Target:
    """Parse the path of an operation (RFC 7644 §3.5.2). :raises InvalidPathException:

    ``emails.type eq "work"`` is one too, by errata 7122: it selects elements.
    """
    if plain := _PLAIN.fullmatch(path):
        return AttrPath(plain[1], plain[2])
    if len(path) > MAX_PATH:
        raise InvalidPathException(path=path[:100], detail=f"a path may have at most {MAX_PATH} characters")
    return _parsed(path)


@lru_cache(maxsize=256)
def _parsed(path: str) -> Target:
    node = Path(path).ast
    if isinstance(node, Comparison | Present) and node.attr_path.sub_attr is not None:
        inner = AttrPath(node.attr_path.sub_attr)
        term = Present(inner) if isinstance(node, Present) else Comparison(inner, node.op, node.value)
        return ValuePath(AttrPath(node.attr_path.attr, None, node.attr_path.uri), term)
    if not isinstance(node, AttrPath | ValuePath):
        raise InvalidPathException(path=path, detail=f"{path!r} does not name an attribute")
    return node


def attribute_path(node: Target) -> AttrPath:
    """The attribute that a path names, selection left out: ``emails[type eq "work"].value`` → ``emails.value``."""
    if isinstance(node, ValuePath):
        return AttrPath(node.attr_path.attr, node.sub_attr, node.attr_path.uri)
    return node
