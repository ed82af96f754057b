"""Insert, update and delete: each one transaction, and each only what really changes."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from connectors.contract import Reference
from connectors.entry import GROUPS, MEMBERS, PARENT, Attributes, Change, Entry, Kind, Ref, Value
from connectors.errors import Conflict, InvalidValue, NotFound, Unsupported
from connectors.sql import children, texts
from connectors.sql.belonging import bumped, change_members, forget, refs_of, require
from connectors.sql.codecs import Unfit, encode_id
from connectors.sql.reading import Layouts, Wanted, columns_of, entries_of, one_row, version_of, wanted_of
from connectors.sql.tables import Layout

Row = sa.RowMapping


def create(connection: sa.Connection, layouts: Layouts, name: str, attributes: Attributes, id: str | None) -> Entry:
    """Insert a row and what hangs on it. See ``Collection.create``."""
    layout = layouts[name]
    spec = layout.options.spec
    values = _columns(connection, layouts, layout, {key: each for key, each in attributes.items() if each})
    if spec.generate is not None or id is not None:
        values[spec.anchor] = _encode(layout, spec.anchor, id or str(uuid.uuid4()))
    if bumped(layout) and spec.version is not None:
        values.setdefault(spec.version, 1)
    values |= _moments(layout, layout.options.created, layout.options.modified)
    wanted = wanted_of(layout, None)
    row = _inserted(connection, layout, wanted, values)
    made = str(layout.anchor_codec.decode(row[spec.anchor]))
    for attribute in layout.children:
        if attributes.get(attribute):
            children.write(connection, layout, attribute, made, attributes[attribute])
    if attributes.get(MEMBERS):
        change_members(connection, layouts, name, made, [Change(Kind.ADD, MEMBERS, tuple(attributes[MEMBERS]))])
    return entries_of(connection, layouts, name, wanted, [row])[0]


def _inserted(connection: sa.Connection, layout: Layout, wanted: Wanted, values: Mapping[str, Any]) -> Row:
    """Insert a row and return it as it then stands, in one statement where the database can."""
    statement = sa.insert(layout.rows.table).values(values)
    if connection.dialect.insert_returning:
        return connection.execute(statement.returning(*columns_of(layout, wanted))).mappings().one()
    made = connection.execute(statement)
    key = values.get(layout.options.spec.anchor, made.lastrowid)
    return connection.execute(one_row(layout, wanted), {"anchor": key}).mappings().one()


def update(
    connection: sa.Connection, layouts: Layouts, name: str, id: str, changes: Sequence[Change], expected: str | None
) -> Entry | None:
    """Apply the changes to one row and what hangs on it. See ``Collection.update``."""
    layout = layouts[name]
    members = [change for change in changes if change.attribute == MEMBERS]
    others = [change for change in changes if change.attribute != MEMBERS]
    wanted = _for_update(layout, others)
    row = _locked(connection, layout, id, wanted, expected)
    values, lists = _difference(connection, layouts, name, row, others)
    for attribute, elements in lists.items():
        children.write(connection, layout, attribute, id, elements)
    joined = change_members(connection, layouts, name, id, members) if members else False
    if values or lists or joined:
        _write(connection, layout, row, values)
    if changes and not others:
        return None
    return read(connection, layouts, name, id, None)


def read(connection: sa.Connection, layouts: Layouts, name: str, id: str, attributes: frozenset[str] | None) -> Entry:
    """Read one entry. :raises NotFound:"""
    layout = layouts[name]
    wanted = wanted_of(layout, attributes)
    row = connection.execute(one_row(layout, wanted), {"anchor": _anchor(layout, id)}).mappings().first()
    if row is None:
        raise _not_found(name)
    return entries_of(connection, layouts, name, wanted, [row])[0]


def delete(connection: sa.Connection, layouts: Layouts, name: str, id: str, expected: str | None) -> None:
    """Delete one row and whatever would dangle. See ``Collection.delete``."""
    layout = layouts[name]
    row = _locked(connection, layout, id, wanted_of(layout, frozenset()), expected, whole=True)
    forget(connection, layouts, name, id)
    for attribute in layout.children:
        children.write(connection, layout, attribute, id, ())
    connection.execute(sa.delete(layout.rows.table).where(_is(layout, row)))


def _for_update(layout: Layout, changes: Sequence[Change]) -> Wanted:
    """What must be known of the row before the changes can be judged: the attributes they name, secrets included."""
    named = {change.attribute for change in changes}
    columns = tuple(sorted(name for name in named if name in layout.rows.codecs))
    return Wanted(columns, (), tuple(sorted(named & layout.children.keys())), members=False, groups=False)


def _locked(
    connection: sa.Connection, layout: Layout, id: str, wanted: Wanted, expected: str | None, *, whole: bool = False
) -> Row:
    """Take the row for this transaction and hold it against ``expected``."""
    statement = one_row(layout, wanted)
    if connection.dialect.name != "sqlite":
        statement = statement.with_for_update(key_share=not whole)
    row = connection.execute(statement, {"anchor": _anchor(layout, id)}).mappings().first()
    if row is None:
        raise _not_found(layout.options.spec.name)
    if expected is not None:
        if layout.options.spec.version is None:
            raise Unsupported("the mapping names no version column")
        if version_of(layout, row) != expected:
            raise Conflict("the row has changed since it was read")
    return row


def _difference(
    connection: sa.Connection, layouts: Layouts, name: str, row: Row, changes: Sequence[Change]
) -> tuple[dict[str, Any], dict[str, tuple[Value, ...]]]:
    """Compare what the changes ask for with the row as it is: columns to write, element lists to write."""
    layout = layouts[name]
    columns: dict[str, tuple[Value, ...]] = {}
    held = _elements(connection, layouts, name, row, changes)
    lists = dict(held)
    for change in changes:
        attribute = change.attribute
        if attribute in layout.children:
            lists[attribute] = children.after(lists.get(attribute, ()), change)
        else:
            columns[attribute] = _after(layout, row, columns.get(attribute), change)
    encoded = _columns(connection, layouts, layout, columns)
    return (
        {key: value for key, value in encoded.items() if value != row[key]},
        {key: value for key, value in lists.items() if value != held.get(key, ())},
    )


def _elements(
    connection: sa.Connection, layouts: Layouts, name: str, row: Row, changes: Iterable[Change]
) -> dict[str, tuple[Value, ...]]:
    """Read the element lists that the changes name, as they are."""
    layout = layouts[name]
    wanted = Wanted((), (), _for_update(layout, list(changes)).children, members=False, groups=False)
    if not wanted.children:
        return {}
    return dict(entries_of(connection, layouts, name, wanted, [row])[0].attributes)


def _after(layout: Layout, row: Row, pending: tuple[Value, ...] | None, change: Change) -> tuple[Value, ...]:
    """What a column should hold after a change; a column has one value, so adding another takes its place."""
    if change.kind is not Kind.REMOVE:
        return tuple(change.values) if change.values or change.kind is Kind.REPLACE else (pending or ())
    if pending is not None:
        return tuple(value for value in pending if value not in change.values)
    raw = row.get(change.attribute)
    if raw is None:
        return ()
    removed = [_encode(layout, change.attribute, value) for value in change.values]
    return () if raw in removed else (layout.rows.codecs[change.attribute].decode(raw),)


def _columns(
    connection: sa.Connection, layouts: Layouts, layout: Layout, attributes: Mapping[str, tuple[Value, ...]]
) -> dict[str, Any]:
    """Encode attributes as columns. :raises InvalidValue, UnknownReference, Unsupported:"""
    found: dict[str, Any] = {}
    for attribute, values in attributes.items():
        if attribute in layout.children or attribute in {PARENT, MEMBERS}:
            continue
        if attribute == GROUPS:
            raise Unsupported("groups are changed through their members", attribute=GROUPS)
        if len(values) > 1:
            raise InvalidValue(f"the column '{attribute}' takes one value", attribute=attribute)
        value = values[0] if values else None
        reference = layout.options.spec.references.get(attribute)
        if isinstance(value, Ref) and reference is not None:
            _refer(connection, layouts, reference, attribute, value)
        found[attribute] = None if value is None else _encode(layout, attribute, value)
    return found


def _refer(connection: sa.Connection, layouts: Layouts, reference: Reference, attribute: str, ref: Ref) -> None:
    require(connection, layouts, reference, attribute, [each.id for each in refs_of([ref])])


def _encode(layout: Layout, attribute: str, value: Value) -> Any:
    layout.rows.column(attribute)
    try:
        codec = layout.rows.codecs[attribute]
        return codec.keep(codec.encode(value))
    except Unfit as error:
        raise InvalidValue(f"the value of '{attribute}' is {error}", attribute=attribute) from error


def _write(connection: sa.Connection, layout: Layout, row: Row, values: Mapping[str, Any]) -> None:
    """Update the row, its version and its time of change; the version read before is part of the condition."""
    spec = layout.options.spec
    changed = {**values, **bumped(layout), **_moments(layout, layout.options.modified)}
    if not changed:
        return
    condition = _is(layout, row)
    if spec.version is not None:
        column = layout.rows.column(spec.version)
        condition = sa.and_(condition, column.is_not_distinct_from(row[spec.version]))
    if connection.execute(sa.update(layout.rows.table).where(condition).values(changed)).rowcount != 1:
        raise Conflict("the row has changed since it was read")


def _is(layout: Layout, row: Row) -> sa.ColumnElement[bool]:
    return texts.same(layout.anchor, sa.literal(row[layout.anchor.name], layout.anchor.type), layout.dialect)


def _moments(layout: Layout, *names: str | None) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    codecs = {name: layout.rows.codecs[name] for name in names if name is not None}
    return {name: codec.keep(codec.encode(now)) for name, codec in codecs.items()}


def _anchor(layout: Layout, id: str) -> Any:
    try:
        return encode_id(layout.anchor_codec, id)
    except Unfit as error:
        raise _not_found(layout.options.spec.name) from error


def _not_found(name: str) -> NotFound:
    return NotFound(f"there is no {name} with this id")
