"""Many members, a portion at a time: all of them or, where the target refuses one, none, and the error names it.

A target takes only so many members in one change, and may refuse one of them by a rule of its own after others were
taken. Those are then taken back, with the attributes that went with the first of them, so that a request answered 4xx
has changed nothing (RFC 7644 §3.5.2); and the refused one is found by halving, in as many steps as the number of
members has binary digits.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from connectors.contract import Query
from connectors.entry import GROUPS, MEMBERS, Change, Entry, Kind, Ref, Value
from connectors.errors import ConnectorError, InvalidValue, NotFound, Refused, Unavailable, UnknownReference
from gateway.provisioning.ground import Ground
from gateway.provisioning.members.members import Delta, policy

REFUSALS = (InvalidValue, Refused)


@dataclass(frozen=True, slots=True)
class Beside:
    """Changes of a group's attributes, the version that they were planned against, and the entry as it was."""

    changes: tuple[Change, ...]
    expected: str | None
    before: Entry

    def back(self) -> tuple[Change, ...]:
        """What undoes them."""
        names = dict.fromkeys(change.attribute for change in self.changes)
        return tuple(Change(Kind.REPLACE, name, tuple(self.before.attributes.get(name, ()))) for name in names)


OPPOSITE = {Kind.ADD: Kind.REMOVE, Kind.REMOVE: Kind.ADD}


class LeftBehind(Unavailable):
    """What a refused change had done could not be taken back.

    :param members: SCIM ids that it had added; they have to go again.
    """

    def __init__(self, members: frozenset[str]) -> None:
        super().__init__("a refused change could not be taken back", uncertain=True)
        self.members = members


async def carry(ground: Ground, anchor: str, delta: Delta, beside: Beside | None = None) -> None:
    """Make the members of one group what ``delta`` says.

    :param beside: what else is to change, with the first portion.
    :raises ConnectorError: naming the member at fault, where it is one; nothing has changed then.
    :raises Unavailable: what was done until then stands. :raises LeftBehind: likewise, after a refusal.
    """
    await _Carrying(ground, anchor, delta, beside).all()


async def blame(ground: Ground, anchor: str, delta: Delta, refusal: ConnectorError) -> ConnectorError:
    """Find out whom the target does not take, after it refused all of a delta. Changes nothing in the end.

    :return: the refusal with the member's name, or as it was where no single member is at fault.
    """
    if isinstance(refusal, UnknownReference) or not isinstance(refusal, REFUSALS):
        return refusal
    try:
        await _Carrying(ground, anchor, delta).all()
    except REFUSALS as named:
        return named
    return refusal


class _Carrying:
    """One delta on its way; ``_taken`` is what really changed so far."""

    def __init__(self, ground: Ground, anchor: str, delta: Delta, beside: Beside | None = None) -> None:
        self._ground, self._anchor, self._delta, self._beside = ground, anchor, delta, beside
        self._taken: list[tuple[Change, ...]] = []
        """what takes each step back"""

    async def all(self) -> None:
        for portion in self._delta.chunks(policy(self._ground).chunk):
            for change in portion:
                try:
                    await self._take(change.kind, change.values)
                except (Unavailable, NotFound):
                    raise
                except ConnectorError as refusal:
                    named = await self._named(change, refusal)
                    await self._take_back()
                    if named is refusal:
                        raise
                    raise named from refusal

    async def _take(self, kind: Kind, values: Sequence[Value]) -> None:
        standing = await self._standing(values)
        change, beside = Change(kind, MEMBERS, tuple(values)), self._beside
        if beside is None:
            await self._ground.collection.update(self._anchor, (change,))
        else:
            await self._ground.collection.update(self._anchor, (*beside.changes, change), beside.expected)
            self._have_done(beside)
        moved = tuple(value for value in values if (_id(value) in standing) == (kind is Kind.REMOVE))
        if moved:
            self._taken.append((Change(OPPOSITE[kind], MEMBERS, moved),))

    def _have_done(self, beside: Beside) -> None:
        self._beside = None
        self._taken.append(beside.back())

    async def _standing(self, values: Sequence[Value]) -> set[str]:
        """Who of these is in the group already: they are not taken out again by a way back, nor put in."""
        if self._delta.shown is not None:
            ids = {self._delta.anchors.get(id, id) for id in self._delta.shown}
            return ids & {_id(value) for value in values}
        standing: set[str] = set()
        asked = Query(ids=[_id(value) for value in values], attributes=frozenset({GROUPS}), count=False)
        for name in policy(self._ground).ref:
            if name not in self._ground.others:
                continue
            for entry in (await self._ground.others[name].collection.search(asked)).entries:
                groups = entry.attributes.get(GROUPS, ())
                if any(isinstance(ref, Ref) and ref.id == self._anchor for ref in groups):
                    standing.add(entry.id)
        return standing

    async def _named(self, change: Change, refusal: ConnectorError) -> ConnectorError:
        """Halve the members until the one is left that is refused alone; where what goes beside them is taken alone."""
        if isinstance(refusal, UnknownReference) or not isinstance(refusal, REFUSALS):
            return refusal
        if (beside := self._beside) is not None:
            try:
                await self._ground.collection.update(self._anchor, beside.changes, beside.expected)
            except REFUSALS as theirs:
                return theirs
            self._have_done(beside)
        suspects = change.values
        while len(suspects) > 1:
            half, rest = suspects[: len(suspects) // 2], suspects[len(suspects) // 2 :]
            suspects = half if await self._refuses(change.kind, half) else rest
        alone = await self._refuses(change.kind, suspects)
        if alone is None:
            return refusal
        (id,) = self._delta.ids_of([_id(suspects[0])])
        return type(alone)(f"{alone.detail}; the member is {id}", attribute=alone.attribute, values=(id,))

    async def _refuses(self, kind: Kind, values: Sequence[Value]) -> ConnectorError | None:
        try:
            await self._take(kind, values)
        except REFUSALS as refusal:
            return refusal
        return None

    async def _take_back(self) -> None:
        """:raises LeftBehind: the target does not let us."""
        while self._taken:
            try:
                await self._ground.collection.update(self._anchor, self._taken[-1])
            except ConnectorError as error:
                raise LeftBehind(self._added()) from error
            self._taken.pop()

    def _added(self) -> frozenset[str]:
        backs = [change for step in self._taken for change in step if change.kind is Kind.REMOVE]
        return self._delta.ids_of(_id(value) for change in backs for value in change.values)


def _id(value: Value) -> str:
    return value.id if isinstance(value, Ref) else str(value)
