"""The rows of a child table: the values of one complex, multi-valued attribute, one row an element."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from connectors.entry import Change, Kind, Value
from connectors.errors import InvalidValue
from connectors.sql.codecs import Codec, Unfit
from connectors.sql.options import ChildTable
from connectors.sql.tables import Layout, Rows

Element = Mapping[str, Any]


def after(held: tuple[Value, ...], change: Change) -> tuple[Value, ...]:
    """What an attribute of several values holds once a change has been made."""
    if change.kind is Kind.REPLACE:
        return tuple(change.values)
    if change.kind is Kind.ADD:
        return (*held, *(value for value in change.values if value not in held))
    return tuple(value for value in held if value not in change.values)


def write(connection: sa.Connection, layout: Layout, attribute: str, id: str, elements: Sequence[Value]) -> None:
    """Make the rows of one element list what they should be. :raises InvalidValue: a value that no column takes."""
    options, rows = layout.options.children[attribute], layout.children[attribute]
    key = rows.codecs[options.key].encode(id)
    connection.execute(sa.delete(rows.table).where(rows.column(options.key) == key))
    if elements:
        made = [_row(options, rows, key, index, element) for index, element in enumerate(elements)]
        connection.execute(sa.insert(rows.table), made)


def _kept(codec: Codec, value: Value) -> Any:
    return codec.keep(codec.encode(value))


def _row(options: ChildTable, rows: Rows, key: Any, index: int, element: Value) -> dict[str, Any]:
    attribute = options.attribute
    if not isinstance(element, Mapping):
        raise InvalidValue(f"an element of '{attribute}' must have sub-attributes", attribute=attribute)
    unknown = sorted(set(element) - set(options.columns))
    if unknown:
        raise InvalidValue(f"no column keeps '{unknown[0]}' of '{attribute}'", attribute=attribute)
    row: dict[str, Any] = {options.key: key}
    for part, column in options.columns.items():
        try:
            row[column] = None if element.get(part) is None else _kept(rows.codecs[column], element[part])
        except Unfit as error:
            raise InvalidValue(f"'{attribute}.{part}' {error}", attribute=attribute) from error
    if options.order is not None:
        row.setdefault(options.order, index)
    return row
