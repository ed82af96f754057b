"""Search: the condition, the exact total, the order, and a position in it that survives other people's writes."""

import json
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import Grouping

from connectors.contract import Page, Query
from connectors.entry import ID
from connectors.errors import Unsupported
from connectors.sql import texts
from connectors.sql.reading import Layouts, columns_of, entries_of, fitting, wanted_of
from connectors.sql.tables import Layout
from connectors.sql.where import Builder, Shape, shape

KEPT = 512
"""how many statements one collection keeps; past that all are forgotten, since filters come from strangers"""


def search(connection: sa.Connection, layouts: Layouts, name: str, query: Query) -> Page:
    """Answer a query. :raises Unsupported: an attribute or a cursor that is none."""
    layout, dialect = layouts[name], connection.dialect.name
    values: list[Any] = []
    outline = ("and",) if query.filter is None else shape(query.filter, layouts, name, values, dialect)
    parameters: dict[str, Any] = {f"p{index}": value for index, value in enumerate(values)}
    if query.ids is not None:
        parameters["ids"] = texts.listed(fitting(layout.anchor_codec, query.ids), dialect)
    total = None
    if query.count:
        total = connection.execute(_count(layouts, name, outline, query, dialect), parameters).scalar_one()
    if query.limit == 0 or total == 0:
        return Page((), total)
    statement = _page(layouts, name, outline, query, dialect)
    if query.cursor is not None:
        parameters |= _position(layout, query)
    if query.offset:
        parameters["skip"] = query.offset
    if query.limit is not None:
        parameters["most"] = query.limit + 1
    rows = connection.execute(statement, parameters).mappings().all()
    shown = rows if query.limit is None else rows[: query.limit]
    entries = entries_of(connection, layouts, name, wanted_of(layout, query.attributes), shown)
    cursor = _cursor(layout, query, shown[-1]) if len(rows) > len(shown) else None
    return Page(entries, total, cursor)


def _where(layouts: Layouts, name: str, outline: Shape, query: Query, dialect: str) -> sa.ColumnElement[bool]:
    condition = Builder(layouts, name, dialect).condition(outline)
    if query.ids is None:
        return condition
    anchor = layouts[name].anchor
    return sa.and_(Grouping(condition), texts.one_of(anchor, "ids", anchor.type, dialect))


def _count(layouts: Layouts, name: str, outline: Shape, query: Query, dialect: str) -> sa.Select[Any]:
    layout = layouts[name]
    key = ("count", outline, query.ids is None)
    if (found := layout.prepared.get(key)) is None:
        condition = _where(layouts, name, outline, query, dialect)
        found = _keep(layout, key, sa.select(sa.func.count()).select_from(layout.rows.table).where(condition))
    return found


def _page(layouts: Layouts, name: str, outline: Shape, query: Query, dialect: str) -> sa.Select[Any]:
    layout = layouts[name]
    wanted = wanted_of(layout, query.attributes)
    absent = query.cursor is not None and _absent(query.cursor)
    key = (
        *("page", outline, query.ids is None, wanted.columns, query.sort_by, query.sort_exact, query.descending),
        *(query.limit is None, query.offset == 0, query.cursor is None, absent),
    )
    if (found := layout.prepared.get(key)) is not None:
        return found  # type: ignore[no-any-return]
    by = _sort_expression(layout, query, dialect)
    statement = sa.select(*columns_of(layout, wanted)).where(_where(layouts, name, outline, query, dialect))
    if by is None:
        statement = statement.order_by(layout.anchor.desc() if query.descending else layout.anchor)
    else:
        order = _ordered(by, query.descending, dialect)
        statement = statement.add_columns(by.label("@sort")).order_by(*order, layout.anchor)
    if query.cursor is not None:
        statement = statement.where(_beyond(layout, by, query.descending, absent))
    if query.limit is not None:
        statement = statement.limit(sa.bindparam("most", type_=sa.Integer()))
    if query.offset:
        statement = statement.offset(sa.bindparam("skip", type_=sa.Integer()))
    return _keep(layout, key, statement)


def _keep(layout: Layout, key: Any, statement: sa.Select[Any]) -> sa.Select[Any]:
    if len(layout.prepared) >= KEPT:
        layout.prepared.clear()
    layout.prepared[key] = statement
    return statement


def _sort_expression(layout: Layout, query: Query, dialect: str) -> sa.ColumnElement[Any] | None:
    """What a page is sorted by, None for the anchor. :raises Unsupported: not a column of the table."""
    attribute = query.sort_by
    if attribute in (None, ID, layout.options.spec.anchor):
        return None
    codec = layout.rows.codecs.get(attribute)
    if codec is None or codec.kind == "json":
        raise Unsupported(f"the database cannot sort by '{attribute}'", attribute=attribute)
    column: sa.ColumnElement[Any] = layout.rows.column(attribute)
    if codec.kind != "text":
        return column
    mode = "exact" if query.sort_exact else "fold" if dialect == "sqlite" else "lower"
    return texts.by_code_point(texts.folded(column, mode, dialect), dialect)


def _ordered(by: sa.ColumnElement[Any], descending: bool, dialect: str) -> list[sa.ColumnElement[Any]]:
    """Those that lack the attribute come last, and first when descending, wherever the database would put them."""
    if dialect in ("sqlite", "postgresql", "oracle"):
        return [by.desc().nulls_first() if descending else by.asc().nulls_last()]
    lacking = sa.case((by.is_(None), 1), else_=0)
    return [lacking.desc(), by.desc()] if descending else [lacking, by]


def _beyond(layout: Layout, by: sa.ColumnElement[Any] | None, descending: bool, absent: bool) -> sa.ColumnElement[bool]:
    """Rows after the position (``at_sort``, ``at_id``): later in the order, or equal in it and later by anchor."""
    last = sa.bindparam("at_id", type_=layout.anchor.type)
    if by is None:
        return layout.anchor < last if descending else layout.anchor > last
    later = layout.anchor > last
    if absent:
        rest = sa.and_(by.is_(None), later)
        return sa.or_(by.is_not(None), rest) if descending else rest
    value = sa.bindparam("at_sort", type_=by.type)
    further = sa.or_(by < value if descending else by > value, sa.and_(by == value, later))
    return further if descending else sa.or_(further, by.is_(None))


def _cursor(layout: Layout, query: Query, row: sa.RowMapping) -> str:
    position: list[Any] = [layout.anchor_codec.decode(row[layout.anchor.name])]
    if "@sort" in row:
        codec = layout.rows.codecs[query.sort_by or ""]
        raw = row["@sort"]
        raw = raw.decode() if codec.kind == "text" and isinstance(raw, bytes) else raw
        position.append(None if raw is None else codec.decode(raw))
    return json.dumps(position)


def _read(cursor: str) -> list[Any]:
    try:
        position = json.loads(cursor)
    except ValueError as error:
        raise Unsupported("this is no cursor of this collection") from error
    if not isinstance(position, list) or len(position) not in (1, 2):
        raise Unsupported("this is no cursor of this collection")
    return position


def _absent(cursor: str) -> bool:
    position = _read(cursor)
    return len(position) == 2 and position[1] is None


def _position(layout: Layout, query: Query) -> dict[str, Any]:
    position = _read(query.cursor or "")
    try:
        found = {"at_id": layout.anchor_codec.encode(position[0])}
        if len(position) == 2 and position[1] is not None:
            found["at_sort"] = layout.rows.codecs[query.sort_by or ""].encode(position[1])
    except (ValueError, KeyError) as error:
        raise Unsupported("this is no cursor of this collection") from error
    return found
