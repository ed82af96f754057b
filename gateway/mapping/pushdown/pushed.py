"""The algebra of push-down: filters for the target, and whether they mean exactly what SCIM means (rules 3 and 4)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from connectors.entry import ID, Value
from connectors.filters import And, AnyOf, Compare, Filter, Leaf, Not, Operator, Or, Present, Verdict
from gateway.mapping.filters.conditions import Condition

Judge = Callable[[Leaf], Verdict]
StoredIds = Callable[[str, str, Any], Any]
"""path, operator, value → the ids of entries whose ledger value matches, or None where that cannot be said"""

NOTHING = AnyOf(ID, (), case_exact=True)
"""the filter that no entry satisfies"""


@dataclass(frozen=True, slots=True)
class Pushed:
    """A SCIM filter, divided.

    :param filter: what the target selects by: all that the SCIM filter means, and perhaps more; None = everything.
    :param residual: decides on canonical resources what ``filter`` leaves open; None where it is exact.
    :param needs: the canonical SCIM paths that ``residual`` reads.
    :param nothing: no resource of this type can match.
    """

    filter: Filter | None
    residual: Condition | None = None
    needs: frozenset[str] = frozenset()
    nothing: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One node, pushed down: ``filter`` selects a superset, exactly the node where ``exact``.

    ``And(())`` is everything and ``Or(())`` is nothing.
    """

    filter: Filter
    exact: bool = True

    @property
    def everything(self) -> bool:
        """Whether it selects all entries."""
        return self.filter == _ALL

    @property
    def nothing(self) -> bool:
        """Whether it selects none; this is always exact."""
        return self.filter == _NONE


_ALL, _NONE = And(()), Or(())
ALL, NONE = Part(_ALL), Part(_NONE)
OPEN = Part(_ALL, exact=False)
"""nothing can be said to the target; it is decided above"""


def every(parts: Iterable[Part]) -> Part:
    """All of them."""
    found = list(parts)
    if any(part.nothing for part in found):
        return NONE
    exact = all(part.exact for part in found)
    terms = tuple(dict.fromkeys(part.filter for part in found if not part.everything))
    return Part(terms[0] if len(terms) == 1 else And(terms), exact)


def some(parts: Iterable[Part]) -> Part:
    """Any of them; pushed only where all are."""
    found = [part for part in parts if not part.nothing]
    if any(part.everything for part in found):
        return ALL if any(part.everything and part.exact for part in found) else OPEN
    exact = all(part.exact for part in found)
    terms = tuple(dict.fromkeys(part.filter for part in found))
    return Part(terms[0] if len(terms) == 1 else Or(terms), exact)


def negated(part: Part) -> Part:
    """None of it; only what is exact can be negated (rule 3)."""
    if not part.exact:
        return OPEN
    if part.everything:
        return NONE
    return ALL if part.nothing else Part(Not(part.filter))


def loose(part: Part) -> Part:
    """The same selection, to be decided above."""
    return part if part.nothing else Part(part.filter, exact=False)


def judged(judge: Judge, leaf: Leaf, exact: bool = True) -> Part:
    """Ask the connector about one leaf.

    :param exact: False where the leaf itself means more than SCIM does.
    """
    if isinstance(leaf, AnyOf) and not leaf.values:
        return NONE
    verdict = judge(leaf)
    if verdict is Verdict.UNSUPPORTED:
        return OPEN
    return Part(leaf, exact and verdict is Verdict.EXACT)


def equal(judge: Judge, attr: str, values: Iterable[Value], case_exact: bool, exact: bool = True) -> Part:
    """Entries whose attribute equals one of ``values``."""
    wanted = tuple(dict.fromkeys(values))
    if len(wanted) == 1:
        return judged(judge, Compare(attr, Operator.EQ, wanted[0], case_exact), exact)
    whole = judged(judge, AnyOf(attr, wanted, case_exact), exact)
    if not whole.everything:
        return whole
    return some(judged(judge, Compare(attr, Operator.EQ, value, case_exact), exact) for value in wanted)


def there(judge: Judge, attr: str, exact: bool = True) -> Part:
    """Entries that have the attribute."""
    return judged(judge, Present(attr), exact)
