"""Many values of one row, looked up by what they mean: ``BoundRow.same`` for all of them at once, in linear time."""

from collections.abc import Iterable, Sequence
from typing import Any

from connectors.entry import Ref
from gateway.mapping.rows.bound import BoundRow, exact
from gateway.mapping.steps import StepError


class Held:
    """What the target holds, to find what stands there for a value."""

    def __init__(self, row: BoundRow, held: Sequence[Any]) -> None:
        self._row, self._held = row, held
        self._places: dict[Any, int] = {}
        self._shown: dict[Any, int] = {}
        for place, value in enumerate(held):
            self._places.setdefault(exact(value), place)
            if not isinstance(value, Ref):
                self._places.setdefault(row.settled(value), place)
            if row.reads:
                self._shown.setdefault(_listed(row.out(value)), place)

    def has(self, made: Any) -> bool:
        """Whether some value there is the same as what would be written."""
        return self._place(made) is not None

    def _place(self, made: Any) -> int | None:
        places = (self._places.get(exact(made)), None if isinstance(made, Ref) else self._meant(made))
        return min((place for place in places if place is not None), default=None)

    def _meant(self, made: Any) -> int | None:
        return self._places.get(self._row.meaning(made))

    def standing_for(self, value: Any) -> Any:
        """The first value there that reads as an asserted one, or means it; None where there is none."""
        if self._row.pipeline.reads_old:
            exactly = next((one for one in self._held if self._row.reads_as(one, value)), None)
            if exactly is not None:
                return exactly
            return next((one for one in self._held if self._row.means(value, one)), None)
        try:
            place = self._place(self._row.into(value))
        except StepError:
            place = None
        places = (self._shown.get(exact(value)), place)
        found = min((each for each in places if each is not None), default=None)
        return None if found is None else self._held[found]


class Made:
    """What would be written, to find which values of the target stand for some of it."""

    def __init__(self, row: BoundRow, made: Iterable[Any]) -> None:
        values = list(made)
        self._row = row
        self._exact = {exact(value) for value in values}
        self._meant = {row.meaning(value) for value in values if not isinstance(value, Ref)}

    def has(self, there: Any) -> bool:
        """Whether a value of the target is the same as one of these."""
        if exact(there) in self._exact:
            return True
        return not isinstance(there, Ref) and self._row.settled(there) in self._meant


def _listed(value: Any) -> Any:
    return exact(list(value) if isinstance(value, tuple) else value)
