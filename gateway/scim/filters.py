"""The ``filter``, ``sortBy`` and ``attributes`` of a request, in the schema's spelling (RFC 7644 §3.4.2.2, §3.9)."""

import re
from collections.abc import Sequence

from scim2_models import InvalidFilterException, InvalidPathException
from scim2_models.path import (
    AttrPath,
    Comparison,
    FilterNode,
    LogicalExpr,
    LogicalOperator,
    Not,
    Path,
    Present,
    ValuePath,
)

from gateway.mapping.schema.paths import parse_node
from gateway.scim import selections
from gateway.scim.dialects import Dialect
from gateway.scim.normalise import aliased_path, attribute_path, target
from gateway.scim.shape import Attribute, Place, Shape

MAX_FILTER = 16_384
"""The longest filter, in characters: parsing takes time in proportion, and nobody types more."""

_QUOTED = re.compile(r'("(?:[^"\\]|\\.)*")')
_BARE = re.compile(
    r"(\s(?:eq|ne|co|sw|ew|gt|ge|lt|le)\s+)"
    r"(?!(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?:[\s)\]]|$))"
    r'([\w.+@/:-][^\s()\[\]"]*)',
    re.IGNORECASE,
)


def parse(text: str, dialect: Dialect) -> FilterNode:
    """Parse a filter; where the dialect has them, literals without quotes get theirs.

    :raises InvalidFilterException: neither way is it one, or it is too long.
    """
    if len(text) > MAX_FILTER:
        raise InvalidFilterException(detail=f"a filter may have at most {MAX_FILTER} characters")
    try:
        return parse_node(text)
    except InvalidFilterException:
        quoted = quote_bare_literals(text) if dialect.bare_literals else text
        if quoted == text:
            raise
        return parse_node(quoted)


def quote_bare_literals(text: str) -> str:
    """``userName sw O`` → ``userName sw "O"``; what stands in quotes is left alone."""
    parts = _QUOTED.split(text)
    parts[::2] = [_BARE.sub(lambda found: f'{found[1]}"{_escaped(found[2])}"', part) for part in parts[::2]]
    return "".join(parts)


def _escaped(literal: str) -> str:
    return literal.replace("\\", "\\\\")


def canonical(node: FilterNode, shapes: Sequence[Shape], dialect: Dialect) -> FilterNode:
    """Return the filter in the schema's spelling: aliases resolved, URNs and names as declared, literals typed.

    An attribute that none of the shapes has stays as it is, for the library to refuse.

    :raises InvalidFilterException: a comparison that the attribute's type does not allow.
    """
    match node:
        case Not():
            return Not(canonical(node.expr, shapes, dialect))
        case LogicalExpr():
            return LogicalExpr(node.op, tuple(canonical(term, shapes, dialect) for term in node.terms))
        case ValuePath():
            return _selection(node, shapes, dialect)
        case Present() | Comparison():
            return _leaf(node, shapes, dialect)
    raise InvalidFilterException(detail=f"{node} is not a filter")


def _selection(node: ValuePath, shapes: Sequence[Shape], dialect: Dialect) -> FilterNode:
    place = find(node.attr_path, shapes)
    if place is None:
        return node
    return ValuePath(spelled(place), selections.bound(place.attribute, node.val_filter, dialect))


def _leaf(node: Present | Comparison, shapes: Sequence[Shape], dialect: Dialect) -> FilterNode:
    place = find(node.attr_path, shapes)
    if place is None:
        for shape in shapes:
            path = aliased_path(shape, str(node.attr_path), dialect)
            if isinstance(path, ValuePath):
                return canonical(_within(path, node), shapes, dialect)
            if isinstance(path, AttrPath):
                return canonical(_renamed(node, path), shapes, dialect)
        return _undeclared(node, shapes, dialect)
    if place.leaf.returned == "never":
        raise InvalidFilterException(detail=f"{place.leaf.path} is never returned, so nobody is found by it")
    if isinstance(node, Present):
        return Present(spelled(place))
    place = _compared(place, dialect)
    return Comparison(spelled(place), node.op, selections.literal(place.leaf, node.op, node.value, dialect))


def _undeclared(node: Present | Comparison, shapes: Sequence[Shape], dialect: Dialect) -> FilterNode:
    """``emails.primary eq true`` where no row says who is primary: read as ``emails[primary eq true]``.

    :raises InvalidFilterException: the attribute is there, and has no such part.
    """
    path = node.attr_path
    whole = find(AttrPath(path.attr, None, path.uri), shapes) if path.sub_attr is not None else None
    if whole is None:
        return node
    inner = _renamed(node, AttrPath(path.sub_attr or ""))
    return ValuePath(spelled(whole), selections.bound(whole.attribute, inner, dialect))


def _compared(place: Place, dialect: Dialect) -> Place:
    """``emails eq`` compares the values (RFC 7644 §3.4.2.2); so does ``manager eq``, as Entra ID sends it."""
    attribute = place.attribute
    if place.sub is not None or not attribute.complex or "value" not in attribute.subs:
        return place
    if not (attribute.multi_valued or dialect.text_for_complex):
        return place
    return Place(place.extension, attribute, attribute.subs["value"])


def _renamed(node: Present | Comparison, path: AttrPath) -> FilterNode:
    return Present(path) if isinstance(node, Present) else Comparison(path, node.op, node.value)


def _within(path: ValuePath, node: Present | Comparison) -> FilterNode:
    """``email eq "x"`` for ``emails[type eq "work"].value`` → ``emails[type eq "work" and value eq "x"]``."""
    inner = _renamed(node, AttrPath(path.sub_attr or "value"))
    return ValuePath(path.attr_path, LogicalExpr(LogicalOperator.and_, (path.val_filter, inner)))


def without_text(node: FilterNode, shapes: Sequence[Shape]) -> FilterNode | None:
    """The comparison of a string attribute with a text, without that text; None for any other filter."""
    if not isinstance(node, Comparison) or not isinstance(node.value, str) or not node.value:
        return None
    place = find(node.attr_path, shapes)
    return Comparison(node.attr_path, node.op, "") if place is not None and place.leaf.type == "string" else None


def find(path: AttrPath, shapes: Sequence[Shape]) -> Place | None:
    """Return where a path leads in the first shape that knows it."""
    return next((place for shape in shapes if (place := shape.place(path)) is not None), None)


def spelled(place: Place) -> AttrPath:
    """The path of a place in the schema's spelling."""
    attribute = place.attribute
    return AttrPath(attribute.name, place.sub.name if place.sub else None, place.extension)


def attribute_list(value: object, dialect: Dialect) -> list[str]:
    """The names of ``attributes`` or ``excludedAttributes``: a list, or text with commas.

    :raises InvalidPathException: not text.
    """
    items = value if isinstance(value, list) else [value]
    if not all(isinstance(item, str) for item in items):
        raise InvalidPathException(detail="attributes and excludedAttributes hold attribute names")
    names = [name.strip() for item in items for name in _split(str(item))]
    if dialect.selections_in_attributes:
        names = [_without_selection(name) for name in names]
    return [name for name in names if name]


def _split(text: str) -> list[str]:
    """Split at commas, but not within brackets or quotes."""
    names, start, quoted, depth = [], 0, False, 0
    for position, character in enumerate(text):
        if character == '"':
            quoted = not quoted
        elif not quoted:
            depth += (character == "[") - (character == "]")
            if character == "," and depth <= 0:
                names.append(text[start:position])
                start = position + 1
    return [*names, text[start:]]


def _without_selection(name: str) -> str:
    return re.sub(r"\[[^\]]*\]", "", name)


def canonical_attribute(name: str, shapes: Sequence[Shape], dialect: Dialect) -> str | None:
    """The canonical path of one name of ``attributes``; None where nobody has it (ignored, RFC 7644 §3.9)."""
    try:
        node = target(name)
    except InvalidPathException:
        if dialect.strict:
            raise
        return None
    if not isinstance(node, AttrPath):
        raise InvalidPathException(path=name, detail=f"{name!r} is not in attribute notation")
    place = find(node, shapes)
    if place is not None:
        return place.path
    for shape in shapes:
        if extension := shape.extensions.get(name.lower()):
            return extension.urn
    if any(name.lower() == shape.schema.lower() for shape in shapes):
        return name
    for shape in shapes:
        path = aliased_path(shape, name, dialect)
        place = shape.place(attribute_path(path)) if path is not None else None
        if place is not None:
            return place.path
    return None


def sort_path(name: str, shapes: Sequence[Shape], dialect: Dialect) -> str:
    """The canonical path of ``sortBy``; an unknown one stays, for the library to refuse."""
    path = canonical_attribute(name, shapes, dialect)
    if path is None:
        return name
    node = Path(path).ast
    place = find(node, shapes) if isinstance(node, AttrPath) else None
    if place is None:
        return path
    attribute: Attribute = place.attribute
    if place.sub is None and attribute.complex and attribute.multi_valued and "value" in attribute.subs:
        return attribute.subs["value"].path
    return path
