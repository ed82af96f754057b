"""A filter becomes a condition.

In two steps, so that statements are built once: ``shape`` turns a filter into a hashable outline and the list of its
values in the column's form; ``condition`` turns an outline into SQL whose parameters are ``p0``, ``p1`` … Every value
is bound. Every leaf is true or not true: NULL is no third truth, since ``Not`` tests ``IS NOT TRUE``.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import Grouping

from connectors.entry import GROUPS, ID, MEMBERS, Ref, Value
from connectors.errors import Unsupported
from connectors.filters import And, AnyOf, Compare, Filter, Not, Operator, Or, Present
from connectors.sql import mysql, texts
from connectors.sql.codecs import Codec, Unfit, encode_id
from connectors.sql.tables import Layout

NOTHING = ("nothing",)
PATTERNS = {Operator.CO: ("%", "%"), Operator.SW: ("", "%"), Operator.EW: ("%", "")}
ORDER: Mapping[str, Callable[[Any, Any], Any]] = {
    Operator.EQ: lambda left, right: left == right,
    Operator.GT: lambda left, right: left > right,
    Operator.GE: lambda left, right: left >= right,
    Operator.LT: lambda left, right: left < right,
    Operator.LE: lambda left, right: left <= right,
}
Shape = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a leaf looks: the codec that speaks there, and how to say "some row there has …"."""

    codec: Codec
    column: sa.Column[Any]
    wrap: Callable[[sa.ColumnElement[bool]], sa.ColumnElement[bool]]
    exact: bool = False


def shape(term: Filter, layouts: Mapping[str, Layout], name: str, values: list[Any], dialect: str) -> Shape:
    """Outline ``term`` over the collection ``name``, appending its values. :raises Unsupported: no such attribute."""
    match term:
        case And(terms) | Or(terms):
            word = "and" if isinstance(term, And) else "or"
            return (word, *(shape(each, layouts, name, values, dialect) for each in terms))
        case Not(inner):
            return ("not", shape(inner, layouts, name, values, dialect))
        case Present(attribute):
            return ("present", attribute)
    places = list(find(term.attribute, layouts, name))
    leaves = [_leaf(term, index, place, values, dialect) for index, place in enumerate(places)]
    return leaves[0] if len(leaves) == 1 else ("or", *leaves)


def _leaf(term: Compare | AnyOf, index: int, place: Place, values: list[Any], dialect: str) -> Shape:
    exact = term.case_exact or place.exact or place.codec.kind != "text"
    if isinstance(term, AnyOf):
        if place.codec.kind in ("json", "moment"):
            raise Unsupported(f"'{term.attribute}' cannot be looked up in a list", attribute=term.attribute)
        found = [encoded for value in term.values if (encoded := _encoded(place, value)) is not None]
        mode = "exact" if exact else "lower" if all(str(each).isascii() for each in found) else "fold"
        values.append(texts.listed([_folded(each, mode, dialect) for each in found], dialect))
        return ("any", term.attribute, index, mode)
    if place.codec.kind == "json":
        raise Unsupported(f"'{term.attribute}' cannot be compared in the database", attribute=term.attribute)
    encoded = _encoded(place, term.value)
    if encoded is None:
        return NOTHING
    mode = "exact" if exact else "lower" if encoded.isascii() else "fold"
    encoded = _folded(encoded, mode, dialect)
    if term.operator in PATTERNS:
        if place.codec.kind != "text":
            raise Unsupported(f"'{term.attribute}' is no text", attribute=term.attribute)
        encoded = texts.pattern(encoded, *PATTERNS[term.operator])
    values.append(encoded)
    return (str(term.operator), term.attribute, index, mode)


def _encoded(place: Place, value: Value) -> Any:
    try:
        if place.exact:
            return encode_id(place.codec, value.id if isinstance(value, Ref) else str(value))
        return place.codec.encode(value)
    except Unfit:
        return None


def _folded(value: Any, mode: str, dialect: str) -> Any:
    """Fold a value as its column will be; on PostgreSQL the database folds both sides of a "fold" itself."""
    if mode == "exact":
        return value
    return value.casefold() if mode == "fold" and dialect == "sqlite" else value.lower()


def find(attribute: str, layouts: Mapping[str, Layout], name: str) -> Iterator[Place]:
    """Find where an attribute is kept; more than one place only for groups. :raises Unsupported: nowhere."""
    layout = layouts[name]
    if attribute == ID:
        yield Place(layout.anchor_codec, layout.anchor, lambda leaf: leaf, exact=True)
    elif attribute == GROUPS:
        for group in layouts.values():
            if group.members is not None and group.options.members and name in group.options.members.collections:
                yield _membership(group, group.options.members.group, group.options.members.user, layout.anchor, name)
    elif attribute == MEMBERS and layout.members is not None and layout.options.members is not None:
        yield _membership(layout, layout.options.members.user, layout.options.members.group, layout.anchor, None)
    elif attribute in layout.rows.codecs:
        exact = attribute in layout.options.spec.references or attribute == layout.options.spec.anchor
        yield Place(layout.rows.codecs[attribute], layout.rows.column(attribute), lambda leaf: leaf, exact)
    elif (place := _child_place(attribute, layout)) is not None:
        yield place
    else:
        raise Unsupported(f"there is no '{attribute}' in the database", attribute=attribute)


def _membership(group: Layout, named: str, here: str, anchor: sa.Column[Any], member: str | None) -> Place:
    rows, options = group.members, group.options.members
    if rows is None or options is None:
        raise Unsupported("this collection has no members", attribute=MEMBERS)
    inner = rows.table.alias()
    mine = sa.true() if member is None or options.type is None else inner.c[options.type] == sa.literal(member)
    return Place(rows.codecs[named], inner.c[named], _within(anchor, inner.c[here], mine), exact=True)


def _within(
    anchor: sa.Column[Any], key: sa.ColumnElement[Any], mine: sa.ColumnElement[bool]
) -> Callable[[sa.ColumnElement[bool]], sa.ColumnElement[bool]]:
    """ "Some row there has …". Not correlated, so that the database may begin with whichever side finds less."""
    return lambda leaf: anchor.in_(sa.select(key).where(mine, leaf))


def _child_place(attribute: str, layout: Layout) -> Place | None:
    whole, _, part = attribute.partition(".")
    rows, options = layout.children.get(whole), layout.options.children.get(whole)
    if rows is None or options is None:
        return None
    inner = rows.table.alias()
    column = options.columns.get(part) if part else options.key
    if column is None:
        raise Unsupported(f"there is no '{attribute}' in the database", attribute=attribute)
    wrap = _within(layout.anchor, inner.c[options.key], sa.true())
    return Place(rows.codecs[column], inner.c[column], wrap)


@dataclass(slots=True)
class Builder:
    """Builds the condition of one outline, numbering parameters in the order in which ``shape`` took the values."""

    layouts: Mapping[str, Layout]
    name: str
    dialect: str
    numbers: Iterator[int] = field(default_factory=count)

    def condition(self, outline: Shape) -> sa.ColumnElement[bool]:
        """Build the SQL of an outline; true or not true, and possibly NULL for not true."""
        match outline:
            case ("nothing",):
                return sa.false()
            case ("and", *terms):
                return self._joined(sa.and_, sa.true(), terms)
            case ("or", *terms):
                return self._joined(sa.or_, sa.false(), terms)
            case ("not", inner):
                return texts.is_not_true(Grouping(self.condition(inner)), self.dialect)
            case ("present", attribute):
                return self._present(attribute)
            case (operator, attribute, index, mode):
                place = list(find(attribute, self.layouts, self.name))[index]
                return place.wrap(self._compare(operator, place, mode))
        raise Unsupported("no such comparison")

    def _joined(self, join: Any, empty: Any, terms: list[Shape]) -> sa.ColumnElement[bool]:
        """Join in balanced groups: databases bound the depth of an expression, and a chain is as deep as it is long."""
        if len(terms) > 32:
            middle = len(terms) // 2
            halves = [Grouping(self._joined(join, empty, half)) for half in (terms[:middle], terms[middle:])]
            return join(*halves)  # type: ignore[no-any-return]
        return Grouping(join(empty, *(self.condition(each) for each in terms)))

    def _present(self, attribute: str) -> sa.ColumnElement[bool]:
        conditions = []
        for place in find(attribute, self.layouts, self.name):
            held: sa.ColumnElement[bool] = place.column.is_not(None)
            conditions.append(place.wrap(sa.and_(held, place.column != "") if place.codec.kind == "text" else held))
        return sa.or_(sa.false(), *conditions)

    def _compare(self, operator: str, place: Place, mode: str) -> sa.ColumnElement[bool]:
        name, text = f"p{next(self.numbers)}", place.codec.kind == "text"
        type_ = sa.Text() if text else place.column.type
        mode = mode if text else "exact"
        if operator == "any":
            return texts.one_of(place.column, name, type_, self.dialect, mode)
        value: sa.ColumnElement[Any] = sa.bindparam(name, type_=type_)
        if not text:
            return ORDER[operator](place.column, value)  # type: ignore[no-any-return]
        asked = texts.folded(value, mode, self.dialect) if mode == "fold" and self.dialect != "sqlite" else value
        if operator == Operator.EQ and self.dialect == mysql.NAME:
            return texts.indexed(place.column, place.column == value, self.dialect, lambda own: own == asked, mode)
        column = texts.folded(place.column, mode, self.dialect)
        if operator in PATTERNS:
            return column.like(asked, escape=texts.ESCAPE)
        if operator != Operator.EQ:
            column, asked = (texts.by_code_point(each, self.dialect) for each in (column, asked))
        return ORDER[operator](column, asked)  # type: ignore[no-any-return]
