"""What an IdP may believe after the answers it got, and how the target has to agree with that.

Every fact (somebody exists, is active, is a member, is called so) has a set of values that are possible. A 2xx leaves
one. Without one, whatever takes access away has to come true once it was answered 503, and a grant may have happened,
where the outcome was not known, or not.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field

from tests.faults.process import Answer

Fact = tuple[str, ...]


@dataclass
class Belief:
    """Facts, each with its possible values; ``owed``: facts that were promised to become false."""

    possible: dict[Fact, set[Hashable]] = field(default_factory=dict)
    owed: set[Fact] = field(default_factory=set)

    def heard(self, answer: Answer, facts: dict[Fact, Hashable]) -> None:
        """One request meant these facts, and got this answer."""
        for fact, value in facts.items():
            if answer.ok:
                self.possible[fact] = {value}
                self.owed.discard(fact)
            elif answer.status == 503 and value is False:
                self.owed.add(fact)
            elif answer.status in (0, 503):
                self.possible.setdefault(fact, {None}).add(value)

    def at_last(self, fact: Fact) -> set[Hashable]:
        """What may stand in the target once it is back and nothing is pending."""
        return {False} if fact in self.owed else self.possible.get(fact, {None})
