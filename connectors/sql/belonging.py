"""Who belongs where: membership rows and reference columns, changed by naming, never by reading the whole list.

One member more costs the same few statements in a group of ten and in a group of a hundred thousand.
"""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from connectors.contract import Reference
from connectors.entry import MEMBERS, Change, Kind, Ref, Value
from connectors.errors import InvalidValue, UnknownReference, Unsupported
from connectors.sql import mysql, texts
from connectors.sql.options import MembersTable
from connectors.sql.reading import Layouts, fitting, known_refs
from connectors.sql.tables import Layout, Rows


def change_members(connection: sa.Connection, layouts: Layouts, name: str, id: str, changes: Sequence[Change]) -> bool:
    """Apply the member changes of one group in their order; say whether any row came or went.

    :raises Unsupported: a REPLACE, or a collection without members. :raises UnknownReference: ids nobody has.
    """
    group = layouts[name]
    options, rows = group.options.members, group.members
    if options is None or rows is None:
        raise Unsupported("this collection has no members", attribute=MEMBERS)
    if any(change.kind is Kind.REPLACE for change in changes):
        raise Unsupported("members are changed by adding and removing", attribute=MEMBERS)
    changed = False
    for change in changes:
        act = _add if change.kind is Kind.ADD else _remove
        changed = act(connection, layouts, group, options, rows, id, refs_of(change.values)) or changed
    return changed


def refs_of(values: Iterable[Value]) -> list[Ref]:
    """Take values that must be references. :raises InvalidValue: one is not."""
    refs = list(values)
    if not all(isinstance(value, Ref) for value in refs):
        raise InvalidValue("a member is named by a reference", attribute=MEMBERS)
    return refs  # type: ignore[return-value]


def require(
    connection: sa.Connection, layouts: Layouts, reference: Reference, attribute: str, ids: Iterable[str]
) -> dict[str, Ref]:
    """Find all of ``ids``, held against deletion for this transaction. :raises UnknownReference: naming the rest."""
    asked = list(dict.fromkeys(ids))
    known = known_refs(connection, layouts, reference, asked, keep=True)
    missing = [id for id in asked if id not in known]
    if missing:
        raise UnknownReference(f"'{attribute}' names what does not exist", attribute=attribute, values=missing)
    return known


def _add(
    connection: sa.Connection,
    layouts: Layouts,
    group: Layout,
    options: MembersTable,
    rows: Rows,
    id: str,
    refs: Sequence[Ref],
) -> bool:
    if not refs:
        return False
    reference = group.options.spec.references.get(MEMBERS, Reference(options.collections))
    known = require(connection, layouts, reference, MEMBERS, (ref.id for ref in refs))
    here, there = rows.codecs[options.group], rows.codecs[options.user]
    wanted = {there.encode(ref.id): ref for ref in known.values()}
    listed = texts.listed(list(wanted), connection.dialect.name)
    key = here.encode(id)
    present = set(connection.scalars(_present(group, options, rows, connection), {"id": key, "ids": listed}))
    missing = [
        {options.group: key, options.user: member, **({options.type: ref.collection} if options.type else {})}
        for member, ref in wanted.items()
        if member not in present
    ]
    if not missing:
        return False
    extra = {column: rows.codecs[column].encode(value) for column, value in options.set.items()}
    connection.execute(_insert(group, options, rows, connection), [row | extra for row in missing])
    return True


def _insert(group: Layout, options: MembersTable, rows: Rows, connection: sa.Connection) -> sa.Insert:
    """The prepared INSERT of member rows; a row that somebody added meanwhile is no error."""
    if "insert member" not in group.prepared:
        columns = [options.group, options.user, *([options.type] if options.type else []), *options.set]
        for column in columns:
            rows.column(column)
        if connection.dialect.name == "postgresql":
            from sqlalchemy.dialects import postgresql

            group.prepared["insert member"] = postgresql.insert(rows.table).on_conflict_do_nothing()
        elif connection.dialect.name == mysql.NAME:  # INSERT IGNORE would also ignore a foreign key
            group.prepared["insert member"] = mysql.insert_or_keep(rows.table, rows.column(options.user))
        else:
            group.prepared["insert member"] = rows.table.insert().prefix_with("OR IGNORE", dialect="sqlite")
    return group.prepared["insert member"]  # type: ignore[no-any-return]


def _present(group: Layout, options: MembersTable, rows: Rows, connection: sa.Connection) -> sa.Select[tuple[str]]:
    if "present members" not in group.prepared:
        user = rows.column(options.user)
        group.prepared["present members"] = sa.select(user).where(
            _in_group(options, rows), texts.one_of(user, "ids", user.type, connection.dialect.name, "own")
        )
    return group.prepared["present members"]  # type: ignore[no-any-return]


def _in_group(options: MembersTable, rows: Rows) -> sa.ColumnElement[bool]:
    column = rows.column(options.group)
    return column == sa.bindparam("id", type_=column.type)


def _remove(
    connection: sa.Connection,
    _layouts: Layouts,
    group: Layout,
    options: MembersTable,
    rows: Rows,
    id: str,
    refs: Sequence[Ref],
) -> bool:
    """Delete the rows of named members, whoever added them; a name nobody has is no error."""
    if not refs:
        return False
    if "remove members" not in group.prepared:
        user = rows.column(options.user)
        group.prepared["remove members"] = sa.delete(rows.table).where(
            _in_group(options, rows), texts.one_of(user, "ids", user.type, connection.dialect.name, "own")
        )
    listed = texts.listed(fitting(rows.codecs[options.user], (ref.id for ref in refs)), connection.dialect.name)
    key = rows.codecs[options.group].encode(id)
    return connection.execute(group.prepared["remove members"], {"id": key, "ids": listed}).rowcount > 0


def forget(connection: sa.Connection, layouts: Layouts, name: str, id: str) -> None:
    """Before a row is deleted: delete its memberships, its own member rows, and the references to it."""
    for group_name, group in layouts.items():
        options, rows = group.options.members, group.members
        if options is not None and rows is not None:
            if name in options.collections:
                _leave_groups(connection, group, options, rows, name, id)
            if group_name == name:
                column = rows.column(options.group)
                connection.execute(sa.delete(rows.table).where(column == rows.codecs[options.group].encode(id)))
        _clear_references(connection, group, name, id)


def _leave_groups(
    connection: sa.Connection, group: Layout, options: MembersTable, rows: Rows, name: str, id: str
) -> None:
    encoded = fitting(rows.codecs[options.user], [id])
    if not encoded:
        return
    mine = rows.column(options.user) == encoded[0]
    if options.type is not None:
        mine = sa.and_(mine, rows.column(options.type) == name)
    if (bump := bumped(group)) and (column := group.options.spec.version):
        left = sa.select(rows.column(options.group)).where(mine)
        connection.execute(sa.update(group.rows.table).where(group.anchor.in_(left)).values({column: bump[column]}))
    connection.execute(sa.delete(rows.table).where(mine))


def _clear_references(connection: sa.Connection, layout: Layout, name: str, id: str) -> None:
    for attribute, reference in layout.options.spec.references.items():
        if attribute in layout.rows.codecs and name in reference.collections:
            column = layout.rows.column(attribute)
            for encoded in fitting(layout.rows.codecs[attribute], [id]):
                values = {attribute: None, **bumped(layout)}
                connection.execute(sa.update(layout.rows.table).where(column == encoded).values(values))


def bumped(layout: Layout) -> dict[str, sa.ColumnElement[int]]:
    """What to set so that the version moves on; nothing where the database itself keeps it, or nobody does."""
    name = layout.options.spec.version
    if name is None or layout.rows.codecs[name].kind != "number":
        return {}
    return {name: sa.func.coalesce(layout.rows.column(name), 0) + 1}
