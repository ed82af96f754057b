"""People in one JSON file. Every verb reads the file; a write replaces it whole, so that a crash leaves the old one."""

import asyncio
import json
import os
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from connectors.contract import Capabilities, CollectionSpec, Finding, Page, Query
from connectors.entry import ID, MEMBERS, Attributes, Change, Entry, Kind
from connectors.errors import AlreadyExists, Conflict, NotFound, Unavailable, Unsupported
from connectors.filters import AnyOf, Leaf, Operator, Present, Verdict
from connectors.matching import comparable, matches

T = TypeVar("T")
Rows = dict[str, dict[str, Any]]
"""id → ``{"version": 1, "attributes": {"login": ["ann"]}}``"""


class JsonFileConnector:
    """One file; each collection is a key of its outermost object."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = threading.Lock()

    @classmethod
    def from_options(cls, name: str, options: Mapping[str, Any]) -> "JsonFileConnector":
        """Build from ``path``. :raises ValueError: a key is missing or unknown."""
        mistakes = [f"unknown key '{key}'; the only one is 'path'" for key in options if key != "path"]
        if "path" not in options:
            mistakes.append(f"target '{name}': 'path' is missing; it names the JSON file")
        if mistakes:
            raise ValueError("\n".join(mistakes))
        return cls(Path(options["path"]))

    def collections(self, specs: Mapping[str, CollectionSpec]) -> "dict[str, JsonFileCollection]":
        """Open the collections; the file is not touched."""
        return {name: JsonFileCollection(spec, self) for name, spec in specs.items()}

    async def check(self, specs: Mapping[str, CollectionSpec]) -> Sequence[Finding]:
        """See whether the file can be read."""
        await self.run(next(iter(specs)), lambda rows: len(rows), write=False)
        return [
            Finding("error", "a JSON file of this kind keeps no members", name, "members")
            for name, spec in specs.items()
            if spec.members is not None
        ]

    async def close(self) -> None:
        """Nothing is held open."""

    async def run(self, collection: str, job: Callable[[Rows], T], *, write: bool) -> T:
        """Run ``job`` on the rows of one collection, in a thread, one at a time. :raises Unavailable: no such file."""
        return await asyncio.to_thread(self._locked, collection, job, write)

    def _locked(self, collection: str, job: Callable[[Rows], T], write: bool) -> T:
        # A lock of threads, not of the event loop: a cancelled verb's thread goes on, and the next must wait for it.
        with self.lock:
            return self._run(collection, job, write)

    def _run(self, collection: str, job: Callable[[Rows], T], write: bool) -> T:
        try:
            if not self.path.parent.is_dir():
                raise Unavailable("the folder of the file is not there")
            everything = json.loads(self.path.read_text()) if self.path.exists() else {}
            result = job(everything.setdefault(collection, {}))
            if write:
                fresh = self.path.with_name(f"{self.path.name}.{uuid.uuid4().hex}")
                fresh.write_text(json.dumps(everything, indent=1))
                os.replace(fresh, self.path)
        except (OSError, ValueError) as error:
            raise Unavailable("the file cannot be read or written") from error
        return result


class JsonFileCollection:
    """See ``connectors.contract.Collection``."""

    capabilities = Capabilities(
        sorting=True, counting=True, versions=True, atomic=True, multivalued=True, generates_id=False
    )

    def __init__(self, spec: CollectionSpec, connector: JsonFileConnector) -> None:
        self.spec = spec
        self._connector = connector

    def judge(self, leaf: Leaf) -> Verdict:
        """Python decides, and decides exactly."""
        if leaf.attribute not in self.spec.attributes - self.spec.secrets | {ID}:
            return Verdict.UNSUPPORTED
        if isinstance(leaf, Present | AnyOf) or leaf.operator is Operator.EQ or isinstance(leaf.value, str):
            return Verdict.EXACT
        return Verdict.UNSUPPORTED  # an order of booleans or numbers nobody needs here

    async def create(self, attributes: Attributes, id: str | None = None) -> Entry:
        """Add a row."""
        made = id or str(uuid.uuid4())

        def job(rows: Rows) -> Entry:
            if made in rows:
                raise AlreadyExists("there is an entry with this id", attribute=self.spec.anchor)
            rows[made] = {
                "version": 1,
                "attributes": {name: list(values) for name, values in attributes.items() if values},
            }
            return self._entry(made, rows[made], None)

        return await self._connector.run(self.spec.name, job, write=True)

    async def read(self, id: str, attributes: frozenset[str] | None = None) -> Entry:
        """Read a row."""
        return await self._run(lambda rows: self._entry(id, _find(rows, id, None), attributes))

    async def update(self, id: str, changes: Sequence[Change], expected: str | None = None) -> Entry | None:
        """Change a row: the file is replaced whole, so it is all or nothing."""

        def job(rows: Rows) -> Entry:
            row = _find(rows, id, expected)
            before = json.dumps(row["attributes"], sort_keys=True)
            for change in changes:
                _apply(row["attributes"], change)
            row["version"] += json.dumps(row["attributes"], sort_keys=True) != before
            return self._entry(id, row, None)

        return await self._connector.run(self.spec.name, job, write=True)

    async def delete(self, id: str, expected: str | None = None) -> None:
        """Remove a row."""

        def job(rows: Rows) -> None:
            _find(rows, id, expected)
            del rows[id]

        await self._connector.run(self.spec.name, job, write=True)

    async def search(self, query: Query) -> Page:
        """Filter, sort and cut in Python."""
        return await self._run(lambda rows: self._search(rows, query))

    async def _run(self, job: Callable[[Rows], T]) -> T:
        return await self._connector.run(self.spec.name, job, write=False)

    def _search(self, rows: Rows, query: Query) -> Page:
        asked = rows.keys() if query.ids is None else rows.keys() & set(query.ids)
        found = [
            ([*self._sort_key(id, rows[id], query)], id)
            for id in sorted(asked)
            if query.filter is None
            or matches(query.filter, lambda name, id=id: self._values(id, rows[id], name), self._type)  # type: ignore[misc]
        ]
        found.sort(key=lambda pair: pair[0], reverse=query.descending)
        total = len(found)
        if query.cursor is not None:
            found = _after(found, query)
        found = found[query.offset :]
        page = found if query.limit is None else found[: query.limit]
        cursor = json.dumps(page[-1]) if page and len(page) < len(found) else None
        return Page(tuple(self._entry(id, rows[id], query.attributes) for _, id in page), total, cursor)

    def _sort_key(self, id: str, row: dict[str, Any], query: Query) -> tuple[bool, str, Any]:
        if query.sort_by is None:
            return (False, "", id)
        values = self._values(id, row, query.sort_by)
        if not values:
            return (True, "", "")
        kind, key = comparable(values[0], query.sort_exact, self._type(query.sort_by))
        return (False, kind, key if isinstance(key, str | int | float) else str(key))

    def _type(self, attribute: str) -> str:
        return self.spec.types.get(attribute, "string")

    def _values(self, id: str, row: dict[str, Any], name: str) -> tuple[Any, ...]:
        return (id,) if name in (ID, self.spec.anchor) else tuple(row["attributes"].get(name, ()))

    def _entry(self, id: str, row: dict[str, Any], attributes: frozenset[str] | None) -> Entry:
        wanted = (self.spec.attributes if attributes is None else attributes) - self.spec.secrets
        shown = {name: values for name in wanted if (values := self._values(id, row, name))}
        return Entry(id, shown, str(row["version"]), f"{self.spec.name}/{id}")


def _find(rows: Rows, id: str, expected: str | None) -> dict[str, Any]:
    if id not in rows:
        raise NotFound("there is no entry with this id")
    if expected is not None and expected != str(rows[id]["version"]):
        raise Conflict("the entry has changed since it was read")
    return rows[id]


def _apply(attributes: dict[str, list[Any]], change: Change) -> None:
    if change.attribute == MEMBERS:
        raise Unsupported("a JSON file of this kind keeps no members", attribute=MEMBERS)
    held = attributes.pop(change.attribute, [])
    if change.kind is Kind.REPLACE:
        held = list(change.values)
    elif change.kind is Kind.ADD:
        held = [*held, *(value for value in change.values if value not in held)]
    else:
        held = [value for value in held if value not in change.values]
    if held:
        attributes[change.attribute] = held


def _after(found: list[tuple[list[Any], str]], query: Query) -> list[tuple[list[Any], str]]:
    """Drop what the pages before have shown: everything up to the sort key and id that the cursor carries."""
    try:
        key, last = json.loads(query.cursor or "")
    except (ValueError, TypeError) as error:
        raise Unsupported("this is no cursor of this collection") from error
    if not isinstance(key, list) or len(key) != 3:
        raise Unsupported("this is no cursor of this collection")
    if query.descending:
        return [pair for pair in found if pair[0] < key or (pair[0] == key and pair[1] > last)]
    return [pair for pair in found if pair[0] > key or (pair[0] == key and pair[1] > last)]
