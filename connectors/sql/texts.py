"""Text comparison where databases differ: folding, patterns, lists of values, order.

Case-insensitive means ``str.casefold``. A value of ASCII letters is compared with ``lower(column)``, which every
database gets right and can serve from an index on ``lower(column)``. A value with other letters needs full folding:
a function of ours on SQLite, ICU's rules on PostgreSQL. Letters that only full folding makes equal to ASCII (``ß``
and ``ss``, the Kelvin sign and ``k``) are told apart by the first form.
"""

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

FOLD = "dirbridge_fold"
ESCAPE = "/"
ICU = "und-x-icu"


def fold(text: Any) -> Any:
    """What ``dirbridge_fold`` computes in SQLite; anything but text (NULL, a number) is left alone."""
    return text.casefold() if isinstance(text, str) else text


def pattern(text: str, before: str, after: str) -> str:
    """Make a LIKE pattern that means ``text`` literally, between ``before`` and ``after``: the only escaping here."""
    for special in (ESCAPE, "%", "_"):
        text = text.replace(special, ESCAPE + special)
    return f"{before}{text}{after}"


def lowered(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Fold a column for comparison with ASCII text."""
    return sa.func.lower(column)


def folded(column: sa.ColumnElement[Any], dialect: str) -> sa.ColumnElement[Any]:
    """Fold a column or a bound value for comparison with any text."""
    if dialect == "sqlite":
        return sa.Function(FOLD, column, type_=sa.Text())
    if dialect == "postgresql":
        return sa.func.lower(sa.cast(column, sa.Text()).collate(ICU))
    return sa.func.lower(column)


def by_code_point(expression: sa.ColumnElement[Any], dialect: str) -> sa.ColumnElement[Any]:
    """Order text by code point, whatever the column's own collation."""
    return expression.collate("C") if dialect == "postgresql" else expression


def one_of(
    column: sa.ColumnElement[Any], name: str, type_: sa.types.TypeEngine[Any], dialect: str
) -> sa.ColumnElement[bool]:
    """``column`` is in a list bound as ONE parameter, so that thousands of values change neither text nor limits."""
    if dialect == "postgresql":
        return column == sa.any_(sa.bindparam(name, type_=sa.ARRAY(type_)))
    if dialect == "sqlite":
        listed = sa.func.json_each(sa.bindparam(name, type_=sa.Text())).table_valued("value")
        return column.in_(sa.select(listed.c.value))
    return column.in_(sa.bindparam(name, expanding=True, type_=type_))


def listed(values: Sequence[Any], dialect: str) -> Any:
    """The value of the parameter of ``one_of``."""
    return json.dumps(list(values), default=float) if dialect == "sqlite" else list(values)
