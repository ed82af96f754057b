"""LDAP messages (RFC 4511 §4): requests to bytes, bytes to responses."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from connectors.ldap.ber import (
    ENUMERATED,
    SEQUENCE,
    SET,
    boolean,
    element,
    elements,
    integer,
    join,
    number,
    octets,
    text,
    tlv,
)

BASE_OBJECT, ONE_LEVEL, SUBTREE = 0, 1, 2
ADD, DELETE, REPLACE = 0, 1, 2
ENTRY, DONE, REFERENCE, INTERMEDIATE, EXTENDED = 0x64, 0x65, 0x73, 0x79, 0x78
_NEVER = b"\x0a\x01\x00"  # derefAliases: neverDerefAliases

Values = Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Control:
    """One control (RFC 4511 §4.1.11)."""

    oid: str
    value: bytes | None = None
    critical: bool = False

    def encode(self) -> bytes:
        parts = [text(self.oid)]
        if self.critical:
            parts.append(boolean(True))
        if self.value is not None:
            parts.append(octets(self.value))
        return join(SEQUENCE, parts)


@dataclass(frozen=True, slots=True)
class Row:
    """One entry as it came: attribute names in lower case, values as bytes."""

    dn: str
    values: Mapping[str, list[bytes]]


@dataclass(frozen=True, slots=True)
class Response:
    """A result (RFC 4511 §4.1.9), the entries before it, and its controls by OID."""

    code: int
    message: str = ""
    matched: str = ""
    rows: Sequence[Row] = ()
    controls: Mapping[str, bytes] = field(default_factory=dict)


def envelope(number: int, operation: bytes, controls: Sequence[Control] = ()) -> bytes:
    """An LDAPMessage."""
    parts = [integer(number), operation]
    if controls:
        parts.append(join(0xA0, (control.encode() for control in controls)))
    return join(SEQUENCE, parts)


def search(
    base: str, scope: int, filter: bytes, attributes: Iterable[str], *, size: int = 0, seconds: int = 0
) -> bytes:
    """A SearchRequest; aliases are never followed."""
    parts = (
        text(base),
        integer(scope, ENUMERATED),
        _NEVER,
        integer(size),
        integer(seconds),
        boolean(False),
        filter,
        _selection(tuple(attributes)),
    )
    return join(0x63, parts)


@lru_cache(maxsize=1024)
def _selection(attributes: tuple[str, ...]) -> bytes:
    return join(SEQUENCE, map(text, attributes))


def add(dn: str, attributes: Mapping[str, Values]) -> bytes:
    """An AddRequest."""
    pairs = (join(SEQUENCE, (text(name), join(SET, map(octets, values)))) for name, values in attributes.items())
    return join(0x68, (text(dn), join(SEQUENCE, pairs)))


def modify(dn: str, changes: Iterable[tuple[int, str, Values]]) -> bytes:
    """A ModifyRequest of (operation, attribute, values)."""
    encoded = (
        join(
            SEQUENCE,
            (integer(kind, ENUMERATED), join(SEQUENCE, (text(name), join(SET, map(octets, values))))),
        )
        for kind, name, values in changes
    )
    return join(0x66, (text(dn), join(SEQUENCE, encoded)))


def rename(dn: str, rdn: str, parent: str | None = None) -> bytes:
    """A ModifyDNRequest that drops the old RDN's values."""
    parts = [text(dn), text(rdn), boolean(True)]
    if parent is not None:
        parts.append(octets(parent.encode(), 0x80))
    return join(0x6C, parts)


def delete(dn: str) -> bytes:
    """A DelRequest."""
    return tlv(0x4A, dn.encode())


def set_password(dn: str, password: bytes) -> bytes:
    """A password modify extended operation (RFC 3062) by an administrator: no old password."""
    value = join(SEQUENCE, (octets(dn.encode(), 0x80), octets(password, 0x82)))
    return join(0x77, (octets(b"1.3.6.1.4.1.4203.1.11.1", 0x80), octets(value, 0x81)))


@lru_cache(maxsize=4096)
def _name(raw: bytes) -> str:
    return raw.decode("utf-8", "replace").lower()


def row(buffer: bytes | bytearray, start: int, end: int) -> Row:
    """The content of a SearchResultEntry, whose body stands between ``start`` and ``end``.

    Nearly every length is one byte; where it is, no function is called for it.

    :raises ValueError: it is malformed.
    """
    data = bytes(buffer[start:end])
    _, first, at = element(data, 0, len(data))
    dn = data[first:at].decode("utf-8", "replace")
    _, at, end = element(data, at, len(data))
    values: dict[str, list[bytes]] = {}
    while at < end:
        _, inner, at = element(data, at, end)
        first = inner + 2
        if first <= at and (size := data[inner + 1]) < 0x80:
            last = first + size
        else:
            _, first, last = element(data, inner, at)
        inner = last + 2
        if inner <= at and (size := data[last + 1]) < 0x80:
            stop = inner + size
        else:
            _, inner, stop = element(data, last, at)
        if stop > at:
            raise ValueError("a truncated element")
        held = values[_name(data[first:last])] = []
        while inner < stop:
            first = inner + 2
            if first <= stop and (size := data[inner + 1]) < 0x80:
                inner = first + size
                if inner > stop:
                    raise ValueError("a truncated element")
            else:
                _, first, inner = element(data, inner, stop)
            held.append(data[first:inner])
    return Row(dn, values)


def result(buffer: bytes | bytearray, start: int, end: int, after: int, rows: Sequence[Row] = ()) -> Response:
    """The LDAPResult between ``start`` and ``end``; its controls stand between ``end`` and ``after``.

    :raises ValueError: it is malformed.
    """
    _, a, b = element(buffer, start, end)
    code = number(buffer, a, b)
    _, c, d = element(buffer, b, end)
    _, e, f = element(buffer, d, end)
    controls: dict[str, bytes] = {}
    if end < after:
        _, first, last = element(buffer, end, after)
        for _, g, h in elements(buffer, first, last):
            parts = list(elements(buffer, g, h))
            oid = bytes(buffer[parts[0][1] : parts[0][2]]).decode("ascii", "replace")
            value = next((bytes(buffer[i:j]) for tag, i, j in parts[1:] if tag == 0x04), b"")
            controls[oid] = value
    message = bytes(buffer[e:f]).decode("utf-8", "replace")
    return Response(code, message, bytes(buffer[c:d]).decode("utf-8", "replace"), rows, controls)
