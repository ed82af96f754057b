"""A backend in this process: the whole contract on Python dictionaries, for tests, trials and rehearsals.

Options of ``[target.NAME]``: ``unique`` and ``required`` (attributes, wherever a collection has them); of a section:
``unique = ["email"]`` (case-folded), ``required = ["name"]``, ``created`` and ``modified`` (attributes that take the
time of creation and of the last real change). Every ``collections()`` of one connector shares its entries by
collection name; nothing outlives the connector.
"""

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from connectors.contract import Capabilities, CollectionSpec, Finding, Page, Query
from connectors.entry import GROUPS, ID, MEMBERS, PARENT, Attributes, Change, Entry, Kind, Ref, Value
from connectors.errors import AlreadyExists, Conflict, InvalidValue, NotFound, UnknownReference, Unsupported
from connectors.filters import AnyOf, Leaf, Operator, Present, Verdict
from connectors.matching import TEXT_ONLY, comparable, matches

Held = dict[str, tuple[Value, ...]]


@dataclass(slots=True)
class Record:
    """One entry as it is held: attributes (secrets, ``@parent`` and ``@members`` included) and a change counter."""

    attributes: Held = field(default_factory=dict)
    version: int = 1


Store = dict[str, dict[str, Record]]


class MemoryConnector:
    """Entries in dictionaries. ``store`` is open to tests that want to look or to change behind the gateway's back."""

    def __init__(self, name: str = "memory", *, unique: Sequence[str] = (), required: Sequence[str] = ()) -> None:
        self.name = name
        self.unique = tuple(unique)
        self.required = tuple(required)
        self.store: Store = {}

    @classmethod
    def from_options(cls, name: str, options: Mapping[str, Any]) -> "MemoryConnector":
        """See ``Connector.from_options``; keys: ``unique``, ``required``."""
        unknown = sorted(set(options) - {"unique", "required"})
        if unknown:
            raise ValueError("\n".join(f"unknown key '{key}'; known are 'required' and 'unique'" for key in unknown))
        return cls(name, unique=options.get("unique", ()), required=options.get("required", ()))

    def collections(self, specs: Mapping[str, CollectionSpec]) -> "dict[str, MemoryCollection]":
        """See ``Connector.collections``."""
        return {name: MemoryCollection(spec, specs, self) for name, spec in specs.items()}

    async def check(self, specs: Mapping[str, CollectionSpec]) -> Sequence[Finding]:
        """See ``Connector.check``: ``unique`` and ``required`` must name what the mapping knows."""
        return [
            Finding("error", f"'{attribute}' is no attribute of this mapping", name, key)
            for name, spec in specs.items()
            for key in ("unique", "required")
            for attribute in spec.options.get(key, ())
            if attribute not in spec.attributes
        ]

    async def close(self) -> None:
        """There is nothing to release."""


class MemoryCollection:
    """See ``Collection``. No verb awaits, so each is atomic within its event loop."""

    def __init__(self, spec: CollectionSpec, specs: Mapping[str, CollectionSpec], connector: MemoryConnector) -> None:
        self.spec = spec
        self.capabilities = Capabilities(
            sorting=True, counting=True, versions=True, atomic=True, placed=True, multivalued=True, generates_id=False
        )
        self._store = connector.store
        self._records = connector.store.setdefault(spec.name, {})
        self._groups = [
            each for each in specs.values() if MEMBERS in each.references and self._may_hold(each.references[MEMBERS])
        ]
        self._unique = spec.attributes & {*connector.unique, *spec.options.get("unique", ())}
        self._required = spec.attributes & {*connector.required, *spec.options.get("required", ())}

    def _may_hold(self, reference: Any) -> bool:
        return self.spec.name in reference.collections

    def judge(self, leaf: Leaf) -> Verdict:
        """Everything that has a meaning is exact; what the mapping does not know is unsupported."""
        known = self.spec.attributes - self.spec.secrets | {ID, MEMBERS, GROUPS, PARENT, self.spec.anchor}
        if leaf.attribute not in known and leaf.attribute.split(".")[0] not in self.spec.children:
            return Verdict.UNSUPPORTED
        if isinstance(leaf, Present | AnyOf) or leaf.operator is Operator.EQ:
            return Verdict.EXACT
        if leaf.attribute in {MEMBERS, GROUPS} or isinstance(leaf.value, bool | bytes | Ref | Mapping):
            return Verdict.UNSUPPORTED
        text = isinstance(leaf.value, str) and self.spec.types.get(leaf.attribute) != "dateTime"
        if leaf.operator in TEXT_ONLY and not text:
            return Verdict.UNSUPPORTED
        return Verdict.EXACT

    async def create(self, attributes: Attributes, id: str | None = None) -> Entry:
        """See ``Collection.create``."""
        id = id or str(uuid.uuid4())
        if id in self._records:
            raise AlreadyExists(f"there is a {self.spec.name} with this id", attribute=self.spec.anchor)
        if GROUPS in attributes:
            raise Unsupported("groups are changed through their members", attribute=GROUPS)
        record = Record({name: tuple(values) for name, values in attributes.items() if values})
        self._admit(id, record, record.attributes)
        now = (datetime.now(UTC).isoformat(timespec="microseconds"),)
        for key in ("created", "modified"):
            if key in self.spec.options:
                record.attributes[self.spec.options[key]] = now
        self._records[id] = record
        return self._entry(id, record, None)

    async def read(self, id: str, attributes: frozenset[str] | None = None) -> Entry:
        """See ``Collection.read``."""
        return self._entry(id, self._find(id), attributes)

    async def search(self, query: Query) -> Page:
        """See ``Collection.search``."""
        wanted = None if query.ids is None else set(query.ids)
        found = [
            (self._sort_key(id, record, query), id)
            for id, record in self._records.items()
            if (wanted is None or id in wanted) and self._matches(id, record, query)
        ]
        found.sort(key=lambda pair: pair[1])
        found.sort(key=lambda pair: pair[0], reverse=query.descending)
        total = len(found) if query.count else None
        if query.cursor is not None:
            found = _after(found, query)
        found = found[query.offset :]
        page = found if query.limit is None else found[: query.limit]
        more = len(found) > len(page) and page
        return Page(
            tuple(self._entry(id, self._records[id], query.attributes) for _, id in page),
            total,
            json.dumps(page[-1]) if more else None,
        )

    async def update(self, id: str, changes: Sequence[Change], expected: str | None = None) -> Entry | None:
        """See ``Collection.update``."""
        record = self._find(id)
        _at_version(record, expected)
        after = dict(record.attributes)
        for change in changes:
            self._apply(after, change)
        touched = {name: values for name, values in after.items() if values != record.attributes.get(name)}
        if touched or after.keys() != record.attributes.keys():
            self._admit(id, Record(after), touched)
            if "modified" in self.spec.options:
                after[self.spec.options["modified"]] = (datetime.now(UTC).isoformat(timespec="microseconds"),)
            record.attributes = after
            record.version += 1
        if changes and all(change.attribute == MEMBERS for change in changes):
            return None
        return self._entry(id, record, None)

    async def delete(self, id: str, expected: str | None = None) -> None:
        """See ``Collection.delete``; references to the entry go with it."""
        _at_version(self._find(id), expected)
        del self._records[id]
        for record in (each for records in self._store.values() for each in records.values()):
            for name, values in list(record.attributes.items()):
                kept = tuple(value for value in values if not (isinstance(value, Ref) and value.id == id))
                if len(kept) != len(values):
                    record.version += 1
                    _put(record.attributes, name, kept)

    def _find(self, id: str) -> Record:
        record = self._records.get(id)
        if record is None:
            raise NotFound(f"there is no {self.spec.name} with this id")
        return record

    def _apply(self, attributes: Held, change: Change) -> None:
        held = attributes.get(change.attribute, ())
        if change.attribute == GROUPS:
            raise Unsupported("groups are changed through their members", attribute=GROUPS)
        if change.kind is Kind.REPLACE:
            if change.attribute == MEMBERS:
                raise Unsupported("members are changed by adding and removing", attribute=MEMBERS)
            _put(attributes, change.attribute, tuple(change.values))
        elif change.kind is Kind.ADD:
            _put(attributes, change.attribute, (*held, *(value for value in change.values if value not in held)))
        else:
            _put(attributes, change.attribute, tuple(value for value in held if value not in change.values))

    def _admit(self, id: str, record: Record, touched: Mapping[str, tuple[Value, ...]]) -> None:
        """Hold a new state against references, ``required`` and ``unique`` before any of it is applied."""
        for name in self._required:
            if not record.attributes.get(name):
                raise InvalidValue(f"'{name}' must have a value", attribute=name)
        for name, values in touched.items():
            self._known_references(name, values)
        for name in self._unique:
            taken = {comparable(value, False) for value in touched.get(name, ())}
            for other, held in self._records.items():
                if other != id and any(comparable(value, False) in taken for value in held.attributes.get(name, ())):
                    raise AlreadyExists(f"another {self.spec.name} has this '{name}'", attribute=name)

    def _known_references(self, name: str, values: Iterable[Value]) -> None:
        reference = self.spec.references.get(name)
        if reference is None:
            return
        missing = [
            value.id
            for value in values
            if isinstance(value, Ref)
            and not any(value.id in self._store.get(each, {}) for each in reference.collections)
        ]
        if missing:
            raise UnknownReference(f"'{name}' names what does not exist", attribute=name, values=missing)

    def _entry(self, id: str, record: Record, attributes: frozenset[str] | None) -> Entry:
        wanted = (self.spec.attributes if attributes is None else attributes) - self.spec.secrets
        shown = {name: values for name in wanted if (values := self._values(id, record, name))}
        return Entry(id, shown, str(record.version), f"{self.spec.name}/{id}")

    def _values(self, id: str, record: Record, name: str) -> tuple[Value, ...]:
        if name in (ID, self.spec.anchor):
            return (id,)
        if name == GROUPS:
            return tuple(self._group_refs(id))
        held = record.attributes.get(name)
        if held is None:
            whole, dot, part = name.partition(".")
            elements = record.attributes.get(whole, ()) if dot else ()
            return tuple(each[part] for each in elements if isinstance(each, Mapping) and part in each)
        if name in self.spec.references:
            return tuple(self._labelled(name, value) if isinstance(value, Ref) else value for value in held)
        return held

    def _labelled(self, name: str, ref: Ref) -> Ref:
        reference = self.spec.references[name]
        for collection in reference.collections:
            record = self._store.get(collection, {}).get(ref.id)
            if record is not None:
                return Ref(ref.id, collection, _label(record, reference.display.get(collection, ())))
        return ref

    def _group_refs(self, id: str) -> Iterable[Ref]:
        display = self.spec.references[GROUPS].display if GROUPS in self.spec.references else {}
        for group in self._groups:
            for group_id, record in sorted(self._store.get(group.name, {}).items()):
                if Ref(id) in record.attributes.get(MEMBERS, ()):
                    yield Ref(group_id, group.name, _label(record, display.get(group.name, ())))

    def _matches(self, id: str, record: Record, query: Query) -> bool:
        if query.filter is None:
            return True
        types = self.spec.types
        return matches(
            query.filter, lambda name: self._values(id, record, name), lambda name: types.get(name, "string")
        )

    def _sort_key(self, id: str, record: Record, query: Query) -> tuple[bool, str, Any]:
        if query.sort_by is None:
            return (False, "", id)
        type_ = self.spec.types.get(query.sort_by, "string")
        keys = sorted(comparable(value, query.sort_exact, type_) for value in self._values(id, record, query.sort_by))
        if not keys:
            return (True, "", "")
        kind, key = keys[0]
        return (False, kind, key.isoformat() if isinstance(key, datetime) else key)


def _label(record: Record, names: Iterable[str]) -> str | None:
    """The first of the attributes that has a value, as text."""
    held = (str(values[0]) for name in names if (values := record.attributes.get(name)))
    return next(filter(None, held), None)


def _put(attributes: Held, name: str, values: tuple[Value, ...]) -> None:
    if values:
        attributes[name] = values
    else:
        attributes.pop(name, None)


def _at_version(record: Record, expected: str | None) -> None:
    if expected is not None and expected != str(record.version):
        raise Conflict("the entry has changed since it was read")


def _after(found: list[tuple[Any, str]], query: Query) -> list[tuple[Any, str]]:
    """Drop what a walk by cursor has shown: everything up to the position (sort key, id) it carries."""
    try:
        key, id = json.loads(query.cursor or "")
        last = tuple(key)
    except (ValueError, TypeError) as error:
        raise Unsupported("this is no cursor of this collection") from error
    if query.descending:
        return [pair for pair in found if pair[0] < last or (pair[0] == last and pair[1] > id)]
    return [pair for pair in found if pair[0] > last or (pair[0] == last and pair[1] > id)]
