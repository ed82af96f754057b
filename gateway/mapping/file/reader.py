"""Reads tables of a document against the known keys, and collects everything that is wrong with their form."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from gateway.mapping.errors import Message, listed, suggest
from gateway.mapping.file.document import Document
from gateway.mapping.file.faults import Report, hidden
from gateway.mapping.file.keys import Key, Keys
from gateway.mapping.file.positions import Path
from gateway.mapping.model import Place

_SAID = {
    "text": "text",
    "flag": "true or false",
    "integer": "a whole number",
    "scalar": "text, a number, or true or false",
    "any": "anything",
    "table": "a table",
    "texts": "text, or an array of texts",
    "tables": "a table, or an array of tables",
    "integers": "a whole number, or an array of them",
    "steps": 'an array of steps, as in ["trim", "lower"]',
    "document": "a table, or JSON in a string",
}


@dataclass(frozen=True, slots=True)
class Node:
    """One value of a document, where it stands, and where its troubles go to."""

    document: Document
    path: Path
    value: Any
    report: Report

    @property
    def place(self) -> Place:
        return self.document.place(self.path)

    def at(self, key: str | int) -> "Node":
        """Return the value under ``key``, which is there."""
        return Node(self.document, (*self.path, key), self.value[key], self.report)

    def complain(self, text: str) -> None:
        self.report.messages.append(Message(self.place, text))
        self.report.faults.add(self.path)

    def lack(self, keys: Sequence[str], text: str) -> None:
        """Report that keys of this table are missing."""
        self.report.messages.append(Message(self.place, text))
        self.report.faults.update((*self.path, key) for key in keys)

    def hides(self, *path: str | int) -> bool:
        """Whether a mistake, already reported, may be what stands there or was meant to."""
        return hidden(self.report.faults, self.report.strays, *self.path, *path)

    def items(self) -> Iterator[tuple[str, "Node"]]:
        """Yield the pairs of a table; a value that is no table is reported and has none."""
        if not isinstance(self.value, dict):
            self.complain("must be a table")
            return
        for key in self.value:
            yield key, self.at(key)

    def each(self) -> Iterator["Node"]:
        """Yield the elements of an array; a single value is its own only element."""
        if not isinstance(self.value, list):
            yield self
            return
        for index in range(len(self.value)):
            yield self.at(index)

    def accept(self, keys: Keys, options: Keys | None = None) -> dict[str, "Node"]:
        """Return the known pairs whose values have the right form; report all others.

        :param options: further keys, or an empty table for none; None lets every other key pass.
        """
        known = {**keys, **(options or {})}
        accepted: dict[str, Node] = {}
        for key, node in self.items():
            if key not in known:
                if options is not None:
                    self._unknown(key, node, known)
            elif node.fits(known[key]):
                accepted[key] = node
        if isinstance(self.value, dict):
            needed = [key for key, meant in known.items() if meant.required and key not in self.value]
            missing = [key for key in needed if not self.hides(key)]
            if missing:
                self.lack(missing, f"{listed(missing)} {'is' if len(missing) == 1 else 'are'} missing")
        return accepted

    def _unknown(self, key: str, node: "Node", known: Mapping[str, Key]) -> None:
        hint = suggest(key, (name for name, meant in known.items() if not meant.later))
        node.complain(f"unknown key {key!r}{hint}")
        self.report.strays.add(node.path)

    def fits(self, key: Key) -> bool:
        """Say whether the value is of a kind that ``key`` takes; report it if not."""
        if key.later:
            self.complain("this version does not enforce it, so it is refused rather than silently accepted")
            return False
        if not any(_is(kind, self.value) for kind in key.kinds):
            meant = listed(key.choices, "or") if key.choices else ", or ".join(_SAID[kind] for kind in key.kinds)
            self.complain(f"must be {meant}")
            return False
        if key.choices and self.value not in key.choices:
            hint = suggest(str(self.value), key.choices) if len(key.choices) > 1 else ""
            self.complain(f"must be {listed(key.choices, 'or')}, not {self.value!r}{hint}")
            return False
        return "document" not in key.kinds or self._is_json()

    def _is_json(self) -> bool:
        if isinstance(self.value, str):
            try:
                loaded = orjson.loads(self.value)
            except orjson.JSONDecodeError as error:
                self.complain(f"is not JSON: {error}")
                return False
            if not isinstance(loaded, dict):
                self.complain("must be a JSON object")
                return False
        return True


def _is(kind: str, value: Any) -> bool:
    match kind:
        case "text":
            return isinstance(value, str)
        case "flag":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "scalar":
            return isinstance(value, str | int | float | bool)
        case "table":
            return isinstance(value, dict)
        case "document":
            return isinstance(value, dict | str)
        case "texts":
            return isinstance(value, str) or _all(value, str)
        case "tables":
            return isinstance(value, dict) or _all(value, dict)
        case "integers":
            return all(type(each) is int for each in (value if isinstance(value, list) else [value]))
        case "steps":
            return _all(value, str | dict)
    return True


def _all(value: Any, kind: Any) -> bool:
    return isinstance(value, list) and all(isinstance(element, kind) for element in value)


def texts(node: Node | None) -> tuple[str, ...]:
    """Return one text or an array of them as a tuple; nothing for nothing."""
    if node is None:
        return ()
    return (node.value,) if isinstance(node.value, str) else tuple(node.value)


def json_table(node: Node | None) -> Mapping[str, Any] | None:
    """Return a table that was written as one, or as JSON in a string."""
    if node is None:
        return None
    if isinstance(node.value, str):
        loaded: Mapping[str, Any] = orjson.loads(node.value)
        return loaded
    table: Mapping[str, Any] = node.value
    return table
