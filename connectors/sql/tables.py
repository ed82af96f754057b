"""The tables of one mapping file as they are in the database: reflected at first use, created where that is allowed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from connectors.errors import Unavailable
from connectors.sql.codecs import Codec, codec_for
from connectors.sql.options import ChildTable, MembersTable, TableOptions

CREATING = 0x64697262
"""the key of the advisory lock under which tables are created"""
TEXT = sa.Text()
TYPES: Mapping[str, sa.types.TypeEngine[Any]] = {
    "boolean": sa.Boolean(),
    "integer": sa.BigInteger(),
    "decimal": sa.Double(),
    "dateTime": sa.DateTime(timezone=True),
}


@dataclass(frozen=True, slots=True)
class Rows:
    """A table (or view) and how each of its columns speaks."""

    table: sa.Table
    codecs: Mapping[str, Codec]

    def column(self, name: str) -> sa.Column[Any]:
        """Find a column. :raises Unavailable: the table lacks it."""
        try:
            return self.table.c[name]
        except KeyError as error:
            raise Unavailable(f"the table '{self.table.name}' has no column '{name}'") from error


@dataclass(slots=True)
class Layout:
    """One section: its rows, its members, its children. ``prepared`` keeps the statements built for it."""

    options: TableOptions
    rows: Rows
    members: Rows | None
    children: Mapping[str, Rows]
    prepared: dict[Any, Any] = field(default_factory=dict)

    @property
    def anchor(self) -> sa.Column[Any]:
        return self.rows.column(self.options.spec.anchor)

    @property
    def anchor_codec(self) -> Codec:
        return self.rows.codecs[self.options.spec.anchor]


def reflect(connection: sa.Connection, sections: Mapping[str, TableOptions]) -> dict[str, Layout]:
    """Read every table the sections name. :raises sqlalchemy.exc.NoSuchTableError: one is not there."""
    inspector = sa.inspect(connection)
    known: dict[str, Rows] = {}

    def rows(name: str) -> Rows:
        if name not in known:
            known[name] = _rows(inspector, name)
        return known[name]

    return {
        name: Layout(
            options,
            rows(options.table),
            rows(options.members.table) if options.members else None,
            {child.attribute: rows(child.table) for child in options.children.values()},
        )
        for name, options in sections.items()
    }


def split_name(name: str) -> tuple[str | None, str]:
    """``app.users`` → schema and table."""
    schema, dot, table = name.rpartition(".")
    return (schema if dot else None), table


def _rows(inspector: sa.Inspector, name: str) -> Rows:
    schema, table = split_name(name)
    columns = [sa.Column(each["name"], each["type"]) for each in inspector.get_columns(table, schema=schema)]
    return Rows(
        sa.Table(table, sa.MetaData(), *columns, schema=schema),
        {column.name: codec_for(column.type) for column in columns},
    )


def create_missing(connection: sa.Connection, sections: Mapping[str, TableOptions]) -> None:
    """Create the tables, columns and indices that sections with ``create = true`` name and the database lacks."""
    if connection.dialect.name == "postgresql":  # several gateways may start at once
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(CREATING)))
    wanted = sa.MetaData()
    for options in sections.values():
        if options.create:
            _own_tables(wanted, options)
    wanted.create_all(connection)
    inspector = sa.inspect(connection)
    for table in wanted.tables.values():
        present = {column["name"] for column in inspector.get_columns(table.name, schema=table.schema)}
        for column in table.columns:
            if column.name not in present:
                _add_column(connection, table, column)
    for options in sections.values():
        if options.create:
            for statement in _index_statements(connection, options):
                connection.execute(statement)


def _own_tables(wanted: sa.MetaData, options: TableOptions) -> None:
    spec = options.spec
    moments = {options.created, options.modified}
    columns = []
    for name in options.columns:
        type_ = sa.DateTime(timezone=True) if name in moments else TYPES.get(spec.types.get(name, ""), TEXT)
        type_ = sa.BigInteger() if name == spec.version else type_
        columns.append(sa.Column(name, type_, primary_key=name == spec.anchor))
    _table(wanted, options.table, columns)
    for child in options.children.values():
        _table(wanted, child.table, _child_columns(child, spec.types))
    if options.members is not None:
        _table(wanted, options.members.table, _members_columns(options.members))


def _table(wanted: sa.MetaData, name: str, columns: Iterable[sa.Column[Any]]) -> None:
    schema, table = split_name(name)
    sa.Table(table, wanted, *columns, schema=schema)


def _child_columns(child: ChildTable, types: Mapping[str, str]) -> list[sa.Column[Any]]:
    columns: list[sa.Column[Any]] = [sa.Column(child.key, sa.Text(), nullable=False, index=True)]
    for part, column in child.columns.items():
        given = types.get(f"{child.attribute}.{part}", "boolean" if part == "primary" else "")
        columns.append(sa.Column(column, TYPES.get(given, TEXT)))
    if child.order is not None and child.order not in child.columns.values():
        columns.append(sa.Column(child.order, sa.Integer()))
    return columns


def _members_columns(members: MembersTable) -> list[sa.Column[Any]]:
    named = [sa.Column(members.group, sa.Text(), primary_key=True)]
    named.append(sa.Column(members.user, sa.Text(), primary_key=True, index=True))
    extra = dict.fromkeys((*([members.type] if members.type else []), *members.set))
    return [*named, *(sa.Column(name, sa.Text()) for name in extra)]


def _add_column(connection: sa.Connection, table: sa.Table, column: sa.Column[Any]) -> None:
    quote = connection.dialect.identifier_preparer
    type_ = column.type.compile(connection.dialect)
    connection.exec_driver_sql(f"ALTER TABLE {quote.format_table(table)} ADD COLUMN {quote.quote(column.name)} {type_}")


def _index_statements(connection: sa.Connection, options: TableOptions) -> Iterable[sa.schema.CreateIndex]:
    """Index ``lower(column)``: what case-insensitive equality compares. The name tells the column in an error."""
    references = options.spec.references.keys() & set(options.columns)
    for column in dict.fromkeys((*options.unique, *options.index, *sorted(references))):
        unique = column in options.unique
        yield from _index(connection, options.table, column, unique=unique, exact=column in references)
    for child in options.children.values():
        if "value" in child.columns:
            yield from _index(connection, child.table, child.columns["value"])


def _index(
    connection: sa.Connection, name: str, column: str, *, unique: bool = False, exact: bool = False
) -> Iterable[sa.schema.CreateIndex]:
    schema, bare = split_name(name)
    types = {each["name"]: each["type"] for each in sa.inspect(connection).get_columns(bare, schema=schema)}
    if column in types:
        held = sa.Table(bare, sa.MetaData(), sa.Column(column, types[column]), schema=schema).c[column]
        by = held if exact or not isinstance(held.type, sa.String) else sa.func.lower(held)
        yield sa.schema.CreateIndex(sa.Index(f"{bare}.{column}", by, unique=unique), if_not_exists=True)
