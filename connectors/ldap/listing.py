"""Lists: the ids of a filter are read once, sorted here, kept for a while, and a page is one search for its ids.

A directory sorts badly and pages only forwards on one connection. An id takes 16 bytes; a page at any offset costs
what the first one does, and totals are exact. The first page is always read anew; later pages of the same list come
from what was kept, unless this gateway has changed the collection meanwhile. A walk by cursor keeps its list; if that
is gone (another process, a restart), the list is read again and the walk goes on after the last entry shown.
"""

import base64
import binascii
import json
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any

from connectors.contract import Query
from connectors.entry import ID
from connectors.errors import Unsupported
from connectors.filters import And, AnyOf, Filter, Not
from connectors.ldap.values import Anchor

KEPT = 2_000_000
"""How many ids are kept in all (one with a sort key counts as eight)."""
SECONDS, CURSOR_SECONDS = 60.0, 600.0
"""For how long, without and with a cursor."""

Key = tuple[bool, Any]
"""(lacks the sort attribute, folded value): lacking ones come last, and first when descending (RFC 7644 §3.4.2.3)."""


@dataclass(slots=True)
class Snapshot:
    """The ids of one filter in order. Packed where the anchor allows it."""

    ids: "Ids"
    keys: list[Key] | None
    descending: bool
    read_at: float
    generation: int
    steady: bool = False
    """everybody, by id: a change of an entry changes nothing of it"""
    _but: "tuple[frozenset[str], Snapshot] | None" = None

    @property
    def weight(self) -> int:
        return len(self.ids) * (1 if self.keys is None else 8) + 1

    def position_after(self, last: tuple[Key, str] | None) -> int:
        """Where a walk goes on that has shown everything up to ``last``."""
        if last is None:
            return 0
        if self.keys is None:
            return bisect_right(self.ids, last[1])
        order = _Order(self.descending)
        return bisect_right(range(len(self.ids)), order.of(*last), key=lambda at: order.of(self.keys[at], self.ids[at]))  # type: ignore[index]

    def but(self, left_out: frozenset[str]) -> "Snapshot":
        """The same without some ids; the last such answer is kept."""
        if not left_out:
            return self
        if self._but is None or self._but[0] != left_out:
            gone = sorted(at for at in self._positions(left_out))
            keys = None if self.keys is None else [self.keys[at] for at in _others(gone, len(self.ids))]
            self._but = left_out, replace(self, ids=self.ids.without(gone), keys=keys, _but=None)
        return self._but[1]

    def _positions(self, ids: frozenset[str]) -> Iterator[int]:
        if self.keys is not None:
            yield from (at for at, id in enumerate(self.ids) if id in ids)
            return
        for id in ids:
            at = bisect_left(self.ids, id)
            if at < len(self.ids) and self.ids[at] == id:
                yield at


def _others(gone: Sequence[int], number: int) -> Iterator[int]:
    """The positions below ``number`` that are not in ``gone``, which is sorted."""
    for start, end in zip([-1, *gone], [*gone, number], strict=True):
        yield from range(start + 1, end)


class Ids(Sequence[str]):
    """Many ids in little memory."""

    def __init__(self, ids: Sequence[str], anchor: Anchor) -> None:
        self._unpacked = anchor.unpacked if anchor.packed else None
        if anchor.packed is not None:
            self._packed = b"".join(map(anchor.packed, ids))
            self._count = len(self._packed) // 16
        else:
            self._plain = list(ids)
            self._count = len(self._plain)

    def without(self, gone: Sequence[int]) -> "Ids":
        """The same without some positions, in ascending order."""
        made = copy(self)
        made._count = self._count - len(gone)
        if self._unpacked:
            spans = zip([-1, *gone], [*gone, self._count], strict=True)
            made._packed = b"".join(self._packed[16 * (start + 1) : 16 * end] for start, end in spans)
        else:
            made._plain = [self._plain[at] for at in _others(gone, self._count)]
        return made

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return [self[each] for each in range(*at.indices(self._count))]
        if not -self._count <= at < self._count:
            raise IndexError(at)
        at %= self._count
        return self._unpacked(self._packed[16 * at : 16 * at + 16]) if self._unpacked else self._plain[at]


class _Backwards:
    """A value that sorts the other way round."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __lt__(self, other: "_Backwards") -> bool:
        return bool(other.value < self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Backwards) and bool(other.value == self.value)

    __hash__ = None  # type: ignore[assignment]


class _Order:
    """What pairs of (key, id) are sorted by: values up or down, ids always up."""

    def __init__(self, descending: bool) -> None:
        self._descending = descending

    def of(self, key: Key, id: str) -> tuple[bool, Any, str]:
        absent, value = key
        return (absent != self._descending, 0 if absent else _Backwards(value) if self._descending else value, id)


def sort_key(values: Sequence[bytes], exact: bool, number: bool) -> Key:
    """The key of one entry: its smallest value, folded unless ``exact``; numbers as numbers."""
    texts = [raw.decode("utf-8", "replace") for raw in values if raw]
    if not texts:
        return (True, None)
    if number:
        read = [int(text) for text in texts if text.lstrip("-").isdigit()]
        return (False, min(read)) if read else (True, None)
    return (False, min(texts) if exact else min(text.casefold() for text in texts))


def ordered(found: Sequence[tuple[Key, str]], descending: bool) -> list[int]:
    """The positions of ``found`` in order."""
    order = _Order(descending)
    return sorted(range(len(found)), key=lambda at: order.of(*found[at]))


def snapshot(found: Sequence[tuple[Key, str]], query: Query, anchor: Anchor, now: float, generation: int) -> Snapshot:
    """Put what was read in order."""
    if query.sort_by is None:
        ids = sorted((id for _, id in found), reverse=query.descending)
        if not query.descending:
            return Snapshot(Ids(ids, anchor), None, False, now, generation)
        keys: list[Key] = [(False, id) for id in ids]
        return Snapshot(Ids(ids, anchor), keys, True, now, generation)
    order = ordered(found, query.descending)
    return Snapshot(
        Ids([found[at][1] for at in order], anchor), [found[at][0] for at in order], query.descending, now, generation
    )


@dataclass(slots=True)
class Snapshots:
    """The lists of one collection that are kept."""

    clock: Callable[[], float]
    generation: int = 0
    """counts this collection's own writes"""
    arrivals: int = 0
    """counts those among them by which an entry comes, goes or moves"""
    _kept: "OrderedDict[bytes, Snapshot]" = field(default_factory=OrderedDict)

    def written(self, *, in_place: bool = False) -> None:
        """An entry was made, changed or removed here: lists without a cursor are no longer good.

        :param in_place: it was changed and stayed where it is; a list of everybody by id is as good as before.
        """
        self.generation += 1
        self.arrivals += not in_place

    def now(self, *, steady: bool) -> int:
        """What a list that is read now is as good as."""
        return self.arrivals if steady else self.generation

    def keep(self, digest: bytes, made: Snapshot) -> None:
        self._kept[digest] = made
        self._kept.move_to_end(digest)
        while len(self._kept) > 1 and sum(each.weight for each in self._kept.values()) > KEPT:
            self._kept.popitem(last=False)

    def find(self, digest: bytes, *, walk: bool) -> Snapshot | None:
        """The list of that digest if it may still be used: for a walk by cursor, or for a page at an offset."""
        kept = self._kept.get(digest)
        if kept is None:
            return None
        age = self.clock() - kept.read_at
        if age > CURSOR_SECONDS:
            del self._kept[digest]
            return None
        fresh = age <= SECONDS and kept.generation == self.now(steady=kept.steady)
        return kept if walk or fresh else None


def left_out(term: Filter | None) -> tuple[Filter | None, frozenset[str]]:
    """Separate "and none of these ids" from a filter: a directory would go through them for every entry, and they
    would make another list of it each time one is added."""
    match term:
        case Not(AnyOf(attribute, values)) if attribute == ID:
            return None, frozenset(str(value) for value in values)
        case And(terms):
            parts = [left_out(each) for each in terms]
            kept = tuple(each for each, _ in parts if each is not None)
            return (And(kept) if kept else None), frozenset().union(*(ids for _, ids in parts))
    return term, frozenset()


def write_cursor(read_at: float, position: int, last: tuple[Key, str]) -> str:
    """The next position of a walk: which list, where in it, and the last entry shown."""
    text = json.dumps([read_at, position, list(last[0]), last[1]], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode()


def read_cursor(cursor: str) -> tuple[float, int, tuple[Key, str]]:
    """The parts of a cursor.

    :raises Unsupported: it is none of ours.
    """
    try:
        read_at, position, key, id = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        return float(read_at), int(position), ((bool(key[0]), key[1]), str(id))
    except (ValueError, TypeError, IndexError, binascii.Error) as error:
        raise Unsupported("this is no cursor of this collection") from error
