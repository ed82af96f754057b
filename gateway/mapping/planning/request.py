"""One request, as the rows of a mapping ask about it (semantics, rules 7 and 8)."""

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.entry import Entry
from gateway.mapping.rows.bound import BoundRow
from gateway.mapping.rows.plan import asked, touches
from gateway.mapping.rows.slots import ELSEWHERE, MISSING, Lack

Document = Mapping[str, Any]
Last = Document | None


_REMEMBERED = 512


class RowChoice:
    """Which rows a request can concern, found without asking each."""

    def __init__(self, rows: Sequence[BoundRow]) -> None:
        self._keyed = [(None if _speaks_up(row) else row.path.known.extension or row.path.known.head.name, row)
                       for row in rows]  # fmt: skip
        self._named: dict[frozenset[str], tuple[BoundRow, ...]] = {}

    def in_documents(self, *documents: Document) -> list[BoundRow]:
        """The rows whose attribute a document has, and those that act when nothing is said."""
        keys = set().union(*documents)
        return [row for key, row in self._keyed if key is None or key in keys]

    def named(self, names: frozenset[str]) -> tuple[BoundRow, ...]:
        """The rows that a request with these names speaks of (rule 7)."""
        found = self._named.get(names)
        if found is None:
            found = tuple(row for _, row in self._keyed if _speaks_of(row, names))
            if len(self._named) < _REMEMBERED:
                self._named[names] = found
        return found


def _speaks_up(row: BoundRow) -> bool:
    """Whether a row does something for a resource that does not have its attribute."""
    acts = row.row.default is not None or row.row.create is not None or row.required or row.is_active
    return acts or bool(row.aliases)


def _speaks_of(row: BoundRow, names: frozenset[str]) -> bool:
    return touches(row, names) or any(alias in names for alias, _ in row.aliases)


class Request:
    """One update, as its rows ask about it."""

    def __init__(
        self, resource: Document, entry: Entry, stored: Document, last: Last, named: frozenset[str] | None,
        restore: bool, edited: bool | None,
    ) -> None:  # fmt: skip
        self.resource, self.entry, self.stored, self.last, self.named = resource, entry, stored, last, named
        self.restore = restore
        self.edited = "id" in resource if edited is None else edited

    def rows(self, choice: RowChoice) -> Sequence[BoundRow]:
        """The rows to plan."""
        if self.named is not None:
            return choice.named(self.named)
        return choice.in_documents(self.resource, self.last or {})

    def touched(self, inputs: frozenset[str]) -> bool:
        """Whether the request names anything of ``inputs`` (canonical paths of whole attributes)."""
        if not inputs:
            return False
        if self.named is None:
            return True
        return any(
            name == top or name.startswith((f"{top}.", f"{top}[")) or top.startswith(f"{name}:")
            for name in self.named
            for top in inputs
        )

    def before(self, row: BoundRow) -> Any:
        """What this connection last asserted for a row."""
        return asked(row, self.last) if self.last is not None else ELSEWHERE

    def removes(self, row: BoundRow, value: Any, before: Any) -> bool:
        """Whether leaving a value out takes it away: where the request edits what was read, or names what was asserted
        before (rule 8)."""
        if before is not None and not isinstance(before, Lack):
            return True
        if self.named is None:
            return False
        return self.edited or (value is MISSING and bool(self.named & {row.path.top, row.path.known.path}))
