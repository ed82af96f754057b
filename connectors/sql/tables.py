"""The tables of one mapping file as they are in the database, reflected at first use."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from connectors.errors import Unavailable
from connectors.sql import mysql
from connectors.sql.codecs import Codec, codec_for
from connectors.sql.options import TableOptions

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
    """One section: its rows, its members, its children, the tables its calls touch; ``prepared`` keeps statements."""

    options: TableOptions
    rows: Rows
    members: Rows | None
    children: Mapping[str, Rows]
    dialect: str
    called: Mapping[str, Rows] = field(default_factory=dict)
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
            known[name] = _rows(connection, inspector, name)
        return known[name]

    return {
        name: Layout(
            options,
            rows(options.table),
            rows(options.members.table) if options.members else None,
            {child.attribute: rows(child.table) for child in options.children.values()},
            connection.dialect.name,
            {call.table: rows(call.table) for call in options.calls},
        )
        for name, options in sections.items()
    }


def split_name(name: str) -> tuple[str | None, str]:
    """``app.users`` → schema and table."""
    schema, dot, table = name.rpartition(".")
    return (schema if dot else None), table


def _rows(connection: sa.Connection, inspector: sa.Inspector, name: str) -> Rows:
    schema, bare = split_name(name)
    columns = [sa.Column(each["name"], each["type"]) for each in inspector.get_columns(bare, schema=schema)]
    table = sa.Table(bare, sa.MetaData(), *columns, schema=schema)
    if connection.dialect.name == mysql.NAME:
        mysql.collated(connection, table)
    return Rows(table, {column.name: codec_for(column.type) for column in columns})
