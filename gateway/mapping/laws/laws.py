"""The three laws of a mapping file, tried with generated values; a failure shows the smallest value found.

1. An unchanged user causes no write. 2. The IdP reads back what it wrote. 3. A retry is harmless.

They hold for two-way rows with ``apply = "always"``, law 2 up to what the row's normalisers call equal; what the file
sets, defaults and keeps in the ledger is part of the state that is compared. Rows are tried by themselves first, then
the whole file with whole documents.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from scim2_models import SCIMException

from connectors.entry import Ref
from gateway.mapping.checks.rows import Subject, subjects
from gateway.mapping.compiled import ResourceMapping, compile_mapping
from gateway.mapping.errors import Message
from gateway.mapping.laws.documents import Asserted, whole_documents
from gateway.mapping.laws.samples import shrunk
from gateway.mapping.laws.simulation import Document, State, created, is_idle, updated
from gateway.mapping.laws.steps import step_breaches
from gateway.mapping.laws.values import RowValues
from gateway.mapping.model import Lifecycle, MappingFile, Row, Section

_LAWS = {
    1: "an unchanged user causes no write",
    2: "the IdP reads back what it wrote",
    3: "a retry is harmless",
}

_FEW = 40
"""How many values are also written over something else."""

Befores = Sequence[State | None]
"""What the target holds before a write; None: there is no entry yet."""

Breach = str | None
"""What happened, as a sentence; None: the law holds, or the value was refused."""


def law_messages(file: MappingFile) -> Iterator[Message]:
    """Yield every law that a row, or the whole file, breaks, with a counter-example.

    :param file: a file that compiles.
    """
    for subject in subjects(file):
        broken = False
        for row in subject.section.rows:
            if is_lawful_ground(row):
                for message in _row_messages(subject, row):
                    broken = True
                    yield message
        if not broken:
            yield from _file_messages(file, subject)


def is_lawful_ground(row: Row) -> bool:
    """Whether the laws speak of a row: it is written and read back, always."""
    return row.direction == "map" and row.only is None and row.apply == "always"


def _row_messages(subject: Subject, row: Row) -> Iterator[Message]:
    values = RowValues(subject, row)
    if values.one_way:
        return
    if values.steps and not values.passable:
        yield Message(row.place, "via: every value that was tried is refused by the steps; is their order right?")
        return
    trial = _RowTrial(_alone(subject, row), row, values)
    for number, text in step_breaches(values.steps, values.single, values.seed):
        yield _message(row, number, text)
        return
    earlier = trial.states(values.earlier())
    asserted = values.asserted()
    for number, law, samples in (
        (1, trial.unchanged, values.held),
        (2, partial(trial.read_back, [None]), asserted),
        (2, partial(trial.read_back, earlier), asserted[:_FEW]),
        (3, partial(trial.retried, [None]), asserted),
        (3, partial(trial.retried, earlier), asserted[:_FEW]),
    ):
        found = _first_breach(law, samples)
        if found is not None:
            yield _message(row, number, found)
            return


def _first_breach(law: Callable[[Any], Breach], samples: list[Any]) -> Breach:
    for sample in samples:
        if law(sample) is not None:
            return law(shrunk(sample, lambda simpler: law(simpler) is not None))
    return None


def _message(row: Row, number: int, found: str) -> Message:
    return Message(row.place, f"law {number}, {_LAWS[number]}: {found}")


def _alone(subject: Subject, row: Row) -> ResourceMapping:
    """Compile a section that has this row and no other."""
    section = subject.section
    bare = Section(
        name=section.name,
        place=section.place,
        endpoint=section.endpoint,
        schema=section.schema,
        anchor=section.anchor,
        rows=(replace(row, when=None, also=()),),
        lifecycle=Lifecycle(delete="delete"),
        children={name: child for name, child in section.children.items() if name == row.attr},
        options=section.options,
    )
    sections = {**{name: replace(bare, name=name, rows=()) for name in _named(row)}, section.name: bare}
    file = replace(subject.file, sections=sections, tests=())
    return compile_mapping(file).resources[section.name]


def _named(row: Row) -> list[str]:
    return [row.ref] if row.ref else []


class _RowTrial:
    """The laws on one row: the document holds nothing else."""

    def __init__(self, resource: ResourceMapping, row: Row, values: RowValues) -> None:
        self.resource, self.row, self.values = resource, row, values
        self.target = row.attr or "the ledger's value"

    def unchanged(self, held: Any) -> Breach:
        """Law 1 for an entry that holds ``held``, whoever wrote it."""
        state = self._state(held)
        document = self.resource.read(state.entry, state.stored)
        for last in (document, None):
            try:
                after, plan = updated(self.resource, document, state, last)
            except SCIMException as error:
                return (
                    f"{self._holds(held)} reads as {_said(document)}, and writing that back is refused: {error.detail}"
                )
            if not is_idle(plan, state):
                return (
                    f"{self._holds(held)} reads as {_said(document)}, and writing that back gives {self._left(after)}"
                )
        return None

    def read_back(self, befores: Befores, value: Any) -> Breach:
        """Law 2 for a new entry, and for one that held something else before."""
        document = self.values.document(value)
        for before in befores:
            try:
                after, _ = self._write(document, before, value)
            except SCIMException:
                return None
            shown = self.resource.read(after.entry, after.stored)
            if not self.values.same(value, self.values.value(shown)):
                start = f"where {self._holds(self._held(before))}, " if before is not None else ""
                return f"{start}{_said(document)} is written as {self._left(after)} and reads as {_said(shown)}"
        return None

    def retried(self, befores: Befores, value: Any) -> Breach:
        """Law 3: the same document again, after the answer arrived or was lost."""
        document = self.values.document(value)
        for before in befores:
            try:
                once, _ = self._write(document, before, value)
                for last in (document, self._asserted(before, value)):
                    twice, plan = updated(self.resource, document, once, last)
                    if not is_idle(plan, once):
                        return f"{_said(document)} gives {self._left(once)}, and written again {self._left(twice)}"
            except SCIMException:
                return None
        return None

    def _write(self, document: Document, before: State | None, value: Any) -> tuple[State, Any]:
        if before is None:
            return created(self.resource, document)
        after, plan = updated(self.resource, document, before, self._asserted(before, value))
        return created(self.resource, document) if plan.recreate else (after, plan)

    def _asserted(self, before: State | None, value: Any) -> Document | None:
        """What the IdP had asserted when the target came to hold ``before``."""
        if before is None:
            return None
        if self.values.path.text == "active":
            return {"active": not value}  # true only undoes what this connection did (semantics, rule 9)
        return self.resource.read(before.entry, before.stored)

    def states(self, held: list[Any]) -> Befores:
        """Return entries that hold one of these values each; a ledger's value has no entry to stand in."""
        return [] if self.row.store is not None else [self._state(each) for each in held]

    def _state(self, held: Any) -> State:
        if self.row.store is not None:
            return State({}, {self.values.path.text: held})
        return State({self.row.attr or "": held if isinstance(held, tuple) else (held,)})

    def _held(self, state: State) -> Any:
        values = state.attributes.get(self.row.attr or "", ())
        return values[0] if len(values) == 1 else values

    def _holds(self, held: Any) -> str:
        return f"{self.target} = {_value(held)}"

    def _left(self, state: State) -> str:
        if self.row.store is not None:
            return _value(state.stored.get(self.values.path.text))
        values = state.attributes.get(self.row.attr or "", ())
        return f"{self.target} = {_value(values[0] if len(values) == 1 else list(values))}" if values else "no value"


def _file_messages(file: MappingFile, subject: Subject) -> Iterator[Message]:
    """Try the laws on whole documents, every row at once."""
    resource = compile_mapping(file).resources[subject.section.name]
    rows = [RowValues(subject, row) for row in subject.section.rows if is_lawful_ground(row) and row.when is None]
    readable = [values for values in rows if not values.one_way]
    for asserted in whole_documents(subject, readable):
        for number, law in ((2, _file_read_back), (1, _file_unchanged), (3, _file_retried)):
            if law(resource, asserted) is not None:
                small = shrunk(asserted, partial(_breaks, law, resource), Asserted.simpler)
                yield Message(subject.section.place, f"law {number}, {_LAWS[number]}: {law(resource, small)}")
                return


def _breaks(law: Callable[[ResourceMapping, Asserted], Breach], resource: ResourceMapping, asserted: Asserted) -> bool:
    return law(resource, asserted) is not None


def _file_read_back(resource: ResourceMapping, asserted: Asserted) -> Breach:
    try:
        state, _ = created(resource, asserted.document)
    except SCIMException:
        return None
    shown = resource.read(state.entry, state.stored)
    for values, value in asserted.pairs:
        if not values.same(value, values.value(shown)):
            return f"{_said(asserted.document)} reads as {_said(shown)}"
    return None


def _file_unchanged(resource: ResourceMapping, asserted: Asserted) -> Breach:
    try:
        state, _ = created(resource, asserted.document)
    except SCIMException:
        return None
    shown = resource.read(state.entry, state.stored)
    return _idle_again(resource, state, shown, (shown, asserted.document), f"{_said(shown)} was read and written back")


def _file_retried(resource: ResourceMapping, asserted: Asserted) -> Breach:
    document = asserted.document
    try:
        state, _ = created(resource, document)
    except SCIMException:
        return None
    return _idle_again(resource, state, document, (document, None), f"{_said(document)} was written again")


def _idle_again(
    resource: ResourceMapping, state: State, document: Document, lasts: tuple[Document | None, ...], what: str
) -> Breach:
    for last in lasts:
        try:
            after, plan = updated(resource, document, state, last)
        except SCIMException as error:
            return f"{what}, and is refused: {error.detail}"
        if not is_idle(plan, state):
            names = sorted({change.attribute for change in plan.changes} | set(plan.stored))
            changed = ", ".join(f"{name} from {_values(state, name)} to {_values(after, name)}" for name in names)
            return f"{what}, and that changes {changed}"
    return None


def _values(state: State, name: str) -> str:
    held = state.attributes.get(name, state.stored.get(name))
    return _value(held[0] if isinstance(held, tuple) and len(held) == 1 else held) if held else "nothing"


def _said(document: Document) -> str:
    return json.dumps(document, ensure_ascii=False, default=str) if document else "nothing"


def _value(value: Any) -> str:
    if isinstance(value, Ref):
        return repr(value.id)
    if isinstance(value, tuple):
        return repr([each.id if isinstance(each, Ref) else each for each in value])
    return repr(value)
