"""What users and teams have in common: reading and writing rows, in pages, with versions."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, delete, func, insert, select
from sqlalchemy.exc import IntegrityError
from starlette.exceptions import HTTPException

PAGE, MOST = 50, 200
LARGEST = 10**17
Row = dict[str, Any]


@dataclass(frozen=True)
class Ask:
    """One request. :param given: of the query and the path."""

    db: Connection
    given: Mapping[str, str]
    headers: Mapping[str, str]
    body: Row

    def number(self, name: str, default: int) -> int:
        """A number of the query. :raises HTTPException: 400."""
        text = self.given.get(name, str(default))
        if not (text.isascii() and text.isdigit()):
            raise HTTPException(400, f"{name} is a number")
        return min(int(text), LARGEST)

    def text(self, name: str) -> str:
        """A text of the body that must be there. :raises HTTPException: 422."""
        value = self.body.get(name)
        if not isinstance(value, str) or not value.strip() or "\0" in value:
            raise HTTPException(422, f"{name} must be text")
        return value


def one(ask: Ask, table: Table, name: str = "id") -> Row:
    """The row that the path names. :raises HTTPException: 404."""
    text = ask.given[name]
    plain = text.isascii() and text.isdigit() and str(int(text)) == text and int(text) < LARGEST
    found = by_id(ask.db, table, int(text)) if plain else None
    if found is None:
        raise HTTPException(404, f"no such {table.name[:-1]}")
    return found


def by_id(db: Connection, table: Table, id: Any) -> Row | None:
    row = db.execute(select(table).where(table.c.id == id)).mappings().first()
    return None if row is None else dict(row)


def made(db: Connection, table: Table, values: Row) -> Row:
    """Insert a row, and return it as it is now."""
    with taken():
        (key,) = db.execute(insert(table).values(values)).inserted_primary_key or (None,)
    return by_id(db, table, key) or {}


def removed(ask: Ask, table: Table) -> None:
    db, id = ask.db, one(ask, table)["id"]
    db.execute(delete(table).where(table.c.id == id))


def page(ask: Ask, key: Column[int], shown: Callable[[Row], Row], *wanted: ColumnElement[bool]) -> Row:
    """``{"data": [...], "meta": {"next": cursor or null, "total": n}}``, in the order of ``key``."""
    size = min(ask.number("limit", PAGE), MOST)
    total = ask.db.execute(select(func.count()).select_from(key.table).where(*wanted)).scalar_one()
    following = select(key.table).where(*wanted, key > ask.number("cursor", 0)).order_by(key).limit(size + 1)
    found = [dict(row) for row in ask.db.execute(following).mappings()]
    more = found[size - 1][key.name] if 0 < size < len(found) else None
    return {"data": [shown(row) for row in found[:size]], "meta": {"next": more, "total": total}}


def asked(ask: Ask, table: Table, *names: str) -> list[ColumnElement[bool]]:
    """Those of the columns that the query asks for, in any capitals."""
    return [func.lower(table.c[name]) == func.lower(ask.given[name]) for name in names if name in ask.given]


@contextmanager
def taken() -> Iterator[None]:
    """What the database knows better: somebody was faster."""
    try:
        yield
    except IntegrityError:
        raise HTTPException(409, "somebody else has it") from None
