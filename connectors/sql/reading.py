"""Rows become entries. What is not a column of the row (members, groups, child rows, labels of references) is read
for a whole page at a time: one query each, whatever the length of the page."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from connectors.contract import Reference
from connectors.entry import GROUPS, MEMBERS, Entry, Ref, Value
from connectors.sql import texts
from connectors.sql.codecs import Codec, Unfit, encode_id
from connectors.sql.tables import Layout, Rows

Layouts = Mapping[str, Layout]
Found = dict[str, tuple[Value, ...]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """The attributes asked for, sorted into where they are."""

    columns: tuple[str, ...]
    references: tuple[str, ...]
    children: tuple[str, ...]
    members: bool
    groups: bool


def wanted_of(layout: Layout, attributes: frozenset[str] | None) -> Wanted:
    """Sort out a request for attributes; those that nobody has are left out. Secrets are never read."""
    spec = layout.options.spec
    names = (spec.attributes if attributes is None else attributes) - spec.secrets
    columns = tuple(sorted(name for name in names if name in layout.rows.codecs))
    return Wanted(
        columns,
        tuple(name for name in columns if name in spec.references),
        tuple(sorted(name for name in names if name in layout.children)),
        MEMBERS in names and layout.members is not None,
        GROUPS in names,
    )


def columns_of(layout: Layout, wanted: Wanted) -> list[sa.Column[Any]]:
    """The columns of a SELECT: the anchor, the version where there is one, then what is wanted."""
    names = [layout.options.spec.anchor, *([layout.options.spec.version] if layout.options.spec.version else [])]
    return [layout.rows.column(name) for name in dict.fromkeys((*names, *wanted.columns))]


def one_row(layout: Layout, wanted: Wanted) -> sa.Select[Any]:
    """The prepared SELECT of one row by its anchor (parameter ``anchor``)."""
    key = ("row", wanted.columns)
    if key not in layout.prepared:
        layout.prepared[key] = sa.select(*columns_of(layout, wanted)).where(
            texts.same(layout.anchor, sa.bindparam("anchor", type_=layout.anchor.type), layout.dialect)
        )
    return layout.prepared[key]  # type: ignore[no-any-return]


def entries_of(
    connection: sa.Connection, layouts: Layouts, name: str, wanted: Wanted, rows: Sequence[sa.RowMapping]
) -> tuple[Entry, ...]:
    """Make the entries of a page, in the order of its rows."""
    layout = layouts[name]
    found = [_columns(layout, wanted, row) for row in rows]
    ids = [str(layout.anchor_codec.decode(row[layout.options.spec.anchor])) for row in rows]
    by_id = dict(zip(ids, found, strict=True))
    if ids:
        for attribute in wanted.references:
            _label(connection, layouts, layout.options.spec.references[attribute], attribute, found)
        for attribute in wanted.children:
            _children(connection, layout, attribute, by_id)
        if wanted.members:
            for id, refs in members_of(connection, layouts, layout, ids).items():
                by_id[id][MEMBERS] = tuple(refs)
        if wanted.groups:
            for id, refs in groups_of(connection, layouts, name, ids).items():
                by_id[id][GROUPS] = tuple(refs)
    return tuple(
        Entry(id, attributes, version_of(layout, row), f"{layout.options.table}/{id}")
        for id, attributes, row in zip(ids, found, rows, strict=True)
    )


def version_of(layout: Layout, row: sa.RowMapping) -> str | None:
    """The version of a row as text; None where the mapping names no column for it."""
    column = layout.options.spec.version
    return None if column is None else str(row[column])


def _columns(layout: Layout, wanted: Wanted, row: sa.RowMapping) -> Found:
    codecs = layout.rows.codecs
    return {name: (codecs[name].decode(row[name]),) for name in wanted.columns if codecs[name].holds(row[name])}


def _label(
    connection: sa.Connection, layouts: Layouts, reference: Reference, attribute: str, found: Sequence[Found]
) -> None:
    """Turn raw keys into references; a key that no row of the referenced collections has is not shown."""
    raw = {str(value) for each in found for value in each.get(attribute, ())}
    known = known_refs(connection, layouts, reference, raw) if raw else {}
    for each in found:
        if attribute in each:
            refs = tuple(known[str(value)] for value in each[attribute] if str(value) in known)
            if refs:
                each[attribute] = refs
            else:
                del each[attribute]


def known_refs(
    connection: sa.Connection, layouts: Layouts, reference: Reference, ids: Iterable[str], *, keep: bool = False
) -> dict[str, Ref]:
    """Find which ids exist in the referenced collections, trying them in order: one query a collection.

    :param keep: lock what is found against deletion until the transaction ends.
    """
    missing, known = list(dict.fromkeys(ids)), dict[str, Ref]()
    for collection in reference.collections:
        if not missing or collection not in layouts:
            continue
        layout = layouts[collection]
        labels = reference.display.get(collection, ())
        statement = _lookup(layout, labels, connection.dialect.name)
        if keep and connection.dialect.name != "sqlite":
            statement = statement.with_for_update(read=True, key_share=True)
        asked = texts.listed(fitting(layout.anchor_codec, missing), connection.dialect.name)
        for id, *named in connection.execute(statement, {"ids": asked}):
            shown = str(layout.anchor_codec.decode(id))
            known[shown] = Ref(shown, collection, _first(named))
        missing = [id for id in missing if id not in known]
    return known


def _first(found: Iterable[Any]) -> str | None:
    """The label: the first of an entry's that is not empty."""
    return next((str(each) for each in found if each is not None and each != ""), None)


def _lookup(layout: Layout, labels: tuple[str, ...], dialect: str) -> sa.Select[Any]:
    key = ("lookup", labels)
    if key not in layout.prepared:
        layout.prepared[key] = sa.select(layout.anchor, *map(layout.rows.column, labels)).where(
            texts.one_of(layout.anchor, "ids", layout.anchor.type, dialect)
        )
    return layout.prepared[key]  # type: ignore[no-any-return]


def fitting(codec: Codec, values: Iterable[str]) -> list[Any]:
    """Encode those ids that the column can hold."""
    found = []
    for value in values:
        try:
            found.append(encode_id(codec, value))
        except Unfit:
            continue
    return found


def _children(connection: sa.Connection, layout: Layout, attribute: str, by_id: Mapping[str, Found]) -> None:
    options, rows = layout.options.children[attribute], layout.children[attribute]
    key = ("children", attribute)
    if key not in layout.prepared:
        parts = [rows.column(name) for name in dict.fromkeys((options.key, *options.columns.values()))]
        order = rows.column(options.order) if options.order else None
        sort = [order, *parts] if order is not None else parts
        layout.prepared[key] = (
            sa.select(*parts)
            .where(
                texts.one_of(rows.column(options.key), "ids", rows.column(options.key).type, connection.dialect.name)
            )
            .order_by(*sort)
        )
    codec = rows.codecs[options.key]
    listed = texts.listed(fitting(codec, by_id), connection.dialect.name)
    for row in connection.execute(layout.prepared[key], {"ids": listed}).mappings():
        found = by_id[str(codec.decode(row[options.key]))]
        element = {
            part: rows.codecs[column].decode(row[column])
            for part, column in options.columns.items()
            if row[column] is not None
        }
        found[attribute] = (*found.get(attribute, ()), element)


def members_of(connection: sa.Connection, layouts: Layouts, group: Layout, ids: Iterable[str]) -> dict[str, list[Ref]]:
    """The members of groups, as references: one query for each collection a member may be in."""
    options, rows = group.options.members, group.members
    if options is None or rows is None:
        return {}
    reference = group.options.spec.references.get(MEMBERS, Reference(options.collections))
    found: dict[str, dict[str, Ref]] = {}
    for collection in options.collections:
        if collection not in layouts:
            continue
        member, labels = layouts[collection], reference.display.get(collection, ())
        statement = _members(group, rows, member, collection, labels, connection.dialect.name)
        listed = texts.listed(fitting(rows.codecs[options.group], ids), connection.dialect.name)
        for group_id, id, *named in connection.execute(statement, {"ids": listed}):
            shown = str(member.anchor_codec.decode(id))
            refs = found.setdefault(str(rows.codecs[options.group].decode(group_id)), {})
            refs.setdefault(shown, Ref(shown, collection, _first(named)))
    return {id: list(refs.values()) for id, refs in found.items()}


def _members(
    group: Layout, rows: Rows, member: Layout, collection: str, labels: tuple[str, ...], dialect: str
) -> sa.Select[Any]:
    options = group.options.members
    key = ("members", collection, labels)
    if options is not None and key not in group.prepared:
        there = member.rows.table.alias()
        here = rows.column(options.group)
        statement = (
            sa.select(here, there.c[member.anchor.name], *(there.c[label] for label in labels))
            .join_from(rows.table, there, there.c[member.anchor.name] == rows.column(options.user))
            .where(texts.one_of(here, "ids", here.type, dialect))
            .order_by(here, there.c[member.anchor.name])
        )
        if options.type is not None:
            statement = statement.where(rows.column(options.type) == collection)
        group.prepared[key] = statement
    return group.prepared[key]  # type: ignore[no-any-return]


def groups_of(connection: sa.Connection, layouts: Layouts, name: str, ids: Iterable[str]) -> dict[str, list[Ref]]:
    """The groups that entries are direct members of: one query for each collection of groups."""
    display = layouts[name].options.spec.references.get(GROUPS, Reference(())).display
    found: dict[str, list[Ref]] = {}
    for collection, group in layouts.items():
        options, rows = group.options.members, group.members
        if options is None or rows is None or name not in options.collections:
            continue
        statement = _groups(layouts[name], name, group, rows, display.get(collection, ()), connection.dialect.name)
        listed = texts.listed(fitting(rows.codecs[options.user], ids), connection.dialect.name)
        for member, id, *named in connection.execute(statement, {"ids": listed}):
            ref = Ref(str(group.anchor_codec.decode(id)), collection, _first(named))
            found.setdefault(str(rows.codecs[options.user].decode(member)), []).append(ref)
    return found


def _groups(
    member: Layout, name: str, group: Layout, rows: Rows, labels: tuple[str, ...], dialect: str
) -> sa.Select[Any]:
    options = group.options.members
    key = ("groups", group.options.spec.name, labels)
    if options is not None and key not in member.prepared:
        there = group.rows.table.alias()
        here = rows.column(options.user)
        statement = (
            sa.select(here, there.c[group.anchor.name], *(there.c[label] for label in labels))
            .join_from(rows.table, there, there.c[group.anchor.name] == rows.column(options.group))
            .where(texts.one_of(here, "ids", here.type, dialect))
            .distinct()
            .order_by(here, there.c[group.anchor.name])
        )
        if options.type is not None:
            statement = statement.where(rows.column(options.type) == name)
        member.prepared[key] = statement
    return member.prepared[key]  # type: ignore[no-any-return]
