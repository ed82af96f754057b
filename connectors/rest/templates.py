"""Addresses with places in them: ``/teams/{id}/members/{user}``. Values are percent-encoded once, last.

What a value says can never leave its place: every octet but the unreserved ones of RFC 3986 §2.3 is encoded, and the
few values that no encoding makes harmless in a path (``.``, ``..``, nothing at all) are not sent.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

LONGEST = 2048
"""octets of one value; longer ones name nothing, and servers cut long addresses off"""
_PLACE = re.compile(r"\{([^{}]*)\}")
_LITERAL = re.compile(r"[A-Za-z0-9\-._~%!$&'()*+,;=:@/?\[\]]*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Unsendable(ValueError):
    """A value that cannot stand in an address, so that nothing at the application is called so."""


class Template:
    """A path with its query, and places. :raises ValueError: it is not one."""

    def __init__(self, text: str) -> None:
        self.text = text
        literal = _PLACE.sub("", text)
        if not text.startswith("/") or text.startswith("//") or not _LITERAL.fullmatch(literal):
            raise ValueError(f"'{text}' must be a path that begins with one slash, such as '/users/{{id}}'")
        if any(part in (".", "..") for part in text.partition("?")[0].split("/")):
            raise ValueError(f"'{text}' may not have the segments '.' and '..'")
        self.places = frozenset(_PLACE.findall(text))

    def fill(self, values: Mapping[str, str]) -> str:
        """Put values in. :raises Unsendable: one of them cannot be sent. :raises KeyError: one is not there."""
        path, mark, query = self.text.partition("?")
        filled = _PLACE.sub(lambda found: _segment(values[found[1]]), path)
        if any(part in (".", "..") for part in filled.split("/")):
            raise Unsendable("a segment of dots")
        return filled + mark + _PLACE.sub(lambda found: _encoded(_quoted(found, query, values[found[1]])), query)


def _segment(value: str) -> str:
    if value in ("", ".", "..") or _CONTROL.search(value):
        raise Unsendable("this cannot be a segment of a path")
    return _encoded(value)


def _quoted(found: re.Match[str], text: str, value: str) -> str:
    """A value as a text within a text: between quotation marks those of its own are escaped, as JSON does it (and with
    it the filters of RFC 7644), so that it stays one value."""
    for mark in ('"', "%22"):
        if text[: found.start()].endswith(mark) and text[found.end() :].startswith(mark):
            return value.replace("\\", "\\\\").replace('"', '\\"')
    return value


def _encoded(value: str) -> str:
    try:
        octets = value.encode()
    except UnicodeEncodeError as error:
        raise Unsendable("half a character") from error
    if len(octets) > LONGEST or b"\0" in octets:
        raise Unsendable("too long a value, or one with NUL")
    return quote(octets, safe="")


def places_in(value: Any) -> frozenset[str]:
    """The places in the texts of a JSON value."""
    if isinstance(value, str):
        return frozenset(_PLACE.findall(value))
    if isinstance(value, Mapping):
        return frozenset().union(*map(places_in, value.values()))
    if isinstance(value, list):
        return frozenset().union(*map(places_in, value))
    return frozenset()


def filled(value: Any, values: Mapping[str, Any]) -> Any:
    """A JSON value with its places filled; a text that is one place becomes the value itself, were it a list."""
    if isinstance(value, str):
        whole = _PLACE.fullmatch(value)
        if whole is not None and whole[1] in values:
            return values[whole[1]]
        return _PLACE.sub(lambda found: _quoted(found, value, str(values.get(found[1], found[0]))), value)
    if isinstance(value, Mapping):
        return {key: filled(inner, values) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, values) for inner in value]
    return value
