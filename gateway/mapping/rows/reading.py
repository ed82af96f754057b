"""From an entry to a SCIM resource: closures that each put one row's value in its place."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connectors.entry import GROUPS, MEMBERS, Entry, Ref
from gateway.mapping.model import SchemaAttribute
from gateway.mapping.rows.bound import BoundRow, Shape, once
from gateway.mapping.rows.coerce import is_empty, shown

Document = dict[str, Any]
Stored = Mapping[str, Any]
Last = Mapping[str, Any] | None
Put = Callable[[Entry, Document, Stored, Last], None]
Fetch = Callable[[Entry, Stored, Last], Any]
"""entry, ledger values, last assertion → the SCIM value of one row, or None"""
Reader = tuple[str | None, Put]
"""What puts a value, and the attribute of the target without which it puts nothing (None: it must be asked)."""
FEW = 8
"""Up to how many values it is faster to look through than to make keys of them."""


def readers(rows: Sequence[BoundRow]) -> list[Reader]:
    """Return what builds a resource, in order: unconditional rows first, since conditions look at what they put."""
    puts: list[Reader] = []
    grouped: set[tuple[str, tuple[tuple[str, Any], ...]]] = set()
    for row in sorted(rows, key=lambda each: each.when is not None):
        if not row.reads:
            continue
        if row.path.selector and row.when is None:
            key = (row.path.top, row.path.selector)
            if key not in grouped:
                grouped.add(key)
                together = [each for each in rows if _belongs(each, key)]
                puts.append((_silent_without(together), _element(together)))
            continue
        put = _conditional(row, _put(row)) if row.when is not None else _put(row)
        puts.append((_silent_without([row]), put))
    return puts


def _silent_without(rows: Sequence[BoundRow]) -> str | None:
    """The one attribute that all there is to read comes from."""
    asked = {row.attr if row.row.store is None and not row.pipeline.reads_absence else None for row in rows}
    return asked.pop() if len(asked) == 1 else None


def referring(rows: Sequence[BoundRow]) -> tuple[tuple[str, str], ...]:
    """Where what is put may hold references: (extension or "", attribute)."""
    named = ((row.path.known.extension or "", row.path.known.head.name) for row in rows if row.row.ref is not None)
    return tuple(dict.fromkeys([("", "members"), ("", "groups"), *named]))


def _belongs(row: BoundRow, key: tuple[str, Any]) -> bool:
    return row.reads and row.when is None and (row.path.top, row.path.selector) == key


def _conditional(row: BoundRow, put: Put) -> Put:
    condition = row.when

    def conditional(entry: Entry, document: Document, stored: Stored, last: Last) -> None:
        if condition is None or condition(document, entry):
            put(entry, document, stored, last)

    return conditional


def _put(row: BoundRow) -> Put:
    if row.path.selector:
        return _element([row])
    if row.shape is Shape.ONE or (row.shape is Shape.WHOLE and not row.path.everything):
        return _single(row)
    return _several(row)


def _fetch(row: BoundRow) -> Fetch:
    """One value of one row."""
    if row.row.direction == "show" and row.attr is None:
        return lambda _entry, _stored, _last: row.row.value
    if row.row.store is not None:
        name = row.name
        return lambda _entry, stored, _last: stored.get(name)
    attr, get = row.attr or "", row.get
    out: Callable[[Any], Any] = row.out
    absent = row.out(None) if row.pipeline.reads_absence else None
    if row.shape is Shape.WHOLE and row.pipeline.whole is not None and row.pipeline.whole.name == "split":
        return lambda entry, _stored, _last: out(values) if (values := entry.attributes.get(attr)) else None
    if row.pipeline.plain and row.row.ref is None and row.facts.type in ("string", "reference"):
        out = _text_of(row.facts)

    def fetch(entry: Entry, _stored: Stored, last: Last) -> Any:
        values = entry.attributes.get(attr)
        if not values:
            return absent
        if len(values) == 1:
            return out(values[0])
        return out(row.chosen(values, None if last is None else get(last)))

    return fetch


def _text_of(facts: SchemaAttribute) -> Callable[[Any], Any]:
    """How a value is shown that no step translates."""
    if facts.type in ("string", "reference"):
        return lambda value: value if type(value) is str else shown(value, facts)
    if facts.type == "boolean":
        return lambda value: value if type(value) is bool else shown(value, facts)
    return lambda value: shown(value, facts)


def _single(row: BoundRow) -> Put:
    if row.row.ref is None and row.attr is not None and row.shape is Shape.ONE and not row.pipeline.reads_absence:
        return _held(row, row.attr)
    return _fetched(row)


def _held(row: BoundRow, attr: str) -> Put:
    """The ordinary row: a value of the target, or nothing."""
    name, extension, get, chosen = row.path.known.head.name, row.path.known.extension, row.get, row.chosen
    part = row.path.known.sub.name if row.path.known.sub else None
    out = row.out if not row.pipeline.plain else _text_of(row.facts)

    def held(entry: Entry, document: Document, _stored: Stored, last: Last) -> None:
        values = entry.attributes.get(attr)
        if not values:
            return
        value = out(values[0] if len(values) == 1 else chosen(values, None if last is None else get(last)))
        if value is None or value == "":
            return
        holder = document
        if extension:
            holder = document.setdefault(extension, {})
        if part is not None:
            holder.setdefault(name, {})[part] = value
        else:
            holder[name] = value

    return held


def _fetched(row: BoundRow) -> Put:
    fetch, name, extension = _fetch(row), row.path.known.head.name, row.path.known.extension
    part = row.path.known.sub.name if row.path.known.sub else None
    attr, ref = row.attr or "", row.row.ref

    def single(entry: Entry, document: Document, stored: Stored, last: Last) -> None:
        value = fetch(entry, stored, last)
        if value is None or value == "":
            return
        holder = document.setdefault(extension, {}) if extension else document
        if part is None:
            holder[name] = value
            return
        whole = holder.setdefault(name, {})
        whole[part] = value
        if ref is not None:
            whole.update(_reference(next(_refs(entry, attr, value), None), ref))

    return single


def _refs(entry: Entry, attr: str, id: str) -> Any:
    return (value for value in entry.attributes.get(attr, ()) if isinstance(value, Ref) and value.id == id)


def _reference(ref: Ref | None, collection: str) -> Document:
    found: Document = {"_ref": (ref.collection if ref else "") or collection}
    if ref is not None and ref.display:
        found["display"] = ref.display
    return found


def _element(rows: Sequence[BoundRow]) -> Put:
    """Rows with one selector make one element; it is there where any of them has a value."""
    path = rows[0].path
    name, extension, fixed = path.known.head.name, path.known.extension, dict(path.selector)
    parts = [(row.path.known.sub.name if row.path.known.sub else None, _fetch(row)) for row in rows]
    silent = {_silent_without([row]) for row in rows}
    attrs = frozenset(attr for attr in silent if attr is not None) if None not in silent else None

    def element(entry: Entry, document: Document, stored: Stored, last: Last) -> None:
        if attrs is not None and attrs.isdisjoint(entry.attributes):
            return
        found: Document = {}
        for part, fetch in parts:
            value = fetch(entry, stored, last)
            if value is None or value == "":
                continue
            if part is None:
                found.update(value if isinstance(value, Mapping) else {})
            else:
                found[part] = value
        if found:
            _extend(document, extension, name, [{**fixed, **found}])

    return element


def _extend(document: Document, extension: str, name: str, new: Sequence[Any]) -> None:
    """Add the values that are not there yet."""
    holder = document.setdefault(extension, {}) if extension else document
    values = holder.setdefault(name, [])
    if len(new) > FEW:
        values[:] = once([*values, *new])
        return
    for value in new:
        if value not in values:
            values.append(value)


def _several(row: BoundRow) -> Put:
    known, ref = row.path.known, row.row.ref
    name, extension, fixed = known.head.name, known.extension, dict(row.row.element or {})
    part = known.sub.name if known.sub else ("value" if ref is not None else None)
    attr, out, stored_as = row.attr or "", row.out, row.name if row.row.store else None
    single = row.shape is Shape.WHOLE
    constant = row.row.value if row.row.direction == "show" and row.attr is None else None

    def several(entry: Entry, document: Document, stored: Stored, last: Last) -> None:
        held: Any = constant if constant is not None else entry.attributes.get(attr, ())
        if stored_as is not None:
            held = stored.get(stored_as) or ()
        elif single:
            held = out(row.chosen(held, None if last is None else row.get(last))) if held else ()
        new = []
        for value in held if isinstance(held, list | tuple) else (held,):
            found = value if single or stored_as is not None or constant is not None else out(value)
            if is_empty(found):
                continue
            if part is None:
                new.append(_kept(found))
            elif ref is not None:
                new.append({**fixed, part: found, **_reference(value, ref)})
            else:
                new.append({**fixed, part: found})
        if new:
            _extend(document, extension, name, new)

    return several


def _kept(value: Any) -> Any:
    return {key: inner for key, inner in value.items() if inner is not None} if isinstance(value, Mapping) else value


def put_members(entry: Entry, document: Document, _stored: Stored, _last: Last) -> None:
    """``@members`` of a group, where the entry was read with them."""
    members = entry.attributes.get(MEMBERS)
    if members:
        document["members"] = [
            {"value": ref.id, **({"display": ref.display} if ref.display else {}), "type": ref.collection or "User",
             "_ref": ref.collection or "User"}
            for ref in members
            if isinstance(ref, Ref)
        ]  # fmt: skip


def put_groups(entry: Entry, document: Document, _stored: Stored, _last: Last) -> None:
    """``@groups`` of an entry, where it was read with them: its direct groups."""
    groups = entry.attributes.get(GROUPS)
    if groups:
        document["groups"] = [
            {"value": ref.id, **({"display": ref.display} if ref.display else {}), "type": "direct",
             "_ref": ref.collection or "Group"}
            for ref in groups
            if isinstance(ref, Ref)
        ]  # fmt: skip
