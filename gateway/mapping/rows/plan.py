"""What a write is to change: the plan, and how rows find the difference (semantics, rules 7 to 11)."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scim2_models import InvalidValueException

from connectors.entry import Change, Kind, Ref
from gateway.mapping.rows.bound import BoundRow, Shape, exact, once
from gateway.mapping.rows.coerce import asserted
from gateway.mapping.rows.meanings import Held, Made
from gateway.mapping.rows.slots import ELSEWHERE, MISSING, Lack
from gateway.mapping.steps import StepError

HIDDEN = "***"


@dataclass(frozen=True, slots=True)
class Plan:
    """What one request makes of one object.

    :param attributes: what to create the entry with, ``@parent`` included; references as ``Ref`` of the asserted id.
    :param changes: the real differences against the entry. :param reducing: those that take access away.
    :param stored: what the ledger keeps: canonical path → value, None to forget.
    :param activation: whether this switches the object on or off; None where it does neither.
    :param recreate: a row changed that only a new entry can take (rule 24).
    :param trace: (SCIM path, attribute, before, after) of each row that changed; secrets as ``***``.
    """

    attributes: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    reducing: tuple[Change, ...] = ()
    stored: dict[str, Any] = field(default_factory=dict)
    activation: bool | None = None
    recreate: bool = False
    trace: tuple[tuple[str, str, Any, Any], ...] = ()


@dataclass(slots=True)
class Draft:
    """A plan in the making."""

    attributes: dict[str, list[Any]] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    reducing: list[Change] = field(default_factory=list)
    stored: dict[str, Any] = field(default_factory=dict)
    activation: bool | None = None
    recreate: bool = False
    trace: list[tuple[str, str, Any, Any]] = field(default_factory=list)

    def add(self, attr: str, values: Sequence[Any]) -> None:
        """Let a new entry have ``values``, once each."""
        held = self.attributes.get(attr)
        if held is None:
            self.attributes[attr] = list(values)
        else:
            held += [value for value in values if value not in held]

    def note(self, path: str, attr: str, before: Any, after: Any, secret: bool) -> None:
        """Remember what changed, without secrets."""
        self.trace.append((path, attr, HIDDEN, HIDDEN) if secret else (path, attr, before, after))

    def plan(self) -> Plan:
        """The finished plan."""
        return Plan(
            {attr: tuple(values) for attr, values in self.attributes.items() if values},
            tuple(self.changes),
            tuple(self.reducing),
            self.stored,
            self.activation,
            self.recreate,
            tuple(self.trace),
        )


def refusal(row: BoundRow, error: StepError) -> InvalidValueException:
    """Say which attribute cannot be taken, and why; never what a secret was."""
    reason = "cannot be taken as it is" if row.secret else str(error)
    return InvalidValueException(attribute=row.name, detail=f"{row.name}: {reason}")


def missing(row: BoundRow) -> InvalidValueException:
    """Say that a required attribute has no value."""
    return InvalidValueException(attribute=row.name, detail=f"{row.name} is required")


def asked(row: BoundRow, document: Mapping[str, Any], named: frozenset[str] | None = None) -> Any:
    """Return what a document asserts for a row, under its own name or another (``also``).

    A request that names only the other name means that one.
    """
    value = row.get(document)
    if not row.aliases:
        return value
    for alias, get in row.aliases:
        by_alias = named is not None and alias in named and not touches(row, named)
        if isinstance(value, Lack) or by_alias:
            other = get(document)
            if not isinstance(other, Lack):
                value = other
    return value


def touches(row: BoundRow, named: frozenset[str]) -> bool:
    """Whether a request that names ``named`` speaks of the row, by its own names (rule 7)."""
    known = row.path.known
    return (
        known.top in named
        or known.path in named
        or (bool(known.extension) and known.extension in named)
        or (known.sub is None and any(name.startswith(f"{known.top}.") for name in named))
    )


def into(row: BoundRow, value: Any, held: Any = None) -> Any:
    """Translate a value. :raises InvalidValueException: it cannot be taken."""
    try:
        return row.into(value, held)
    except StepError as error:
        raise refusal(row, error) from error


def truth(row: BoundRow, value: Any) -> bool:
    """Return an asserted boolean. :raises InvalidValueException: it is none."""
    try:
        return bool(asserted(value, row.facts))
    except StepError as error:
        raise refusal(row, error) from error


def all_into(row: BoundRow, value: Any) -> list[Any]:
    """Translate everything a row asserts into the target's values. :raises InvalidValueException:"""
    if row.shape is Shape.MANY:
        values = value if isinstance(value, list) else [value]
        made = [into(row, each) for each in values]
    else:
        one = into(row, value)
        if type(one) is str:
            return [one]
        made = list(one) if isinstance(one, tuple) else [one]
    return once(each for each in made if each is not None)


def swap(row: BoundRow, value: Any, held: tuple[Any, ...], last: Any) -> tuple[list[Change], Any, Any]:
    """The changes of a row with one value; None clears. Other values of the attribute stay (rule 11).

    :returns: the changes, and the value before and after.
    """
    attr = row.attr or ""
    if value is None:
        return _cleared(row, held, last)
    if not held:
        made = into(row, value)
        return ([], None, None) if made is None else ([Change(Kind.REPLACE, attr, (made,))], None, made)
    before = row.chosen(held, last)
    if row.reads_as(before, value):
        return [], before, before
    made = into(row, value, before)
    if made is None:
        return ([], before, before) if row.blank(before) else _cleared(row, held, last)
    if row.same(made, before):
        return [], before, before
    if len(held) == 1:
        return [Change(Kind.REPLACE, attr, (made,))], before, made
    there = next((each for each in held if row.means(value, each)), None)
    mine = row.standing(held, last)
    if there is not None:
        return ([] if mine is None else [Change(Kind.REMOVE, attr, (mine,))]), mine, there
    return [Change(Kind.REMOVE, attr, (before,)), Change(Kind.ADD, attr, (made,))], before, made


def respelt(row: BoundRow, value: Any, before: Any, was: Any, now: Any) -> bool:
    """Whether a value that is set once (``immutable``) is only said again, and the target spells it in its own way.

    :param before: what this connection last asserted. :param was, now: what the target holds, what would be written.
    """
    if row.row.immutable is None or not isinstance(now, str) or not isinstance(was, str):
        return False
    if value == before and (row.frozen or _plainly(now) == _plainly(was)):
        return True
    return not row.facts.case_exact and now.casefold() == was.casefold()


def _plainly(text: str) -> str:
    """A text without what applications change in it: capitals, blanks, Unicode's normal form."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _cleared(row: BoundRow, held: tuple[Any, ...], last: Any) -> tuple[list[Change], Any, Any]:
    if not held:
        return [], None, None
    attr = row.attr or ""
    before = row.chosen(held, last)
    if len(held) == 1:
        return [Change(Kind.REPLACE, attr)], before, None
    return [Change(Kind.REMOVE, attr, (before,))], before, None


def own(row: BoundRow, value: Any, held: tuple[Any, ...]) -> tuple[list[Change], Any, Any]:
    """The changes of a row that has the target's attribute for itself (JSON, a text with separators)."""
    attr = row.attr or ""
    if any(row.reads_as(each, value) for each in held):
        return [], held, held
    made = [] if value is None else all_into(row, value)
    if not made:
        return ([Change(Kind.REPLACE, attr)], held, None) if held else ([], None, None)
    if _matched(row, made, held):
        return [], held, held
    return [Change(Kind.REPLACE, attr, tuple(made))], held or None, tuple(made)


def _matched(row: BoundRow, made: list[Any], held: tuple[Any, ...]) -> bool:
    if len(made) == 1 and len(held) == 1:
        return row.same(made[0], held[0])
    return len(made) == len(held) and all(any(row.same(one, other) for other in held) for one in made)


def several(
    row: BoundRow, value: Any, held: tuple[Any, ...], last: Any, removed: Sequence[Any]
) -> tuple[list[Change], Any, Any]:
    """The changes of a row with several values: what is missing is added; what this connection asserted and no longer
    does goes, with ``others = "remove"`` also the rest.

    :param removed: values that the request takes away whoever wrote them.
    """
    attr = row.attr or ""
    standing = Held(row, held)
    made = [] if value is None else _all_onto(row, value, standing)
    new = [each for each in made if not standing.has(each)]
    kept = Made(row, made)
    gone = [there for there in held if not kept.has(there)]
    if row.row.others != "remove":
        mine, named = Made(row, _quietly(row, last)), set(map(exact, removed))
        gone = [there for there in gone if exact(there) in named or mine.has(there)]
    if not new and not gone:
        return [], held, held
    leaving = set(map(exact, gone))
    after = tuple(each for each in held if exact(each) not in leaving) + tuple(new)
    changes = [Change(Kind.REMOVE, attr, tuple(gone))] if gone else []
    return changes + ([Change(Kind.ADD, attr, tuple(new))] if new else []), held, after


def _all_onto(row: BoundRow, value: Any, held: Held) -> list[Any]:
    """Translate everything a row asserts; what reads as asserted stands for itself."""
    made: list[Any] = []
    for each in value if isinstance(value, list) else [value]:
        there = held.standing_for(each)
        made += all_into(row, [each]) if there is None else [there]
    return once(made)


def _quietly(row: BoundRow, last: Any) -> list[Any]:
    if last is None or isinstance(last, Lack):
        return []
    try:
        return all_into(row, last)
    except InvalidValueException:
        return []


def unsaid(value: Any) -> bool:
    """Whether a document leaves a row's value out, rather than saying that it is empty."""
    return value is MISSING or value is ELSEWHERE


def plain(value: Any) -> Any:
    """A value for a trace: references as ids."""
    if isinstance(value, Ref):
        return value.id
    return tuple(plain(each) for each in value) if isinstance(value, tuple) else value
