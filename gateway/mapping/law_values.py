"""What one row can be tried with: values that an IdP may send, values that a target may hold, and what is equal."""

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from connectors.entry import Ref
from gateway.mapping.check_rows import Subject, steps_of
from gateway.mapping.model import Row, SchemaAttribute
from gateway.mapping.samples import scim_values, target_values
from gateway.mapping.slots import Lack, slot
from gateway.mapping.steps import Step, StepError
from gateway.mapping.steps.times import instant

_FEW = 12


class RowValues:
    """The values of one two-way row.

    :param subject: the section the row stands in.
    """

    def __init__(self, subject: Subject, row: Row) -> None:
        path = subject.path(row)
        if path is None:
            raise ValueError(f"{row.path} names nothing")
        self.row, self.path = row, path
        self.steps = steps_of(subject, row)
        self.one_way = any(step.one_way for step in self.steps)
        self.facts: SchemaAttribute = path.known.facts
        self.seed = f"{subject.section.name} {path.text}"
        self.elements = row.attr in subject.section.children
        self._get = slot(path)

    def document(self, value: Any) -> dict[str, Any]:
        """Return a document that asserts ``value`` and nothing else."""
        known = self.path.known
        inner: Any = value
        if known.sub is not None and self.path.everything:
            inner = [{known.sub.name: each} for each in value]
        elif known.sub is not None:
            inner = {**dict(self.path.selector), known.sub.name: value}
            inner = [inner] if known.head.multi_valued else inner
        elif self.path.selector:
            inner = [{**dict(self.path.selector), **value}]
        return {known.extension: {known.head.name: inner}} if known.extension else {known.head.name: inner}

    def value(self, document: dict[str, Any]) -> Any:
        """Return the row's value in a document; None where it has none."""
        found = self._get(document)
        return None if isinstance(found, Lack) else found

    def asserted(self) -> list[Any]:
        """Return values an IdP may send. A row that takes several gets lists of them."""
        single = self._single()
        if not self.path.everything:
            return single
        pairs = [[first, second] for first, second in zip(single, single[7:], strict=False) if first != second]
        return [[each] for each in single] + pairs[:_FEW]

    def _single(self) -> list[Any]:
        if self.row.ref is not None:
            return ["2819c223-7f76-453a-919d-413861904646", "7", "a,b=c"]
        if self.facts.type == "complex":
            return list(self._complex())
        known = [scim for step in reversed(self.steps) if (found := step.outcomes()) for scim, _ in found]
        read = [self._backward(held) for held in target_values(self.seed)]
        return _unique(
            [value for value in (*known, *scim_values(self.facts.type, self.seed), *read) if self._fits(value)]
        )

    def _fits(self, value: Any) -> bool:
        """Empty text is no value (RFC 7643 §2.5), and a value has the type of its attribute."""
        kinds: dict[str, Any] = {"boolean": bool, "integer": int, "decimal": (int, float)}
        wanted = kinds.get(self.facts.type, str)
        return value != "" and isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool))

    def _complex(self) -> Iterator[dict[str, Any]]:
        """Elements with each sub-attribute alone, and with all of them."""
        subs = [sub for sub in self.path.known.head.sub_attributes if sub.mutability != "readOnly"]
        for number in range(_FEW):
            every = {
                sub.name: scim_values(sub.type, sub.name)[number % 2 if sub.type == "boolean" else number]
                for sub in subs
            }
            yield every
            yield from ({name: value} for name, value in every.items())

    def held(self) -> list[Any]:
        """Return what the target may hold: what the row writes, and what others wrote."""
        if self.row.ref is not None:
            return [Ref("7"), (Ref("7"), Ref("8"))]
        written = [self.forward(value) for value in self._single()[:60]] if self.facts.type != "complex" else []
        if self.elements:
            return list(self._complex())
        listed = [held for step in self.steps if (found := step.outcomes()) for _, held in found]
        known = [value for values in listed if isinstance(values, tuple) for value in values]
        others = target_values(self.seed)
        values = _unique([value for value in (*known, *written, *others) if value is not None and value != ""])
        if self.row.store is not None:
            return [value for value in written if value is not None]
        return [*values, *pairwise(values[:_FEW])]

    def earlier(self, value: Any) -> list[Any]:
        """Return a few values that the target may have held before ``value`` is written."""
        del value
        held = [each for each in self.held() if not isinstance(each, tuple)]
        return [*held[:6], *(each for each in (66048, 66050, "20260102030405Z", "other") if each in held)]

    def forward(self, value: Any) -> Any:
        """Return what the steps make of a value in an empty entry; None where they refuse it."""
        try:
            for step in self.steps:
                if value is None:
                    return None
                value = step.forward(value)
        except (StepError, ValueError, TypeError, OverflowError):
            return None
        return value if not isinstance(value, tuple) else None

    def accepts(self, value: Any) -> bool:
        """Whether the row's steps take the value."""
        if self.row.ref is not None or self.facts.type == "complex" or any(step.whole for step in self.steps):
            return True
        return all(self.forward(each) is not None for each in (value if isinstance(value, list) else [value]))

    def _backward(self, held: Any) -> Any:
        for step in reversed(self.steps):
            if held is None:
                return None
            held = step.backward(held)
        return held

    def same(self, wrote: Any, read: Any) -> bool:
        """Whether what is read equals what was written, up to the row's normalisers and the attribute's own rules."""
        if wrote in (None, []) or read in (None, []):
            return wrote in (None, []) and read in (None, [])
        if isinstance(wrote, list) or isinstance(read, list):
            return self._bag(wrote) == self._bag(read)
        return bool(self._key(wrote) == self._key(read))

    def _bag(self, values: Any) -> set[str]:
        each = values if isinstance(values, list) else [values]
        return {json.dumps(self._key(value), sort_keys=True, default=str) for value in each}

    def _key(self, value: Any) -> Any:
        """Bring values together that are equal: the steps from the first normaliser on decide, then the schema."""
        normalised = value
        for step in self.steps:
            if not any(other.normaliser for other in self.steps):
                break
            try:
                normalised = step.forward(normalised)
            except (StepError, ValueError, TypeError):
                break
        if self.facts.type == "dateTime" and isinstance(normalised, str):
            return str(instant(normalised))
        if isinstance(normalised, str) and not self.facts.case_exact:
            return normalised.casefold()
        if isinstance(normalised, dict):
            return {key: each for key, each in normalised.items() if each not in (None, "", [])}
        return normalised

    def lossy_steps(self) -> Iterator[tuple[str, str]]:
        """Yield an exact step that loses something on the way, with the smallest value found.

        Normalisers after it would hide the loss, so each step is tried by itself.
        """
        values = self._single() if self.facts.type != "complex" else []
        for step in self.steps:
            if not (step.normaliser or step.whole):
                for value in values:
                    lost = _loss(step, value)
                    if lost is not None and not self._equal(value, lost[1]):
                        yield step.name, f"makes {lost[0]!r} of {value!r}, and {lost[1]!r} of that again"
                        return
            values = [made for value in values if (made := _once(step, value)) is not None]

    def _equal(self, value: Any, again: Any) -> bool:
        if isinstance(value, str) and isinstance(again, str):
            moments = instant(value), instant(again)
            if None not in moments:
                return moments[0] == moments[1]
            return value.casefold() == again.casefold()
        return type(value) is type(again) and bool(value == again)


def _once(step: Step, value: Any) -> Any:
    try:
        return step.forward(value)
    except (StepError, ValueError, TypeError, OverflowError):
        return None


def _loss(step: Step, value: Any) -> tuple[Any, Any] | None:
    """Return what a step makes of a value and reads back, where that is another value."""
    made = _once(step, value)
    if made is None:
        return None
    again = step.backward(made)
    return None if type(again) is type(value) and again == value else (made, again)


def _unique(values: list[Any]) -> list[Any]:
    return list({(type(value).__name__, str(value)): value for value in values}.values())
