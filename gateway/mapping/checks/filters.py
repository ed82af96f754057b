"""Conditions of a mapping file: that they are SCIM filters, over attributes that the resource type has."""

from collections.abc import Collection, Iterator

from scim2_models import InvalidFilterException
from scim2_models.path import AttrPath, Comparison, FilterNode, LogicalExpr, Not, Present, ValuePath

from gateway.mapping.errors import suggest
from gateway.mapping.schema.index import TARGET, AttributeIndex
from gateway.mapping.schema.paths import as_part, parse_filter

FORM = 'a condition is written as in: userType eq "Contractor"'


def filter_faults(
    text: str, index: AttributeIndex, resource: str, *, target: Collection[str] | None = None
) -> Iterator[str]:
    """Yield what is wrong with one condition, as sentences.

    :param resource: the resource type's name, for the sentences.
    :param target: the attributes of the target that are known; None where ``target:attr`` may not stand.
    """
    try:
        node = parse_filter(text, index.shorts)
    except InvalidFilterException as error:
        yield f"{text!r} is not a SCIM filter: {error.detail}; {FORM}"
        return
    for path in _paths(node, ""):
        if path.lower().startswith(TARGET):
            if target is None:
                yield f"'target:{path[len(TARGET) + 1 :]}' may stand only in scope, protect and match"
        elif index.find(path) is None:
            yield f"{path!r} is not an attribute of {resource}{_hint(path, index, target or ())}"


def _hint(path: str, index: AttributeIndex, target: Collection[str]) -> str:
    if path in target:
        return f"; did you mean 'target:{path}'?"
    return as_part(path, index) or suggest(path, _names(index))


def _names(index: AttributeIndex) -> list[str]:
    return [known.path for known in index]


def _paths(node: FilterNode, inside: str) -> Iterator[str]:
    """Yield every attribute a filter reads; those within ``emails[…]`` as ``emails.type``."""
    match node:
        case Comparison(attr_path=path) | Present(attr_path=path):
            yield _path(path, inside)
        case Not(expr=expr):
            yield from _paths(expr, inside)
        case LogicalExpr(terms=terms):
            for term in terms:
                yield from _paths(term, inside)
        case ValuePath(attr_path=path, val_filter=inner):
            yield _path(path, inside)
            yield from _paths(inner, _path(path, inside))


def _path(path: AttrPath, inside: str) -> str:
    return f"{inside}.{path}" if inside else str(path)
