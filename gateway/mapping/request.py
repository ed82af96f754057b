"""One update, as the rows of a mapping ask about it (semantics, rules 7 and 8)."""

from collections.abc import Mapping
from typing import Any

from connectors.entry import Entry
from gateway.mapping.bound import BoundRow
from gateway.mapping.plan import asked, touches
from gateway.mapping.slots import ELSEWHERE, MISSING, Lack

Document = Mapping[str, Any]
Last = Document | None


class Request:
    """One update, as its rows ask about it."""

    def __init__(
        self, resource: Document, entry: Entry, stored: Document, last: Last, named: frozenset[str] | None,
        restore: bool, edited: bool | None,
    ) -> None:  # fmt: skip
        self.resource, self.entry, self.stored, self.last, self.named = resource, entry, stored, last, named
        self.restore = restore
        self.edited = "id" in resource if edited is None else edited

    def speaks_of(self, row: BoundRow) -> bool:
        """Rule 7: only rows that read an attribute named in the request."""
        if self.named is None or touches(row, self.named):
            return True
        return any(alias in self.named for alias, _ in row.aliases)

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
