"""SQLAlchemy Core statements become text once; after that only the bare driver is in the way."""

from collections.abc import Iterable
from typing import Literal

import orjson
from sqlalchemy import ColumnElement, Select, Table, Text, bindparam, cast, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import psycopg
from sqlalchemy.engine import Dialect as DialectOfCore
from sqlalchemy.schema import ExecutableDDLElement
from sqlalchemy.sql.elements import ClauseElement

from gateway.ledger.codec import plain

Kind = Literal["sqlite", "postgresql"]

_CORE: dict[Kind, DialectOfCore] = {
    "sqlite": sqlite.dialect(paramstyle="named"),
    "postgresql": psycopg.dialect(),  # type: ignore[no-untyped-call]
}


class Dialect:
    """How one of the two databases writes what Core says."""

    def __init__(self, kind: Kind) -> None:
        self.kind: Kind = kind
        self._core = _CORE[kind]

    def sql(self, statement: ClauseElement | ExecutableDDLElement) -> str:
        """The statement's text with named parameters, for ``Session.execute``."""
        return str(statement.compile(dialect=self._core))

    def insert(self, table: Table) -> str:
        """``INSERT`` of every column; parameters bear the columns' names."""
        names = [column.name for column in table.columns if column.name != "seq"]
        return self.sql(table.insert().values({name: bindparam(name) for name in names}).inline())

    def upsert(self, table: Table) -> str:
        """``INSERT``, or where the primary key is taken, ``UPDATE`` of every other column."""
        key = [column.name for column in table.primary_key.columns]
        make = sqlite.insert if self.kind == "sqlite" else postgresql.insert
        statement = make(table).values({column.name: bindparam(column.name) for column in table.columns})
        rest = {column.name: statement.excluded[column.name] for column in table.columns if column.name not in key}
        return self.sql(statement.on_conflict_do_update(index_elements=key, set_=rest))

    def limit(self, name: str) -> str:
        """The end of a ``SELECT`` that returns no more rows than a parameter says."""
        return f" LIMIT :{name}" if self.kind == "sqlite" else f" LIMIT %({name})s"

    def among(self, column: ColumnElement[str], name: str) -> ColumnElement[bool]:
        """``column IN (…)`` for a JSON array given as one parameter: one text for any number of values."""
        return column.in_(self.unfold(name))

    def unfold(self, name: str) -> Select[tuple[str]]:
        """The strings of a JSON array given as one parameter, as rows of one column ``value``."""
        parameter = bindparam(name, type_=Text())
        if self.kind == "sqlite":
            return select(func.json_each(parameter).table_valued("value").c.value)
        return select(func.json_array_elements_text(cast(parameter, postgresql.JSON)).label("value"))


def values(items: Iterable[str]) -> str:
    """What ``among`` wants as its parameter."""
    return orjson.dumps([plain(item) for item in items]).decode()
