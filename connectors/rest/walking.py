"""Where a walk through a list stands: what it has taken of a part, and the cursor that leads on from there."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from connectors.errors import Unsupported


@dataclass(slots=True)
class Walk:
    """What a walk has chosen so far. :param seen: marks of what earlier pages took of the first part."""

    skip: int
    limit: int | None
    seen: frozenset[str]
    chosen: list[Any] = field(default_factory=list)
    cursor: str | None = None
    total: int | None = None

    @property
    def full(self) -> bool:
        return self.limit is not None and len(self.chosen) >= self.limit

    def wanted(self, most: int) -> int:
        """How many elements are still to come."""
        left = most if self.limit is None else self.limit - len(self.chosen) + self.skip + len(self.seen)
        return max(1, min(most, left))

    def take(self, documents: list[Any], token: str | None, following: str | None, key: Callable[[Any], str]) -> None:
        """Take of one part what is wanted; remember where that ends."""
        if self.full:
            if self.cursor is None and documents and self.limit:
                self.cursor = json.dumps(["at", token, []])
            return
        marks = set(self.seen)
        for number, each in enumerate(documents):
            if _mark(key(each)) in self.seen:
                continue
            if self.skip:
                self.skip -= 1
            else:
                self.chosen.append(each)
            marks.add(_mark(key(each)))
            if self.full:
                left = any(_mark(key(other)) not in marks for other in documents[number + 1 :])
                if left:
                    self.cursor = json.dumps(["at", token, sorted(marks)])
                elif following is not None:
                    self.cursor = json.dumps(["at", following, []])
                break
        self.seen = frozenset()


def _mark(id: str) -> str:
    return blake2b(id.encode("utf-8", "replace"), digest_size=6).hexdigest()


def position_of(cursor: str | None) -> Any:
    """Read a cursor. :raises Unsupported: it is none."""
    if cursor is None:
        return None
    try:
        position = json.loads(cursor)
        kind, first, *rest = position
        after = kind == "after" and isinstance(first, str) and not rest
        at = kind == "at" and isinstance(first, str | None) and len(rest) == 1 and isinstance(rest[0], list)
    except (ValueError, TypeError) as error:
        raise Unsupported("this is no cursor of this collection") from error
    if not after and not at:
        raise Unsupported("this is no cursor of this collection")
    return position
