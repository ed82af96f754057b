"""Whole documents to try a whole file with: a value for each row, put together as an IdP would."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gateway.mapping.checks.rows import Subject
from gateway.mapping.laws.values import RowValues

COUNT = 60
"""How many documents a section is tried with."""


@dataclass(frozen=True, slots=True)
class Asserted:
    """One document, as the values of its rows."""

    pairs: tuple[tuple[RowValues, Any], ...]

    @property
    def document(self) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        for values, value in self.pairs:
            _merge(merged, values.document(value))
        return merged

    def simpler(self) -> "Iterator[Asserted]":
        """Yield the same with one row less."""
        for index in range(len(self.pairs)):
            yield Asserted((*self.pairs[:index], *self.pairs[index + 1 :]))


def whole_documents(subject: Subject, rows: list[RowValues]) -> Iterator[Asserted]:
    """Yield documents: everything given, then some rows left out."""
    chance = random.Random(subject.section.name)  # noqa: S311 - repeatable on purpose
    pools = [(values, values.asserted()) for values in rows]
    for number in range(COUNT):
        chosen = []
        for values, pool in pools:
            accepted = [value for value in chance.sample(pool, min(8, len(pool))) if values.accepts(value)]
            needed = values.row.required or number < COUNT // 3
            if accepted and (needed or chance.random() < 0.7):
                chosen.append((values, accepted[0]))
        yield Asserted(tuple(chosen))


def _merge(into: dict[str, Any], document: dict[str, Any]) -> None:
    for key, value in document.items():
        old = into.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            _merge(old, value)
        elif isinstance(old, list) and isinstance(value, list):
            _merge_elements(old, value)
        else:
            into[key] = value


def _merge_elements(into: list[Any], elements: list[Any]) -> None:
    """Parts of one element are put together: a street and a town of the same address."""
    for element in elements:
        found = next((each for each in into if _are_parts(each, element)), None)
        if found is None:
            into.append(element)
        else:
            found.update(element)


def _are_parts(one: Any, other: Any) -> bool:
    if not (isinstance(one, dict) and isinstance(other, dict) and "type" in one):
        return False
    return one["type"] == other.get("type") and set(one) & set(other) == {"type"}
