"""The steps of one row as one translation, in both directions."""

from collections.abc import Sequence
from typing import Any

from gateway.mapping.steps import Outcomes, Step, StepError, Where


class Pipeline:
    """``via`` of one row.

    :param steps: in SCIM → target order.
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps = tuple(steps)
        self.one_way = any(step.one_way for step in steps)
        self.normalises = bool(steps) and all(step.normaliser for step in steps)
        """reading gives the target's value as it is"""
        self.plain = all(step.normaliser for step in steps)
        self.whole = next((step for step in steps if step.whole), None)
        self.varies = any(step.varies for step in steps)
        self.slow = any(step.slow for step in steps)
        self.fleeting = any(step.fleeting for step in steps)
        self.reads_absence = bool(steps) and steps[-1].reads_absence
        self.reads_old = any(step.reads_old for step in steps)

    def forward(self, value: Any, old: Any = None) -> Any:
        """Return the target's value, None for none.

        :param old: what the target holds now. :raises StepError: the value cannot be translated.
        """
        if not self.steps:
            return value
        try:
            return self._onto(value, old) if self.reads_old and old is not None else self._forward(value)
        except StepError:
            raise
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            raise StepError("cannot be translated") from error

    def _forward(self, value: Any) -> Any:
        for step in self.steps:
            if value is None:
                return None
            value = step.forward(value)
        return value

    def _onto(self, value: Any, old: Any) -> Any:
        olds = [old]
        for step in reversed(self.steps[1:]):
            old = None if old is None or step.one_way else step.backward(old)
            olds.append(old)
        for step, held in zip(self.steps, reversed(olds), strict=True):
            if value is None:
                return None
            value = step.onto(value, held)
        return value

    def backward(self, value: Any) -> Any:
        """Return the SCIM value, None where the target's value (None: nothing) means nothing. Never raises."""
        for step in reversed(self.steps):
            if value is None and not step.reads_absence:
                return None
            value = step.backward(value)
        return value

    def settled(self, old: Any) -> Any:
        """Return what would be written for what the target holds: equal results are equivalent values.

        Steps before the last one-way step cannot be undone, so only those after it are played.
        """
        if all(step.normaliser for step in self.steps):
            return self._quietly(0, old, old)
        start, value = 0, old
        for at in range(len(self.steps) - 1, -1, -1):
            if self.steps[at].one_way:
                start = at + 1
                break
            if value is None and not self.steps[at].reads_absence:
                return None
            value = self.steps[at].backward(value)
        return None if value is None else self._quietly(start, value, old)

    def _quietly(self, start: int, value: Any, old: Any) -> Any:
        rest = self if start == 0 else Pipeline(self.steps[start:])
        try:
            return rest.forward(value, old)
        except StepError:
            return None

    def gives(self, scim_type: str) -> str:
        """Return the type that the target holds."""
        for step in self.steps:
            scim_type = step.gives or scim_type
        return scim_type

    def outcomes(self) -> Outcomes | None:
        """Return every SCIM value that can be read, with the target's values that read so; None where not few."""
        if self.one_way:
            return None
        for at in range(len(self.steps) - 1, -1, -1):
            known = self.steps[at].outcomes()
            if known is not None:
                return self._spread(at, known)
        return None

    def _spread(self, at: int, known: Outcomes) -> Outcomes | None:
        spread: list[tuple[Any, Where | tuple[Any, ...]]] = []
        after, before = Pipeline(self.steps[at + 1 :]), Pipeline(self.steps[:at])
        if not all(step.normaliser for step in before.steps) and any(s.outcomes() is None for s in before.steps):
            return None
        for value, held in known:
            scim = before.backward(value)
            if scim is None:
                continue
            if isinstance(held, Where):
                if after.steps:
                    return None
                spread.append((scim, held))
                continue
            try:
                spread.append((scim, tuple(after.forward(each) for each in held)))
            except StepError:
                return None
        return tuple(spread)
