"""What MariaDB and MySQL need otherwise than other databases.

Their columns compare by a collation, which mostly ignores case, often accents and trailing spaces; their text cannot
be indexed at any length; and how strictly a value is checked, what time a TIMESTAMP is, and what a transaction sees
are settings of a session, which are therefore made here and not left to the server.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from connectors.errors import Unavailable

NAME = "mysql"
"""the dialect of both, see ``connector``"""
CASELESS = re.compile(r"_(general|unicode(_520)?|0900|uca1400|swedish)(_nopad)?(_a[is])?_ci$")
"""Collations in which whatever differs in case only is equal. Not so in Turkish, say, where I and i are two letters."""
KEY_LENGTH = 255
"""characters of a column of ours that is indexed; InnoDB takes 3072 bytes a key"""
WITHOUT_TRANSACTIONS = ("MyISAM", "Aria", "MEMORY", "CSV", "ARCHIVE")
LOCK = "dirbridge tables"
STRICT = "STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"


def arguments(url: sa.URL, timeout: float) -> dict[str, Any]:
    """What the driver is told: time limits, and the password as UTF-8 (PyMySQL itself takes Latin 1)."""
    if url.get_driver_name() != "pymysql":
        return {}
    limits = {"connect_timeout": max(2, int(timeout)), "read_timeout": max(2.0, timeout), "write_timeout": timeout}
    password = {"password": str(url.password).encode()} if url.password else {}
    return {**limits, **password, "charset": "utf8mb4"}


def preparing(timeout: float) -> Callable[[Any, Any], None]:
    """Make what prepares a session: refuse what does not fit, see what others committed, never wait for ever."""
    wait = max(1, int(timeout))
    settings = (
        f"SET SESSION sql_mode='{STRICT}', time_zone='+00:00'"
        f" , innodb_lock_wait_timeout={wait}, lock_wait_timeout={wait}"
        f" /*!80000 , max_execution_time={int(timeout * 1000)} */"
        f" /*M!100300 , max_statement_time={timeout}, idle_transaction_timeout={2 * wait} */"
    )

    def prepare(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute(settings)
        cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
        cursor.close()

    return prepare


def plain(text: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Text in UTF-8 whatever the column keeps, with no rules of comparison from there."""
    return sa.func.convert(text.op("USING")(sa.text("utf8mb4")), type_=sa.Text())


def literally(text: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Plain text that compares byte by byte, which is code point by code point: no collation, no padding."""
    return sa.type_coerce(sa.cast(text, sa.LargeBinary()), sa.Text())


def is_caseless(column: sa.ColumnElement[Any]) -> bool:
    """Whether an index of this column finds a text whatever its case."""
    return bool(CASELESS.search(getattr(column.type, "collation", None) or ""))


def key_type(*, mariadb: bool) -> sa.String:
    """The type of our own columns that hold ids: equal means identical."""
    return sa.String(KEY_LENGTH, collation="utf8mb4_nopad_bin" if mariadb else "utf8mb4_0900_bin")


def name_type(*, mariadb: bool) -> sa.String:
    """The type of our own columns that are looked up: an index that sees accents and spaces, and not case."""
    return sa.String(KEY_LENGTH, collation="utf8mb4_uca1400_nopad_as_ci" if mariadb else "utf8mb4_0900_as_ci")


def text_type() -> sa.types.TypeEngine[Any]:
    """The type of our own columns that hold any text."""
    from sqlalchemy.dialects import mysql  # here, as every start without MariaDB would wait for it

    return mysql.MEDIUMTEXT(charset="utf8mb4")


def moment_type() -> sa.types.TypeEngine[Any]:
    """The type of our own columns that hold a time, to the microsecond."""
    from sqlalchemy.dialects import mysql

    return mysql.DATETIME(fsp=6)


def collations(connection: sa.Connection, schema: str | None, table: str) -> dict[str, str]:
    """The collation that each text column of a table really has, be it the table's own or the database's."""
    statement = sa.text(
        "SELECT column_name, collation_name FROM information_schema.columns"
        " WHERE table_name = :table AND table_schema = coalesce(:schema, database()) AND collation_name IS NOT NULL"
    )
    return {row[0]: row[1] for row in connection.execute(statement, {"table": table, "schema": schema})}


def collated(connection: sa.Connection, table: sa.Table) -> None:
    """Let every text column of a reflected table know its collation."""
    for name, collation in collations(connection, table.schema, table.name).items():
        type_ = table.c[name].type if name in table.c else None
        if isinstance(type_, sa.String):
            type_.collation = collation


def found(connection: sa.Connection, schema: str | None, table: str, indexed: set[str]) -> Iterator[tuple[str, str]]:
    """What ``check`` says of a table in this database: a column or "", and why.

    :param indexed: the text columns by which entries are looked up.
    """
    statement = sa.text(
        "SELECT engine FROM information_schema.tables"
        " WHERE table_name = :table AND table_schema = coalesce(:schema, database())"
    )
    engine = connection.scalar(statement, {"table": table, "schema": schema})
    if engine in WITHOUT_TRANSACTIONS:
        yield "", f"'{table}' is kept by {engine}, which has no transactions: a change that fails stays half done"
    for name, collation in collations(connection, schema, table).items():
        if name in indexed and not CASELESS.search(collation):
            yield name, f"'{table}' has an index on '{name}' that tells capitals apart ({collation}): it is not used"


def insert_or_keep(table: sa.Table, column: sa.Column[Any]) -> sa.Insert:
    """Insert rows; one that is there already stays as it is."""
    from sqlalchemy.dialects import mysql

    return mysql.insert(table).on_duplicate_key_update({column.name: column})


@contextmanager
def alone(connection: sa.Connection) -> Iterator[None]:
    """Create tables while no other gateway does. :raises Unavailable: another one has been at it for too long."""
    if connection.scalar(sa.text("SELECT get_lock(:name, 10)"), {"name": LOCK}) != 1:
        raise Unavailable("another gateway is creating tables")
    try:
        yield
    finally:
        connection.execute(sa.text("SELECT release_lock(:name)"), {"name": LOCK})
