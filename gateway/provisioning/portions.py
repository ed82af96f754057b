"""Many members, a portion at a time: all of them or, where the target refuses one, none, and the error names it.

A target takes only so many members in one change, and may refuse one of them by a rule of its own after others were
taken. Those are then taken back, so that a request answered 4xx has changed nothing; and the refused one is found by
halving, in as many steps as the number of members has binary digits.
"""

from collections.abc import Sequence

from connectors.contract import Query
from connectors.entry import GROUPS, MEMBERS, Change, Kind, Ref, Value
from connectors.errors import ConnectorError, InvalidValue, Refused, Unavailable, UnknownReference
from gateway.provisioning.ground import Ground
from gateway.provisioning.members import Delta, policy

REFUSALS = (InvalidValue, Refused)
OPPOSITE = {Kind.ADD: Kind.REMOVE, Kind.REMOVE: Kind.ADD}


async def carry(ground: Ground, anchor: str, delta: Delta) -> None:
    """Make the members of one group what ``delta`` says.

    :raises ConnectorError: naming the member at fault, where it is one; nothing has changed then.
    :raises Unavailable: what was done until then stands.
    """
    await _Carrying(ground, anchor, delta).all()


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

    def __init__(self, ground: Ground, anchor: str, delta: Delta) -> None:
        self._ground, self._anchor, self._delta = ground, anchor, delta
        self._taken: list[Change] = []

    async def all(self) -> None:
        for portion in self._delta.chunks(policy(self._ground).chunk):
            for change in portion:
                try:
                    await self._take(change.kind, change.values)
                except UnknownReference:
                    await self._take_back()
                    raise
                except REFUSALS as refusal:
                    named = await self._named(change, refusal)
                    await self._take_back()
                    raise named from refusal

    async def _take(self, kind: Kind, values: Sequence[Value]) -> None:
        standing = await self._standing(values)
        await self._ground.collection.update(self._anchor, (Change(kind, MEMBERS, tuple(values)),))
        moved = tuple(value for value in values if (_id(value) in standing) == (kind is Kind.REMOVE))
        if moved:
            self._taken.append(Change(kind, MEMBERS, moved))

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
        """Halve the members until the one is left that is refused alone."""
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
        """:raises Unavailable: ``uncertain``, where the target does not let us."""
        try:
            for change in reversed(self._taken):
                back = Change(OPPOSITE[change.kind], MEMBERS, change.values)
                await self._ground.collection.update(self._anchor, (back,))
        except ConnectorError as error:
            raise Unavailable("members of a refused change could not be taken back", uncertain=True) from error


def _id(value: Value) -> str:
    return value.id if isinstance(value, Ref) else str(value)
