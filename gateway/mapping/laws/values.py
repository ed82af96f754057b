"""What one row can be tried with: values that an IdP may send, values that a target may hold, and what is equal."""

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from connectors.entry import Ref
from gateway.mapping.checks.rows import Subject, steps_of
from gateway.mapping.laws.samples import scim_values, target_values
from gateway.mapping.model import Row, SchemaAttribute
from gateway.mapping.rows.slots import Lack, slot
from gateway.mapping.steps import StepError
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
        child = subject.section.children.get(row.attr or "")
        self.elements = child is not None
        self._kept = frozenset(child.get("map", {})) if child is not None else None
        others = [found for other in subject.section.rows if other is not row and (found := subject.path(other))]
        self._get = slot(path, others)
        claimed = any(other.top == path.top and other.selector for other in others)
        self._fixed = dict(row.element or ({"type": "other"} if claimed else {}))
        self.single = self._single()
        """values an IdP may send, one at a time"""
        self.held = self._held()
        """what the target may hold: what the row writes, and what others wrote"""

    @property
    def passable(self) -> bool:
        """Whether the steps take any of the values at all. What a plugin takes, nobody here can guess."""
        return any(step.name.startswith("plugin:") for step in self.row.via) or any(map(self.accepts, self.single))

    def document(self, value: Any) -> dict[str, Any]:
        """Return a document that asserts ``value`` and nothing else."""
        known = self.path.known
        inner: Any = value
        if known.sub is not None and self.path.everything:
            inner = [{**self._fixed, known.sub.name: each} for each in value]
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
        single = self.single
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
        subs = [
            sub
            for sub in self.path.known.head.sub_attributes
            if sub.mutability != "readOnly" and (self._kept is None or sub.name in self._kept)
        ]
        for number in range(_FEW):
            every = {
                sub.name: scim_values(sub.type, sub.name)[number % 2 if sub.type == "boolean" else number]
                for sub in subs
            }
            yield every
            yield from ({name: value} for name, value in every.items())

    def _held(self) -> list[Any]:
        if self.row.ref is not None:
            return [Ref("7"), (Ref("7"), Ref("8"))]
        written = [self.forward(value) for value in self.single[:60]] if self.facts.type != "complex" else []
        if self.elements:
            return list(self._complex())
        listed = [held for step in self.steps if (found := step.outcomes()) for _, held in found]
        known = [value for values in listed if isinstance(values, tuple) for value in values]
        others = target_values(self.seed)
        values = _unique([value for value in (*known, *written, *others) if value is not None and value != ""])
        if self.row.store is not None:
            return [value for value in written if value is not None]
        return [*values, *pairwise(values[:_FEW])]

    def earlier(self) -> list[Any]:
        """Return a few values that the target may have held before another is written."""
        held = [each for each in self.held if not isinstance(each, tuple)]
        return [*held[:2], *(each for each in (66048, 66050, "20260102030405Z", "other") if each in held)]

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
        if self._is_blank(wrote) or self._is_blank(read):
            return self._is_blank(wrote) and self._is_blank(read)
        if isinstance(wrote, list) or isinstance(read, list):
            return self._bag(wrote) == self._bag(read)
        return bool(self._key(wrote) == self._key(read))

    def _is_blank(self, value: Any) -> bool:
        """No value, or one of which the normalisers leave nothing."""
        if isinstance(value, list):
            return all(self._is_blank(each) for each in value)
        if isinstance(value, dict):
            return all(each in (None, "", []) for each in value.values())
        return value is None or (isinstance(value, str) and self.row.ref is None and self._key(value) in ("", None, ()))

    def _bag(self, values: Any) -> set[str]:
        each = values if isinstance(values, list) else [values]
        keys = (self._key(value) for value in each if not self._is_blank(value))
        return {json.dumps(key, sort_keys=True, default=str) for key in keys}

    def _key(self, value: Any) -> Any:
        """Bring values together that are equal: the steps from the first normaliser on decide, then the schema."""
        normalised = value
        for step in self.steps:
            if not any(other.normaliser or other.spellings for other in self.steps):
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


def _unique(values: list[Any]) -> list[Any]:
    return list({(type(value).__name__, str(value)): value for value in values}.values())
