"""SCIM attribute paths as mapping files write them (RFC 7644 §3.5.2), resolved against a schema."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from scim2_models import InvalidFilterException, ScimFilter
from scim2_models.path import (
    CompareOperator,
    Comparison,
    FilterNode,
    LogicalExpr,
    LogicalOperator,
)

from gateway.mapping.errors import suggest
from gateway.mapping.schema.index import TARGET, AttributeIndex, Known

_SIMPLE = re.compile(r'([A-Za-z][\w:.$-]{0,200}) ([A-Za-z]{2}) "([^"\\\x00-\x1f\ud800-\udfff]*)"')
_LITERAL = re.compile(r'("(?:[^"\\]|\\.)*")')
_SHORT = re.compile(r"(?<![\w:.$-])([A-Za-z][\w-]*):(?=[A-Za-z$])")


class PathError(ValueError):
    """A path that names nothing, or that a row cannot use; the text is for the person who edits the file."""


@dataclass(frozen=True, slots=True)
class ScimPath:
    """One resolved path of a row.

    :param text: the canonical spelling, selector included: ``emails[type eq "work"].value``.
    :param known: the attribute or sub-attribute it names.
    :param selector: sub-attributes with fixed values that say which element is meant.
    :param everything: the path takes the values of several elements (or all values of a plain multi-valued attribute).
    """

    text: str
    known: Known
    selector: tuple[tuple[str, Any], ...] = ()
    everything: bool = False

    @property
    def top(self) -> str:
        """The canonical path of the attribute: ``emails``."""
        return self.known.top


def expand(text: str, shorts: Mapping[str, str]) -> str:
    """Write short schema names (``enterprise:department``) and ``target:attr`` out as URNs, outside of literals."""
    known = {**shorts, "target": TARGET}

    def urn(match: re.Match[str]) -> str:
        name = match[1].lower()
        return f"{known[name]}:" if name in known else match[0]

    parts = _LITERAL.split(text)
    return "".join(part if part.startswith('"') else _SHORT.sub(urn, part) for part in parts)


@lru_cache(maxsize=1024)
def _parse(text: str) -> FilterNode:
    return ScimFilter[Any](text).ast


@lru_cache(maxsize=1024)
def _comparison_of(path: str, operator: str) -> Comparison | None:
    """``path operator "…"`` as the library parses it, whatever the text; None where it is anything else."""
    try:
        node = ScimFilter[Any](f'{path} {operator} ""').ast
    except InvalidFilterException:
        return None
    return node if isinstance(node, Comparison) else None


def parse_node(text: str) -> FilterNode:
    """Parse a SCIM filter (RFC 7644 §3.4.2.2); the comparison of one attribute with a plain text, which is nearly all
    that IdPs ask, without going through the grammar each time.

    :raises InvalidFilterException: it is no filter.
    """
    simple = _SIMPLE.fullmatch(text)
    known = _comparison_of(simple[1], simple[2]) if simple else None
    if simple is None or known is None:
        return _parse(text)
    return Comparison(known.attr_path, known.op, simple[3])


def parse_filter(text: str, shorts: Mapping[str, str] | None = None) -> FilterNode:
    """Parse a SCIM filter (RFC 7644 §3.4.2.2) as a mapping file writes it.

    :param shorts: short schema names allowed beside ``enterprise:`` and ``target:``.
    :raises InvalidFilterException: it is no filter.
    """
    known = {"enterprise": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", **(shorts or {})}
    return parse_node(expand(text, known) if ":" in text else text)


def parse_path(text: str, index: AttributeIndex, resource: str) -> ScimPath:
    """Resolve the path of a row.

    :param resource: the resource type's name, for messages.
    :raises PathError: an attribute that no schema has, or a selector that cannot be written back.
    """
    head, bracket, rest = text.partition("[")
    top = _find(head, index, resource)
    if not bracket:
        return _whole(top)
    inner, closing, tail = rest.rpartition("]")
    if not closing or (tail and not tail.startswith(".")):
        raise PathError(f"'{text}' is not a SCIM path: the bracket is not closed")
    if top.sub is not None or not top.head.multi_valued:
        raise PathError(f"{head} is not multi-valued, so nothing can be selected in it")
    selector = tuple(_equalities(inner, top, index))
    known = _sub(top, tail[1:], index) if tail else index.sub(top, "value") or top
    shown = " and ".join(f"{name} eq {ScimFilter.quote(value)}" for name, value in selector)
    part = f".{known.sub.name}" if known.sub else ""
    return ScimPath(f"{top.top}[{shown}]{part}", known, selector)


def _whole(known: Known) -> ScimPath:
    """A path without brackets. A reference or a single value of a complex attribute means its ``value``."""
    return ScimPath(known.path, known, everything=known.head.multi_valued)


def _find(name: str, index: AttributeIndex, resource: str) -> Known:
    found = index.find(name)
    if found is not None:
        return found
    attr, dot, sub = _last_dot(name)
    top = index.find(attr) if dot else None
    if top is not None:
        return _sub(top, sub, index)
    prefix, colon, _ = name.rpartition(":")
    if colon and prefix.lower() not in index.extensions and prefix.lower() not in index.shorts:
        if prefix.lower() == "target":
            raise PathError(f"'{name}' is an attribute of the target; a row needs a SCIM path")
        known = [*index.shorts, *index.extensions.values()]
        raise PathError(f"there is no schema '{prefix}' for {resource}{suggest(prefix, known)}")
    shorts = {urn: short for short, urn in index.shorts.items()}
    names = [
        f"{shorts[known.extension]}:{known.head.name}" if known.extension else known.path
        for known in index
        if known.sub is None
    ]
    raise PathError(
        f"'{attr or name}' is not an attribute of {resource}{as_part(name, index) or suggest(attr or name, names)}"
    )


def as_part(name: str, index: AttributeIndex) -> str:
    """Return ``; did you mean 'name.familyName'?`` for a name that one attribute alone has as a part, else nothing."""
    shorts = {urn: short for short, urn in index.shorts.items()}
    found = [known for known in index if known.sub is not None and known.sub.name.lower() == name.lower()]
    if len(found) != 1 or found[0].sub is None:
        return ""
    prefix = f"{shorts[found[0].extension]}:" if found[0].extension else ""
    return f"; did you mean '{prefix}{found[0].head.name}.{found[0].sub.name}'?"


def _last_dot(name: str) -> tuple[str, str, str]:
    """Split at the first dot after the URN, whose version holds dots too."""
    prefix, colon, last = name.rpartition(":")
    attr, dot, sub = last.partition(".")
    return f"{prefix}{colon}{attr}", dot, sub


def _sub(top: Known, name: str, index: AttributeIndex) -> Known:
    found = index.sub(top, name)
    if found is None:
        names = [sub.name for sub in top.head.sub_attributes]
        raise PathError(f"'{name}' is not a sub-attribute of {top.head.name}{suggest(name, names)}")
    return found


def _equalities(text: str, top: Known, index: AttributeIndex) -> list[tuple[str, Any]]:
    try:
        node = parse_filter(text)
    except InvalidFilterException as error:
        raise PathError(f"'[{text}]' is not a SCIM filter: {error.detail}") from error
    terms = node.terms if isinstance(node, LogicalExpr) and node.op is LogicalOperator.and_ else (node,)
    pairs: list[tuple[str, Any]] = []
    for term in terms:
        if not isinstance(term, Comparison) or term.op is not CompareOperator.eq:
            raise PathError(f"'[{text}]' selects with more than 'eq' and 'and', so no element can be written for it")
        known = _sub(top, str(term.attr_path), index)
        value = term.value
        if known.facts.type == "boolean" and isinstance(value, str) and value.lower() in ("true", "false"):
            value = value.lower() == "true"
        pairs.append((known.facts.name, value))
    return pairs
