"""Values of the contract to values of a column and back, chosen by the column's type alone.

The SCIM type says little about a column: ``active`` may be kept as ``'active' / 'locked'``, or as 512 and 514.
"""

import json
import math
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import sqlalchemy as sa

from connectors.entry import Ref, Value
from connectors.matching import instant

LARGEST = 2**63 - 1
FLAGS = (("TINYINT", 1), ("BIT", 1))


class Unfit(ValueError):
    """A value that no row of this column can hold; a filter on it matches nothing, a write of it is refused."""


@dataclass(frozen=True, slots=True)
class Codec:
    """How one type of column speaks.

    :param kind: ``text number boolean moment exact json``: which comparisons have a meaning (``where``).
    :param encode: value → what the driver binds; raises ``Unfit``. :param decode: what the driver gives → value.
    :param keep: what the column makes of an encoded value (fewer decimals of a second); a comparison asks for all.
    """

    kind: str
    encode: Callable[[Any], Any]
    decode: Callable[[Any], Value]
    keep: Callable[[Any], Any] = lambda encoded: encoded

    def holds(self, raw: Any) -> bool:
        """Whether a column holds anything: neither NULL nor, in old tables of MySQL, the day 0000-00-00."""
        return raw is not None and not (self.kind == "moment" and isinstance(raw, str))


def codec_for(type_: sa.types.TypeEngine[Any]) -> Codec:
    """Choose the codec of a column by its reflected type."""
    if _is_flag(type_):
        return FLAG
    for kinds, make in CODECS:
        if isinstance(type_, kinds):
            return make(type_)
    return TEXT


def _text(value: Value) -> str:
    if isinstance(value, Ref):
        value = value.id
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if not isinstance(value, str):
        raise Unfit("not a text")
    if "\0" in value:
        raise Unfit("holds a NUL character")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise Unfit("holds half a character") from error
    return value


def _integer(value: Value) -> int:
    try:
        number = int(_digits(_text(value))) if isinstance(value, str | Ref) else int(_number(value))
    except ValueError as error:
        raise Unfit("not an integer") from error
    if number != value and not isinstance(value, str | Ref):
        raise Unfit("not an integer")
    if abs(number) > LARGEST:
        raise Unfit("too large a number")
    return number


def _digits(text: str) -> str:
    """Plain decimal digits only: ``int`` would also take `` 5``, ``1_0`` and other scripts' digits."""
    if not re.fullmatch(r"-?[0-9]{1,20}", text):
        raise Unfit("not an integer")
    return text


def _number(value: Value) -> int | float:
    if isinstance(value, int | float) and math.isfinite(value):
        return value
    raise Unfit("not a number")


def _decimal(value: Value) -> Decimal:
    try:
        number = Decimal(value) if isinstance(value, str) else Decimal(str(_number(value)))
    except InvalidOperation as error:
        raise Unfit("not a number") from error
    if not number.is_finite():
        raise Unfit("not a number")
    return number


def _float(value: Value) -> float:
    return float(_decimal(value))


def _flag(value: Value) -> int:
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return int(value.lower() == "true")
    return _integer(int(value) if isinstance(value, bool) else value)


def _is_flag(type_: Any) -> bool:
    return (type_.__visit_name__, getattr(type_, "display_width", getattr(type_, "length", None))) in FLAGS


def _boolean(value: Value) -> bool:
    if isinstance(value, str):
        value = {"true": True, "false": False}.get(value.lower(), value)
    if value not in (True, False):
        raise Unfit("not a boolean")
    return bool(value)


def _moment(type_: Any) -> Codec:
    def encode(value: Value) -> datetime:
        moment = instant(value) if isinstance(value, str) else None
        if moment is None:
            raise Unfit("not a date and time")
        return moment if type_.timezone else moment.replace(tzinfo=None)

    decimals = getattr(type_, "fsp", getattr(type_, "precision", 6))
    step = 10 ** (6 - (0 if decimals is None and hasattr(type_, "fsp") else 6 if decimals is None else decimals))
    return Codec("moment", encode, _iso, lambda moment: moment.replace(microsecond=moment.microsecond // step * step))


def _iso(value: Any) -> str:
    moment = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return str(moment.isoformat().replace("+00:00", "Z"))


def _date(value: Value) -> date:
    try:
        return date.fromisoformat(_text(value)[:10])
    except ValueError as error:
        raise Unfit("not a date") from error


def _uuid(type_: Any) -> Codec:
    def encode(value: Value) -> Any:
        try:
            found = uuid.UUID(_text(value))
        except ValueError as error:
            raise Unfit("not a UUID") from error
        return found if type_.as_uuid else str(found)

    return Codec("exact", encode, str)


def _json(value: Value) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    try:
        return json.loads(_text(value)) if isinstance(value, str) else value
    except ValueError as error:
        raise Unfit("not JSON") from error


def _json_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _binary(value: Value) -> bytes:
    if isinstance(value, bytes):
        return value
    return _text(value).encode()


def _enumerated(type_: Any) -> Codec:
    def encode(value: Value) -> str:
        if (text := _text(value)) not in type_.enums:
            raise Unfit(f"not one of {', '.join(type_.enums)}")
        return text

    return Codec("exact", encode, str)


def encode_id(codec: Codec, id: str) -> Any:
    """Encode an id, which is one text and no other: ``05`` is not ``5``. :raises Unfit:"""
    encoded = codec.encode(id)
    if str(codec.decode(encoded)) != id:
        raise Unfit("not written as an id is")
    return encoded


FLAG = Codec("boolean", _flag, lambda raw: {0: False, 1: True}.get(int(raw), int(raw)))
"""TINYINT(1) and BIT(1) of MySQL: a boolean to most, and to some a small number"""
TEXT = Codec("text", _text, lambda value: value if isinstance(value, str) else str(value))

# The first that fits; an Enum is a String to SQLAlchemy, so it stands before it.
CODECS: tuple[tuple[Any, Callable[[Any], Codec]], ...] = (
    (sa.Enum, _enumerated),
    (sa.Uuid, _uuid),
    (sa.JSON, lambda _: Codec("json", _json, _json_text)),
    (sa.Boolean, lambda _: Codec("boolean", _boolean, bool)),
    (sa.Integer, lambda _: Codec("number", _integer, int)),
    (sa.Float, lambda _: Codec("number", _float, float)),
    (sa.Numeric, lambda _: Codec("number", _decimal, float)),
    (sa.DateTime, _moment),
    (sa.Date, lambda _: Codec("exact", _date, lambda value: str(value.isoformat()))),
    (sa.LargeBinary, lambda _: Codec("exact", _binary, bytes)),
)
