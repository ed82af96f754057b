"""What a filter means, in the plainest Python: the oracle that every connector is compared with.

Written apart from any connector. Where case-insensitive comparison may honestly differ (full and simple case folding
part ways at ``ß`` and a few more; a directory also squeezes spaces) the answer is "either": True, False, or both.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from connectors.entry import Ref
from connectors.filters import And, AnyOf, Compare, Filter, Not, Operator, Or, Present

Fold = Callable[[str], str]
Truth = frozenset[bool]
YES, NO, EITHER = frozenset({True}), frozenset({False}), frozenset({True, False})

_TESTS: Mapping[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQ: lambda held, asked: held == asked,
    Operator.CO: lambda held, asked: asked in held,
    Operator.SW: lambda held, asked: held[: len(asked)] == asked,
    Operator.EW: lambda held, asked: not asked or held[-len(asked) :] == asked,
    Operator.GT: lambda held, asked: held > asked,
    Operator.GE: lambda held, asked: held >= asked,
    Operator.LT: lambda held, asked: held < asked,
    Operator.LE: lambda held, asked: held <= asked,
}


class Oracle:
    """Decides filters over entries as they were written.

    :param moments: the attributes that hold dates. :param loose: see ``Specimen.loose``.
    """

    def __init__(self, moments: Sequence[str] = (), loose: Fold | None = None) -> None:
        self._moments = frozenset(moments)
        self._loose = loose

    def decide(self, term: Filter, held: Mapping[str, tuple[Any, ...]]) -> Truth:
        """Say whether one entry matches."""
        match term:
            case And(terms):
                truths = [self.decide(each, held) for each in terms]
                return NO if NO in truths else YES if all(each == YES for each in truths) else EITHER
            case Or(terms):
                truths = [self.decide(each, held) for each in terms]
                return YES if YES in truths else NO if all(each == NO for each in truths) else EITHER
            case Not(inner):
                return frozenset(not each for each in self.decide(inner, held))
            case Present(attribute):
                return _of(any(value != "" for value in _values(held, attribute)))
            case AnyOf(attribute, values, exact):
                return self.decide(Or(tuple(Compare(attribute, Operator.EQ, each, exact) for each in values)), held)
            case Compare(attribute, operator, value, exact):
                return frozenset(
                    any(self._holds(attribute, operator, each, value, fold) for each in _values(held, attribute))
                    for fold in self._folds(exact)
                )

    def _folds(self, exact: bool) -> list[Fold]:
        strict: list[Fold] = [str] if exact else [str.lower, str.casefold]
        loose = self._loose
        return strict if loose is None else [*strict, lambda text: loose(text if exact else text.casefold())]

    def _holds(self, attribute: str, operator: Operator, held: Any, asked: Any, fold: Fold) -> bool:
        left, right = self._key(attribute, held, fold), self._key(attribute, asked, fold)
        if operator in (Operator.CO, Operator.SW, Operator.EW) and not isinstance(left, str):
            return False
        return _kind(left) == _kind(right) and _TESTS[operator](left, right)

    def _key(self, attribute: str, value: Any, fold: Fold) -> Any:
        if isinstance(value, Ref):
            return (value.id,)
        if isinstance(value, str) and attribute in self._moments:
            return _moment(value)
        return fold(value) if isinstance(value, str) else value


def _kind(value: Any) -> str:
    """Values of different kinds are neither equal nor ordered; whole numbers and fractions are one kind."""
    return "number" if type(value) in (int, float) else type(value).__name__


def _of(truth: bool) -> Truth:
    return YES if truth else NO


def _values(held: Mapping[str, tuple[Any, ...]], attribute: str) -> tuple[Any, ...]:
    whole, dot, part = attribute.partition(".")
    if not dot:
        return held.get(attribute, ())
    return tuple(each[part] for each in held.get(whole, ()) if part in each)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
