"""``check``: does the database have what the mapping names, and the indices that its look-ups need?"""

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from connectors.contract import Finding
from connectors.sql import mysql
from connectors.sql.options import TableOptions, unknown_key
from connectors.sql.tables import split_name


def findings(connection: sa.Connection, sections: Mapping[str, TableOptions]) -> list[Finding]:
    """Look at every table of the sections; errors first within each."""
    inspector = sa.inspect(connection)
    return [finding for name, options in sections.items() for finding in _section(connection, inspector, name, options)]


def _section(connection: sa.Connection, inspector: sa.Inspector, name: str, options: TableOptions) -> Iterable[Finding]:
    spec = options.spec
    needed = {column: column for column in options.columns}
    columns = yield from _columns(inspector, name, "table", options, options.table, needed)
    if columns is not None:
        yield from _anchor(inspector, name, options)
        yield from _folded_indices(connection, name, options, columns)
    for child in options.children.values():
        wanted = {"key": child.key, **{f"map.{part}": column for part, column in child.columns.items()}}
        key = f"child.{child.attribute}"
        found = yield from _columns(inspector, name, key, options, child.table, wanted)
        if found is not None and child.key not in _leading(inspector, child.table):
            yield Finding("warning", f"no index of '{child.table}' begins with '{child.key}'", name, f"{key}.key")
    if options.members is not None:
        yield from _members(inspector, name, options)
    for call in options.calls:
        wanted = {"key": call.key, **{f"set.{column}": column for column in call.set or ()}}
        yield from _columns(inspector, name, "lifecycle.after", options, call.table, wanted)
    for attribute in sorted(spec.references.keys() & (columns or {}).keys()):
        if attribute not in _leading(inspector, options.table):
            yield Finding("warning", f"no index of '{options.table}' begins with '{attribute}'", name, attribute)


def _columns(
    inspector: sa.Inspector, name: str, key: str, options: TableOptions, table: str, wanted: Mapping[str, str]
) -> Any:
    """Report what a table lacks, unless the first verb makes it; returns its columns by name, or None where there is no
    such table."""
    schema, bare = split_name(table)
    try:
        columns = {each["name"]: each["type"] for each in inspector.get_columns(bare, schema=schema)}
    except sa.exc.NoSuchTableError:
        if options.create:
            return None
        known = [*inspector.get_table_names(schema), *inspector.get_view_names(schema)]
        hint = unknown_key(bare, sorted(known)).partition("; ")[2] if known else "it has none"
        yield Finding("error", f"the database has no table '{table}'; {hint}", name, key)
        return None
    for where, column in wanted.items():
        if column not in columns and not options.create:
            hint = unknown_key(column, sorted(columns)).partition("; ")[2]
            yield Finding("error", f"the table '{table}' has no column '{column}'; {hint}", name, where)
    return columns


def _anchor(inspector: sa.Inspector, name: str, options: TableOptions) -> Iterable[Finding]:
    if (options.spec.anchor,) not in _unique(inspector, options.table):
        message = f"'{options.spec.anchor}' is neither the primary key of '{options.table}' nor unique"
        yield Finding("warning", message, name, "anchor")


def _members(inspector: sa.Inspector, name: str, options: TableOptions) -> Iterable[Finding]:
    members = options.members
    if members is None:
        return
    extra = {f"set.{column}": column for column in members.set} | ({"type": members.type} if members.type else {})
    wanted = {"group": members.group, "user": members.user, **extra}
    found = yield from _columns(inspector, name, "members.table", options, members.table, wanted)
    if found is None or not {members.group, members.user} <= found.keys():
        return
    pair = {members.group, members.user}
    if not any(set(each) <= pair | {members.type} for each in _unique(inspector, members.table) if pair <= set(each)):
        message = f"'{members.table}' may hold a member twice: no unique key on '{members.group}' and '{members.user}'"
        yield Finding("warning", message, name, "members.table")
    for key, column in (("group", members.group), ("user", members.user)):
        if column not in _leading(inspector, members.table):
            yield Finding("warning", f"no index of '{members.table}' begins with '{column}'", name, f"members.{key}")


def _folded_indices(
    connection: sa.Connection, name: str, options: TableOptions, columns: Mapping[str, Any]
) -> Iterable[Finding]:
    """A text column that somebody indexed is looked up by; SCIM looks it up by ``lower(column)``."""
    leading = _leading(sa.inspect(connection), options.table)
    kept = {options.spec.anchor, *options.spec.references}
    if connection.dialect.name == mysql.NAME:
        sought = {column for column in options.columns if column in leading - kept}
        for column, message in mysql.found(connection, *split_name(options.table), sought):
            yield Finding("warning" if column else "error", message, name, column or "table")
        return
    folded = _expressions(connection, options.table)
    for column in options.columns:
        looked_up = column in leading - kept and isinstance(columns.get(column), sa.String)
        if looked_up and not any(f"lower({column})" in each for each in folded):
            message = f"'{options.table}' has an index on '{column}' but none on lower({column}), by which it is found"
            yield Finding("warning", message, name, column)


def _indices(inspector: sa.Inspector, table: str) -> list[tuple[tuple[str, ...], bool]]:
    """The columns of every index over plain columns, and whether it is unique; the primary key first."""
    schema, bare = split_name(table)
    found = [(tuple(inspector.get_pk_constraint(bare, schema=schema)["constrained_columns"]), True)]
    if inspector.dialect.name == "sqlite":
        return found + _sqlite_indices(inspector, bare)
    found += [(tuple(each["column_names"]), True) for each in inspector.get_unique_constraints(bare, schema=schema)]
    for each in inspector.get_indexes(bare, schema=schema):
        found.append((tuple(column or "" for column in each["column_names"]), bool(each["unique"])))
    return found


def _sqlite_indices(inspector: sa.Inspector, table: str) -> list[tuple[tuple[str, ...], bool]]:
    """SQLAlchemy warns of every index over an expression in SQLite; ask for the columns ourselves."""
    connection = inspector.bind
    if not isinstance(connection, sa.Connection):
        return []
    listed = connection.exec_driver_sql('SELECT name, "unique" FROM pragma_index_list(?)', (table,)).all()
    columns = "SELECT coalesce(name, '') FROM pragma_index_info(?) ORDER BY seqno"
    return [(tuple(connection.exec_driver_sql(columns, (index,)).scalars()), bool(unique)) for index, unique in listed]


def _leading(inspector: sa.Inspector, table: str) -> set[str]:
    return {columns[0] for columns, _ in _indices(inspector, table) if columns}


def _unique(inspector: sa.Inspector, table: str) -> set[tuple[str, ...]]:
    return {columns for columns, unique in _indices(inspector, table) if unique and columns}


def _expressions(connection: sa.Connection, table: str) -> list[str]:
    """The text of the definitions of a table's indices, lower-cased and without quotes."""
    schema, bare = split_name(table)
    if connection.dialect.name == "sqlite":
        statement = sa.text("SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = :table")
    elif connection.dialect.name == "postgresql":
        statement = sa.text("SELECT indexdef FROM pg_indexes WHERE tablename = :table AND schemaname = :schema")
        schema = schema or connection.dialect.default_schema_name
        statement = statement.bindparams(schema=schema)
    else:
        return []
    found = connection.scalars(statement, {"table": bare})
    return [
        text.lower().replace('"', "").replace("::text", "").replace("(lower((", "(lower(") for text in found if text
    ]
