"""``[user.set]`` and ``parent``: what follows from other values, and is planned when these change (rules 7 and 11)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scim2_models import InvalidValueException

from connectors.entry import PARENT, Change, Entry, Kind
from gateway.mapping.filters.conditions import Condition
from gateway.mapping.model import Row
from gateway.mapping.rows.plan import Draft
from gateway.mapping.steps import StepError
from gateway.mapping.steps.pipeline import Pipeline

Document = Mapping[str, Any]
Value = Callable[[Document], Any]


@dataclass(frozen=True, slots=True, eq=False)
class BoundSet:
    """One row of ``set``.

    :param value: resource → the value before the steps, None for none. :param inputs: canonical paths of the
        attributes that value and condition read.
    """

    row: Row
    attr: str
    value: Value
    pipeline: Pipeline
    inputs: frozenset[str] = frozenset()
    when: Condition | None = None

    def made(self, resource: Document) -> Any:
        """Return the target's value for a resource. :raises InvalidValueException: it cannot be derived."""
        if self.when is not None and not self.when(resource):
            return None
        value = self.value(resource)
        if value is None:
            return None
        try:
            made = self.pipeline.forward(value)
        except StepError as error:
            raise InvalidValueException(detail=f"{self.attr} cannot be derived: {error}") from error
        return None if made == "" else made


@dataclass(frozen=True, slots=True, eq=False)
class Parents:
    """The branches of ``parent``, in order."""

    choices: tuple[tuple[str, Condition | None], ...]
    inputs: frozenset[str] = frozenset()

    def of(self, resource: Document) -> str | None:
        """Return where a resource lives: the first branch that holds."""
        return next((dn for dn, when in self.choices if when is None or when(resource)), None)


def create(sets: Sequence[BoundSet], parents: Parents, resource: Document, draft: Draft) -> None:
    """Add what a new entry has beside what the IdP asserts."""
    for each in sets:
        made = each.made(resource)
        if made is not None and each.attr not in draft.attributes:
            draft.add(each.attr, made if isinstance(made, list | tuple) else [made])
            draft.note("", each.attr, None, made, each.row.secret)
    parent = parents.of(resource)
    if parent is not None:
        draft.attributes[PARENT] = [parent]


def update(
    sets: Sequence[BoundSet],
    before: Document,
    after: Document,
    entry: Entry,
    touched: Callable[[frozenset[str]], bool],
    draft: Draft,
) -> None:
    """Plan the rows of ``set`` whose inputs the request changes. A value somebody else gave the target stays as long
    as the inputs do."""
    for each in sets:
        apply = each.row.apply
        if apply == "create" or each.row.by_group or not touched(each.inputs):
            continue
        held = entry.attributes.get(each.attr, ())
        if apply == "if-empty" and held:
            continue
        made, earlier = each.made(after), each.made(before)
        if (made == earlier or each.pipeline.varies) and not (apply == "if-empty" and made is not None):
            continue
        changes = _derived(each, made, earlier, held)
        if changes:
            draft.changes += changes
            draft.note("", each.attr, held, made, each.row.secret)


def _derived(each: BoundSet, made: Any, earlier: Any, held: tuple[Any, ...]) -> list[Change]:
    if made is None:
        gone = tuple(value for value in held if value == earlier)
        if each.row.on_clear == "keep" or not gone:
            return []
        return [Change(Kind.REPLACE, each.attr)] if len(held) == 1 else [Change(Kind.REMOVE, each.attr, gone)]
    if any(value == made or each.pipeline.settled(value) == made for value in held):
        return []
    if len(held) <= 1:
        return [Change(Kind.REPLACE, each.attr, (made,))]
    gone = (earlier,) if earlier in held else ()
    return [*([Change(Kind.REMOVE, each.attr, gone)] if gone else []), Change(Kind.ADD, each.attr, (made,))]


def move(parents: Parents, before: Document, after: Document, draft: Draft) -> None:
    """Plan another place where the inputs of ``parent`` now choose another branch."""
    here, there = parents.of(before), parents.of(after)
    if there is not None and there != here:
        draft.changes.append(Change(Kind.REPLACE, PARENT, (there,)))
        draft.note("", PARENT, here, there, False)
