"""The calls of ``lifecycle.after``: rows of other tables that belong to somebody are deleted, or get a value.

Made twice they are as if made once, and they need no row of the person any more.
"""

import sqlalchemy as sa

from connectors.errors import InvalidValue
from connectors.sql.codecs import Unfit, encode_id
from connectors.sql.reading import Layouts


def call(connection: sa.Connection, layouts: Layouts, name: str, number: int, id: str) -> None:
    """Make one call for the person with this id. :raises InvalidValue: a value that its column cannot hold."""
    layout = layouts[name]
    made = layout.options.calls[number]
    rows = layout.called[made.table]
    try:
        mine = rows.column(made.key) == encode_id(rows.codecs[made.key], id)
        values = {rows.column(column): rows.codecs[column].encode(value) for column, value in (made.set or {}).items()}
    except Unfit as error:
        raise InvalidValue(f"'{made.table}' cannot take what the call says: {error}") from error
    if made.set is None:
        connection.execute(sa.delete(rows.table).where(mine))
    else:
        connection.execute(sa.update(rows.table).where(mine).values(values))
