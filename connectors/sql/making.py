"""Tables that the gateway may create: what sections with ``create = true`` name and the database lacks."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from connectors.sql import mysql
from connectors.sql.options import ChildTable, MembersTable, TableOptions
from connectors.sql.tables import TEXT, TYPES, split_name

CREATING = 0x64697262
"""the key of the advisory lock under which tables are created"""
Type = sa.types.TypeEngine[Any]


@dataclass(frozen=True, slots=True)
class Types:
    """The types of our own columns: of ids, of what is looked up, of any other text, of times."""

    key: Type = TEXT
    name: Type = TEXT
    text: Type = TEXT
    moment: Type = TYPES["dateTime"]

    def of(self, kind: str) -> Type:
        """Choose by the type on the SCIM side."""
        return self.moment if kind == "dateTime" else TYPES.get(kind, self.text)


def _types(connection: sa.Connection) -> Types:
    if connection.dialect.name != mysql.NAME:
        return Types()
    mariadb = bool(getattr(connection.dialect, "is_mariadb", False))
    key, name = mysql.key_type(mariadb=mariadb), mysql.name_type(mariadb=mariadb)
    return Types(key, name, mysql.text_type(), mysql.moment_type())


@contextmanager
def _alone(connection: sa.Connection) -> Iterator[None]:
    """Several gateways may start at once on one empty database; SQLite's writers are alone anyway."""
    if connection.dialect.name == mysql.NAME:
        with mysql.alone(connection):
            yield
        return
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(CREATING)))
    yield


def create_missing(connection: sa.Connection, sections: Mapping[str, TableOptions]) -> None:
    """Create the tables, columns and indices that sections with ``create = true`` name and the database lacks."""
    with _alone(connection):
        _create(connection, [options for options in sections.values() if options.create])


def _create(connection: sa.Connection, sections: Iterable[TableOptions]) -> None:
    wanted, types = sa.MetaData(), _types(connection)
    for options in sections:
        _own_tables(wanted, options, types)
    wanted.create_all(connection)
    inspector = sa.inspect(connection)
    for table in wanted.tables.values():
        present = {column["name"] for column in inspector.get_columns(table.name, schema=table.schema)}
        for column in table.columns:
            if column.name not in present:
                _add_column(connection, table, column)
    for options in sections:
        for index in _indices(connection, options):
            if connection.dialect.name != mysql.NAME:
                connection.execute(sa.schema.CreateIndex(index, if_not_exists=True))
            elif not _is_there(connection, index):  # MySQL cannot say IF NOT EXISTS of an index
                connection.execute(sa.schema.CreateIndex(index))


def _is_there(connection: sa.Connection, index: sa.Index) -> bool:
    table = index.table
    assert table is not None  # noqa: S101
    known = sa.inspect(connection).get_indexes(table.name, schema=table.schema)
    return index.name in {each["name"] for each in known}


def _own_tables(wanted: sa.MetaData, options: TableOptions, types: Types) -> None:
    spec = options.spec
    kept: dict[str | None, Type] = dict.fromkeys((*options.unique, *options.index), types.name)
    kept |= dict.fromkeys((spec.anchor, *spec.references), types.key)
    kept |= dict.fromkeys((options.created, options.modified), types.moment) | {spec.version: sa.BigInteger()}
    columns = []
    for name in options.columns:
        given = types.of(spec.types.get(name, ""))
        type_ = kept.get(name, given) if name == spec.version or isinstance(given, sa.String | sa.DateTime) else given
        columns.append(sa.Column(name, type_, primary_key=name == spec.anchor))
    _table(wanted, options.table, columns)
    for child in options.children.values():
        _table(wanted, child.table, _child_columns(child, spec.types, types))
    if options.members is not None:
        _table(wanted, options.members.table, _members_columns(options.members, types))


def _table(wanted: sa.MetaData, name: str, columns: Iterable[sa.Column[Any]]) -> None:
    schema, table = split_name(name)
    sa.Table(table, wanted, *columns, schema=schema)


def _child_columns(child: ChildTable, given: Mapping[str, str], types: Types) -> list[sa.Column[Any]]:
    columns: list[sa.Column[Any]] = [sa.Column(child.key, types.key, nullable=False, index=True)]
    for part, column in child.columns.items():
        kind = given.get(f"{child.attribute}.{part}", "boolean" if part == "primary" else "")
        type_ = types.of(kind)
        columns.append(sa.Column(column, types.name if part == "value" and isinstance(type_, sa.String) else type_))
    if child.order is not None and child.order not in child.columns.values():
        columns.append(sa.Column(child.order, sa.Integer()))
    return columns


def _members_columns(members: MembersTable, types: Types) -> list[sa.Column[Any]]:
    named = [sa.Column(members.group, types.key, primary_key=True)]
    named.append(sa.Column(members.user, types.key, primary_key=True, index=True))
    extra = dict.fromkeys((*([members.type] if members.type else []), *members.set))
    return [*named, *(sa.Column(name, types.text) for name in extra)]


def _add_column(connection: sa.Connection, table: sa.Table, column: sa.Column[Any]) -> None:
    quote = connection.dialect.identifier_preparer
    type_ = column.type.compile(connection.dialect)
    connection.exec_driver_sql(f"ALTER TABLE {quote.format_table(table)} ADD COLUMN {quote.quote(column.name)} {type_}")


def _indices(connection: sa.Connection, options: TableOptions) -> Iterable[sa.Index]:
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
) -> Iterable[sa.Index]:
    schema, bare = split_name(name)
    types = {each["name"]: each["type"] for each in sa.inspect(connection).get_columns(bare, schema=schema)}
    if column in types:
        held = sa.Table(bare, sa.MetaData(), sa.Column(column, types[column]), schema=schema).c[column]
        exact = exact or connection.dialect.name == mysql.NAME or not isinstance(held.type, sa.String)
        yield sa.Index(f"{bare}.{column}", held if exact else sa.func.lower(held), unique=unique)
