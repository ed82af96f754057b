"""Conditions of a mapping file: that they are SCIM filters, over attributes that the resource type has."""

from collections.abc import Iterator

from scim2_models import InvalidFilterException
from scim2_models.path import AttrPath, Comparison, FilterNode, LogicalExpr, Not, Present, ValuePath

from gateway.mapping.errors import suggest
from gateway.mapping.index import TARGET, AttributeIndex
from gateway.mapping.paths import parse_filter


def filter_faults(text: str, index: AttributeIndex, resource: str, *, target: bool = False) -> Iterator[str]:
    """Yield what is wrong with one condition, as sentences.

    :param resource: the resource type's name, for the sentences.
    :param target: whether ``target:attr`` may stand in it.
    """
    try:
        node = parse_filter(text, index.shorts)
    except InvalidFilterException as error:
        yield f"{text!r} is not a SCIM filter: {error.detail}"
        return
    for path in _paths(node, ""):
        if path.lower().startswith(TARGET):
            if not target:
                yield f"'target:{path[len(TARGET) + 1 :]}' may stand only in scope, protect and match"
        elif index.find(path) is None:
            yield f"{path!r} is not an attribute of {resource}{suggest(path, _names(index))}"


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
