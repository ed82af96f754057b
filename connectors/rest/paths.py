"""Dotted paths into JSON: ``role.name``, ``meta.next``; a part with dots of its own stands in double quotes."""

import re
from collections.abc import Mapping
from typing import Any

Path = tuple[str, ...]
_PARTS = re.compile(r'(?:"([^"]+)"|([^."]+))(?:\.|$)')


def parse(text: str) -> Path:
    """Read a path; ``""`` is the whole document. :raises ValueError: it is not one."""
    parts: list[str] = []
    at = 0
    while at < len(text):
        found = _PARTS.match(text, at)
        if found is None:
            raise ValueError(f"'{text}' is no path; it looks like 'data.items', or '\"a.b\".c' where a name has dots")
        parts.append(found[1] or found[2])
        at = found.end()
    if text.endswith("."):
        raise ValueError(f"'{text}' ends with a dot")
    return tuple(parts)


def find(document: Any, path: Path) -> Any:
    """What stands at a path; None where nothing does. In a list a part is the number of an element."""
    for part in path:
        if isinstance(document, Mapping):
            document = document.get(part)
        elif isinstance(document, list) and part.isascii() and part.isdigit() and int(part) < len(document):
            document = document[int(part)]
        else:
            return None
    return document


def place(document: dict[str, Any], path: Path, value: Any) -> None:
    """Put a value at a path, making the objects on the way."""
    for part in path[:-1]:
        inner = document.get(part)
        if not isinstance(inner, dict):
            inner = document[part] = {}
        document = inner
    document[path[-1]] = value


def remove(document: dict[str, Any], path: Path) -> None:
    """Take what stands at a path away, with the objects that are empty then."""
    inner = document.get(path[0])
    if len(path) == 1:
        document.pop(path[0], None)
    elif isinstance(inner, dict):
        remove(inner, path[1:])
        if not inner:
            del document[path[0]]


def wrapped(path: Path, value: Any) -> Any:
    """A document that holds ``value`` at ``path`` and nothing else."""
    for part in reversed(path):
        value = {part: value}
    return value
