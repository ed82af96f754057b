"""Where a row finds its value in an asserted document.

A document may leave something out, or say explicitly that it is empty, and the two mean different things (semantics,
rule 8): ``MISSING`` is left out, ``None`` is explicitly empty, ``ELSEWHERE`` means that the attribute is there and has
no element for the row.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from typing import Any, Final

from gateway.mapping.rows.coerce import is_empty
from gateway.mapping.schema.paths import ScimPath


class Lack(Enum):
    """Why there is no value."""

    MISSING = "missing"
    ELSEWHERE = "elsewhere"


MISSING: Final = Lack.MISSING
ELSEWHERE: Final = Lack.ELSEWHERE

Get = Callable[[Mapping[str, Any]], Any]
"""document → value, ``None``, ``MISSING`` or ``ELSEWHERE``"""
Claim = Callable[[Sequence[Any]], Any]
"""the elements of an attribute → the one a row speaks of, or None"""

_WORK = (("type", "work"),)


def attribute(path: ScimPath) -> Get:
    """Return what finds the whole attribute of a path."""
    name, extension = path.known.head.name, path.known.extension
    if not extension:

        def plain(document: Mapping[str, Any]) -> Any:
            value = document.get(name, MISSING)
            return value if value is MISSING or not is_empty(value) else None

        return plain

    def extended(document: Mapping[str, Any]) -> Any:
        holder = document.get(extension, MISSING)
        if holder is MISSING:
            return MISSING
        if is_empty(holder):
            return None
        value = holder.get(name, MISSING) if isinstance(holder, dict) else MISSING
        return None if is_empty(value) else value

    return extended


def slot(path: ScimPath, others: Iterable[ScimPath] = ()) -> Get:
    """Return what finds the value of a row.

    :param others: the paths of the section's other rows, whose elements a row of all elements does not take.
    """
    whole = attribute(path)
    if path.known.sub is None and not path.selector:
        return whole
    if path.selector:
        return _selected(path, whole)
    if path.everything:
        return _unclaimed(path, whole, [claim(other) for other in others if other.top == path.top and other.selector])
    name = path.known.facts.name

    def part(document: Mapping[str, Any]) -> Any:
        holder = whole(document)
        if holder is None or holder is MISSING:
            return holder
        if isinstance(holder, list) and len(holder) == 1:
            holder = holder[0]
        if not isinstance(holder, dict):
            return holder if name == "value" else MISSING
        value = holder.get(name, MISSING)
        return None if is_empty(value) else value

    return part


def _selected(path: ScimPath, whole: Get) -> Get:
    find = claim(path)
    name = path.known.sub.name if path.known.sub else None

    def selected(document: Mapping[str, Any]) -> Any:
        elements = whole(document)
        if elements is None or elements is MISSING:
            return elements
        element = find(elements if isinstance(elements, list) else [elements])
        if element is None:
            return ELSEWHERE
        if not isinstance(element, dict):
            return element if name == "value" else ELSEWHERE
        if name is None:
            return element
        value = element.get(name, ELSEWHERE)
        return None if is_empty(value) else value

    return selected


def claim(path: ScimPath) -> Claim:
    """Return what picks the element a path with a selector speaks of: the primary one where several fit.

    Where no element has a type, the primary one (else the first) counts as ``work``; where none of those that fit
    otherwise says ``primary``, a single one counts as primary. Okta sends both shapes. Among several, one that does
    not say ``primary`` is not (RFC 7643 §2.4).
    """
    wanted = [(name, _folded(value)) for name, value in path.selector if name != "primary"]
    untyped = path.selector == _WORK
    primary = dict(path.selector).get("primary")

    def fits(element: Any) -> bool:
        if not isinstance(element, dict):
            return False
        for name, value in wanted:
            held = element.get(name)
            if held != value and (not isinstance(held, str) or held.casefold() != value):
                return False
        return True

    def find(elements: Sequence[Any]) -> Any:
        found = [element for element in elements if fits(element)] if wanted else elements
        if primary is not None:
            return _marked(found, primary)
        if found:
            return found[0] if len(found) == 1 else _primary(found)
        if untyped and not any(isinstance(each, dict) and each.get("type") for each in elements):
            return _primary(elements)
        return None

    return find


def _marked(elements: Sequence[Any], primary: Any) -> Any:
    """The first element that is the primary one, or is not; None where there is none."""
    if len(elements) == 1 and not _has(elements[0], "primary"):
        return elements[0] if primary is True else None
    return next((each for each in elements if (_has(each, "primary") and each["primary"] is True) is primary), None)


def _has(element: Any, name: str) -> bool:
    return isinstance(element, dict) and element.get(name) is not None


def _primary(elements: Sequence[Any]) -> Any:
    marked = (each for each in elements if isinstance(each, dict) and each.get("primary") is True)
    return next(marked, elements[0] if elements else None)


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _unclaimed(path: ScimPath, whole: Get, claims: Sequence[Claim]) -> Get:
    name = path.known.facts.name

    def values(document: Mapping[str, Any]) -> Any:
        elements = whole(document)
        if elements is None or elements is MISSING:
            return elements
        elements = elements if isinstance(elements, list) else [elements]
        taken = [find(elements) for find in claims]
        free = [each for each in elements if not any(each is other for other in taken)]
        found = [each.get(name) if isinstance(each, dict) else each for each in free]
        return [value for value in found if not is_empty(value)] or ELSEWHERE

    return values


def first(value: Any) -> Any:
    """Return a single value for a template: the first of several; None where there is none."""
    if isinstance(value, Lack):
        return None
    return value[0] if isinstance(value, list) and value else value
