"""Rows that are only written: what they carry is a secret, and a document that is kept must not hold it (rule 14)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gateway.mapping.rows.bound import BoundRow
from gateway.mapping.schema.paths import ScimPath

Document = Mapping[str, Any]


class Secrecy:
    """What of one resource type's documents is never kept.

    :ivar attributes: the target's attributes that no before-image may hold.
    """

    def __init__(self, rows: Iterable[BoundRow]) -> None:
        rows = list(rows)
        hidden = [row for row in rows if row.row.direction == "map" and row.row.only == "write"]
        self._paths: Sequence[ScimPath] = [row.path for row in hidden if not row.is_password]
        self.attributes = frozenset(row.row.attr for row in rows if row.secret and row.row.attr)

    def without(self, document: Document) -> Document:
        """The same document without them; the same object where it can hold none."""
        for path in self._paths:
            document = _without(document, path)
        return document


def _without(document: Document, path: ScimPath) -> Document:
    extension, name = path.known.extension, path.known.head.name
    holder = document.get(extension) if extension else document
    if not isinstance(holder, Mapping) or name not in holder:
        return document
    left = _rest(holder[name], path)
    after = {key: value for key, value in {**holder, name: left}.items() if value not in (None, {}, [])}
    if not extension:
        return after
    return {key: value for key, value in {**document, extension: after}.items() if value != {}}


def _rest(value: Any, path: ScimPath) -> Any:
    if path.known.sub is None and not path.selector:
        return None
    if isinstance(value, list):
        return [left for element in value if (left := _rest(element, path)) not in (None, {})]
    if not isinstance(value, Mapping):
        return None
    if any(value.get(name) != wanted for name, wanted in path.selector):
        return value
    sub = path.known.sub.name if path.known.sub else ""
    return {key: inner for key, inner in value.items() if sub and key != sub}
