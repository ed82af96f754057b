"""One row of a mapping file, bound to its schema: paths resolved, steps built, conditions compiled."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from connectors.entry import Ref
from gateway.mapping.filters.conditions import Condition
from gateway.mapping.model import Row, SchemaAttribute
from gateway.mapping.rows.coerce import asserted, shown
from gateway.mapping.rows.slots import Get, Lack
from gateway.mapping.schema.paths import ScimPath
from gateway.mapping.steps import StepError
from gateway.mapping.steps.pipeline import Pipeline


class Shape(StrEnum):
    """How the values of SCIM and of the target stand to each other."""

    ONE = "one"
    """one value here, one of the target's values there"""
    MANY = "many"
    """several values on both sides, each translated by itself"""
    WHOLE = "whole"
    """the row has the target's attribute for itself: JSON, or a text with separators"""


@dataclass(frozen=True, slots=True, eq=False)
class BoundRow:
    """A row of ``map`` or ``show``.

    :param attr: the target's attribute; None where the ledger keeps the value, or a constant is shown.
    :param get: finds the row's value in an asserted document; ``aliases`` finds it under its other names.
    :param when: the condition of the row, or None. :param inputs: canonical paths the condition reads.
    :param elements: the values are the elements of a child table; ``columns``: the sub-attributes it keeps.
    """

    row: Row
    path: ScimPath
    attr: str | None
    pipeline: Pipeline
    shape: Shape
    get: Get
    aliases: tuple[tuple[str, Get], ...] = ()
    when: Condition | None = None
    inputs: frozenset[str] = frozenset()
    elements: bool = False
    columns: frozenset[str] = frozenset()

    facts: SchemaAttribute = field(init=False)
    """what the schema says of the values"""
    name: str = field(init=False)
    """the canonical path, as refusals, traces and ledger values spell it"""
    writes: bool = field(init=False)
    """whether an IdP can write through this row"""
    reads: bool = field(init=False)
    """whether the row shows anything"""
    is_active: bool = field(init=False)
    """whether this is the row that switches an object on and off"""
    is_password: bool = field(init=False)
    """whether this row takes the password"""
    secret: bool = field(init=False)
    """whether the row's values may appear nowhere"""
    required: bool = field(init=False)
    """whether a resource without a value is refused"""
    frozen: bool = field(init=False)
    """whether a value, once there, may not change"""
    direct: bool = field(init=False)
    """whether text goes in and out as it is"""

    def __post_init__(self) -> None:
        row, head = self.row, self.path.known.head
        is_password = self.path.text == "password"
        hidden = row.only == "write" or self.pipeline.one_way or head.mutability == "writeOnly" or is_password
        facts = {
            "facts": self.path.known.facts,
            "name": self.path.text,
            "writes": row.direction == "map" and row.only != "read" and head.mutability != "readOnly",
            "reads": not hidden,
            "is_active": self.path.text == "active",
            "is_password": is_password,
            "secret": row.secret or is_password or (row.only == "write" and row.direction == "map"),
            "required": row.required or (bool(head.resource) and head.required),
            "frozen": row.immutable == "refuse" or head.mutability == "immutable",
            "direct": not self.pipeline.steps and row.ref is None and not self.elements and _is_text(self.path),
        }
        for name, value in facts.items():
            object.__setattr__(self, name, value)

    def out(self, value: Any) -> Any:
        """Return a target's value (None: absent) as SCIM shows it, or None."""
        if isinstance(value, Ref):
            return value.id
        if self.pipeline.steps:
            value = self.pipeline.backward(value)
        if value is None or self.elements:
            return value
        if self.shape is Shape.WHOLE and self.path.known.sub is None:
            return _whole(value, self.path.known.head)
        if isinstance(value, tuple):
            return tuple(each for each in (shown(part, self.facts) for part in value) if each is not None)
        return shown(value, self.facts)

    def into(self, value: Any, old: Any = None) -> Any:
        """Return an asserted value as the target holds it; None for none. :raises StepError: it cannot be."""
        if self.direct and type(value) is str:
            return value or None
        if self.row.ref is not None:
            return Ref(self._named(value))
        if self.elements:
            return _element(value, self.path.known.head, self.columns)
        if self.shape is not Shape.WHOLE or not self.path.everything:
            value = asserted(value, self.facts)
        made = self.pipeline.forward(value, old)
        return None if made in ("", ()) else made

    @staticmethod
    def _named(value: Any) -> str:
        if isinstance(value, Mapping):
            value = value.get("value")
        if not isinstance(value, str):
            raise StepError("must be the id of a resource")
        return value

    def reads_as(self, held: Any, value: Any) -> bool:
        """Whether what the target holds is read as exactly this value: then it is left alone, even where the steps
        would refuse the value today (law 1)."""
        if not self.reads:
            return False
        found = self.out(held)
        found = list(found) if isinstance(found, tuple) else found
        return type(found) is type(value) and bool(found == value)

    def same(self, made: Any, held: Any) -> bool:
        """Whether what would be written and what the target holds mean the same under the row's steps."""
        if type(made) is type(held) and bool(made == held):
            return True
        if isinstance(made, Ref) or isinstance(held, Ref):
            return False
        if self.shape is Shape.WHOLE and self.path.known.sub is None:
            return bool(self.settled(held) == self.settled(made))
        return bool(self.settled(held) == self.meaning(made))

    def meaning(self, made: Any) -> Any:
        """What would be written, in the form in which ``settled`` gives what the target holds."""
        return comparable(made, None if self.pipeline.steps else self.facts)

    def blank(self, held: Any) -> bool:
        """Whether the row's steps make nothing of what the target holds (a lone blank under ``trim``)."""
        return self.pipeline.plain and self.settled(held) in (None, "")

    def settled(self, held: Any) -> Any:
        """Return what would be written for what the target holds, in comparable form; None where nothing would."""
        if self.elements:
            return comparable({name: value for name, value in held.items() if value is not None}, None)
        if self.shape is Shape.WHOLE and self.path.known.sub is None:
            return comparable(self.out(held), None)
        if self.pipeline.plain:
            value = shown(held, self.facts)
            if value is None or not self.pipeline.steps:
                return comparable(value, self.facts)
            return comparable(self.pipeline.settled(value), None)
        return comparable(self.pipeline.settled(held), None)

    def chosen(self, held: Sequence[Any], last: Any) -> Any:
        """Return the one of several values that the row speaks of: the asserted one if it is still there, else the
        smallest (semantics, rule 11).

        :param last: what this connection last asserted, or a ``Lack``.
        """
        if len(held) == 1:
            return held[0]
        there = self.standing(held, last)
        return min(held, key=_order) if there is None else there

    def standing(self, held: Sequence[Any], last: Any) -> Any:
        """Return the target's value that stands for the last assertion; None where it is gone."""
        if last is None or isinstance(last, Lack):
            return None
        return next((value for value in held if self.means(last, value)), None)

    def means(self, value: Any, held: Any) -> bool:
        """Whether what the target holds stands for an asserted value."""
        try:
            return self.same(self.into(value, held), held)
        except StepError:
            return False


def _is_text(path: ScimPath) -> bool:
    return path.known.facts.type in ("string", "reference")


def comparable(value: Any, facts: SchemaAttribute | None = None) -> Any:
    """Bring values that mean the same, and are not equal in Python, together; keep True and 1 apart."""
    if facts is not None and facts.type == "dateTime" and isinstance(value, str):
        return shown(value, facts)
    if isinstance(value, Mapping):
        return frozenset((key, comparable(inner, None)) for key, inner in value.items() if inner is not None)
    if isinstance(value, list | tuple):
        return tuple(comparable(inner, None) for inner in value)
    return (bool, value) if isinstance(value, bool) else value


def exact(value: Any) -> Any:
    """A key that equal values of one type share, and no others."""
    return type(value), comparable(value)


def once(values: Iterable[Any]) -> list[Any]:
    """Each value once, where it stood first."""
    kept: dict[Any, Any] = {}
    for value in values:
        kept.setdefault(exact(value), value)
    return list(kept.values())


def _order(value: Any) -> tuple[str, str]:
    return ("", value.id) if isinstance(value, Ref) else (type(value).__name__, str(value))


def _whole(value: Any, head: SchemaAttribute) -> Any:
    """What a place that holds a whole attribute shows; None where it holds something else."""
    if not head.multi_valued:
        if head.type != "complex":
            return shown(value, head)
        kept = _filled(value)
        return kept or None
    if not isinstance(value, list | tuple):
        return None
    kinds = dict if head.type == "complex" else (str, int, float, bool)
    found: list[Any] = []
    for each in value:
        if not isinstance(each, kinds):
            return None
        kept = _filled(each) if isinstance(each, dict) else shown(each, head)
        if kept not in (None, "", {}):
            found.append(kept)
    return once(found) or None


def _filled(value: Any) -> dict[str, Any] | None:
    return {key: inner for key, inner in value.items() if inner is not None} if isinstance(value, dict) else None


def _element(value: Any, head: SchemaAttribute, columns: frozenset[str]) -> dict[str, Any] | None:
    """One element for a child table: its known sub-attributes that have a value."""
    if not isinstance(value, Mapping):
        value = {"value": value}
    made: dict[str, Any] = {}
    for sub in head.sub_attributes:
        held = value.get(sub.name)
        if sub.name in columns and held is not None and held != "":
            made[sub.name] = asserted(held, sub)
    return made or None
