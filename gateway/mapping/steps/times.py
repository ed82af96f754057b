"""Points in time as targets write them: ``ldap_time ad_time iso_time``."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from gateway.mapping.steps.step import Plain, StepError, spelled

_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_NEVER = (0, 2**63 - 1)
_PLAIN = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})Z")
_WRITTEN = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})Z")


def instant(value: Any) -> datetime | None:
    """Read an xsd:dateTime (RFC 7643 §2.3.5), without an offset as UTC; None where it is none."""
    if isinstance(value, datetime):
        moment = value
    else:
        try:
            moment = datetime.fromisoformat(value)
        except (ValueError, TypeError):
            return None
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        return None


def written(moment: datetime) -> str:
    """Write a point in time as SCIM does: UTC with ``Z``, and a fraction only where there is one."""
    moment = moment.astimezone(UTC)
    fraction = f".{moment.microsecond:06d}".rstrip("0") if moment.microsecond else ""
    return f"{moment:%Y}-".zfill(5) + f"{moment:%m-%dT%H:%M:%S}{fraction}Z"


def _asked(value: Any, step: str) -> datetime:
    moment = instant(value)
    if moment is None:
        raise StepError(f"'{step}' takes a date and time such as 2026-01-31T12:00:00Z")
    return moment


def rewritten(value: str) -> str | None:
    """Any xsd:dateTime as ``written`` writes it; None where it is none."""
    plain = _WRITTEN.fullmatch(value)
    if plain is not None and _is_moment(plain):  # as it should be already, and nearly always is
        return value
    moment = instant(value)
    return None if moment is None else written(moment)


def _is_moment(found: re.Match[str]) -> bool:
    """Whether year, month, day, hour, minute and second name a point in time."""
    try:
        datetime(*map(int, found.groups()))  # type: ignore[arg-type]  # six numbers
    except ValueError:
        return False
    return True


class LdapTime(Plain):
    """GeneralizedTime of RFC 4517 (``20260131120000Z``)."""

    name = "ldap_time"
    spellings = True
    example = '"meta.created" = { attr = "createTimestamp", via = ["ldap_time"] }'
    gives = "string"

    def forward(self, value: Any) -> str:
        moment = _asked(value, self.name)
        fraction = f".{moment.microsecond:06d}".rstrip("0") if moment.microsecond else ""
        return f"{moment.year:04d}{moment:%m%d%H%M%S}{fraction}Z"

    def backward(self, value: Any) -> str | None:
        plain = _PLAIN.fullmatch(value) if isinstance(value, str) else None
        if plain is not None:  # how directories write nearly every time
            return _plainly(plain)
        moment = generalized_time(spelled(value).upper()) if value is not None else None
        return None if moment is None else written(moment)


def _plainly(found: re.Match[str]) -> str | None:
    """``20260131120000Z`` as SCIM writes it; None where there is no such moment."""
    if not _is_moment(found):
        return None
    year, month, day, hour, minute, second = found.groups()
    return f"{year}-{month}-{day}T{hour}:{minute}:{second}Z"


def generalized_time(value: str) -> datetime | None:
    """Read a GeneralizedTime (RFC 4517 §3.3.13); None where it is none."""
    digits = value[: next((at for at, sign in enumerate(value) if not sign.isdecimal()), len(value))]
    rest = value[len(digits) :]
    if len(digits) not in (10, 12, 14) or not digits.isascii():
        return None
    fraction = ""
    if rest[:1] in (".", ","):
        fraction = rest[1 : 1 + next((at for at, sign in enumerate(rest[1:]) if not sign.isdecimal()), len(rest) - 1)]
        rest = rest[1 + len(fraction) :]
    offset = _offset(rest)
    if offset is None or not fraction.isascii():
        return None
    unit = {10: 3600, 12: 60, 14: 1}[len(digits)]
    try:
        moment = datetime.strptime(digits.ljust(14, "0"), "%Y%m%d%H%M%S").replace(tzinfo=timezone(offset))
        return (moment + timedelta(seconds=unit * float(f"0.{fraction[:9] or 0}"))).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _offset(zone: str) -> timedelta | None:
    if zone == "Z":
        return timedelta()
    if len(zone) not in (3, 5) or zone[0] not in "+-" or not (zone[1:].isdecimal() and zone.isascii()):
        return None
    span = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:] or 0))
    return None if span >= timedelta(days=1) else -span if zone[0] == "-" else span


class AdTime(Plain):
    """Active Directory's time: hundreds of nanoseconds since 1601. ``0`` and the largest number mean never, and are not
    shown."""

    name = "ad_time"
    spellings = True
    example = '"meta.created" = { attr = "whenCreatedTicks", via = ["ad_time"] }'
    gives = "integer"

    def forward(self, value: Any) -> int:
        span = _asked(value, self.name) - _EPOCH
        ticks = (span.days * 86_400 + span.seconds) * 10_000_000 + span.microseconds * 10
        if ticks <= 0:
            raise StepError("'ad_time' takes no time before 1601")
        return ticks

    def backward(self, value: Any) -> str | None:
        try:
            ticks = int(value)
            if ticks in _NEVER or ticks < 0:
                return None
            return written(_EPOCH + timedelta(microseconds=ticks // 10))
        except (ValueError, TypeError, OverflowError):
            return None


class IsoTime(Plain):
    """A date and time as ISO 8601 text, in UTC."""

    name = "iso_time"
    spellings = True
    example = '"meta.created" = { attr = "created_at", via = ["iso_time"] }'
    gives = "dateTime"

    def forward(self, value: Any) -> str:
        return written(_asked(value, self.name))

    def backward(self, value: Any) -> str | None:
        if type(value) is str:
            return rewritten(value)
        moment = instant(value)
        return None if moment is None else written(moment)


STEPS = (LdapTime, AdTime, IsoTime)
