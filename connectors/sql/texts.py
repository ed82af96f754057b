"""Text comparison where databases differ: folding, patterns, lists of values, order.

Case-insensitive means ``str.casefold``. A value of ASCII letters is compared with ``lower(column)``, which every
database gets right and can serve from an index on ``lower(column)``. A value with other letters needs full folding:
a function of ours on SQLite, ICU's rules on PostgreSQL. Letters that only full folding makes equal to ASCII (``ß``
and ``ss``, the Kelvin sign and ``k``) are told apart by the first form.

On MariaDB and MySQL a column has comparison rules of its own. They serve to find candidates by an index; whether one
matches is then decided on its code points.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from connectors.sql import mysql

FOLD = "dirbridge_fold"
ESCAPE = "/"
ICU = "und-x-icu"
TRIED = ("sqlite", "postgresql", mysql.NAME)
"""the dialects whose comparisons of text are known to be exact; what others found the gateway looks at again"""


def fold(text: Any) -> Any:
    """What ``dirbridge_fold`` computes in SQLite; anything but text (NULL, a number) is left alone."""
    return text.casefold() if isinstance(text, str) else text


def is_not_true(condition: sa.ColumnElement[bool], dialect: str) -> sa.ColumnElement[bool]:
    """False, or NULL; where the database has no truth values, told by CASE."""
    if dialect in TRIED:
        return condition.is_not(sa.true())
    return sa.case((condition, 1), else_=0) == sa.literal_column("0")


def pattern(text: str, before: str, after: str) -> str:
    """Make a LIKE pattern that means ``text`` literally, between ``before`` and ``after``: the only escaping here."""
    for special in (ESCAPE, "%", "_"):
        text = text.replace(special, ESCAPE + special)
    return f"{before}{text}{after}"


def folded(column: sa.ColumnElement[Any], mode: str, dialect: str) -> sa.ColumnElement[Any]:
    """Bring text, a column or a bound value, into the form in which it is compared.

    :param mode: ``exact``, ``lower`` (with text of ASCII letters), ``fold`` (with any text); ``own``, by the column's
        own rules.
    """
    if dialect == mysql.NAME:
        plain = mysql.plain(column)
        return mysql.literally(plain if mode == "exact" else sa.func.lower(plain))
    if mode in ("exact", "own"):
        return column
    if mode == "fold" and dialect == "sqlite":
        return sa.Function(FOLD, column, type_=sa.Text())
    if mode == "fold" and dialect == "postgresql":
        return sa.func.lower(sa.cast(column, sa.Text()).collate(ICU))
    return sa.func.lower(column)


def by_code_point(expression: sa.ColumnElement[Any], dialect: str) -> sa.ColumnElement[Any]:
    """Order text by code point, whatever the column's own collation."""
    return expression.collate("C") if dialect == "postgresql" else expression


def same(column: sa.ColumnElement[Any], value: sa.ColumnElement[Any], dialect: str) -> sa.ColumnElement[bool]:
    """An id is a value, and no other that a collation takes for equal."""
    return indexed(column, column == value, dialect, lambda text: text == value)


def one_of(
    column: sa.ColumnElement[Any], name: str, type_: sa.types.TypeEngine[Any], dialect: str, mode: str = "exact"
) -> sa.ColumnElement[bool]:
    """``column`` is in a list bound as ONE parameter, so that thousands of values change neither text nor limits."""
    if dialect == mysql.NAME:
        listed = sa.bindparam(name, expanding=True, type_=type_)
        return indexed(column, column.in_(listed), dialect, lambda text: text.in_(listed), mode)
    column = folded(column, mode, dialect)
    if dialect == "postgresql":
        return column == sa.any_(sa.bindparam(name, type_=sa.ARRAY(type_)))
    if dialect == "sqlite":
        rows = sa.func.json_each(sa.bindparam(name, type_=sa.Text())).table_valued("value")
        return column.in_(sa.select(rows.c.value))
    return column.in_(sa.bindparam(name, expanding=True, type_=type_))


def indexed(
    column: sa.ColumnElement[Any],
    equal: sa.ColumnElement[bool],
    dialect: str,
    literally: Callable[[sa.ColumnElement[Any]], sa.ColumnElement[bool]],
    mode: str = "exact",
) -> sa.ColumnElement[bool]:
    """Compare as a collation would, which an index serves, and then as it is meant; the first alone where that is all.

    :param equal: the column compared by its own rules. :param literally: the comparison with another left side.
    """
    if dialect != mysql.NAME or mode == "own" or not isinstance(column.type, sa.String):
        return equal
    meant = literally(folded(column, mode, dialect))
    return sa.and_(equal, meant) if mode == "exact" or mysql.is_caseless(column) else meant


def listed(values: Sequence[Any], dialect: str) -> Any:
    """The value of the parameter of ``one_of``."""
    return json.dumps(list(values), default=float) if dialect == "sqlite" else list(values)
