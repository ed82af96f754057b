"""LDAP filters (RFC 4511 §4.5.1.7) as bytes. There is no filter text, so there is nothing to escape."""

from collections.abc import Iterable, Sequence

from connectors.ldap.ber import join, octets, text, tlv

_AND, _OR, _NOT, _EQUAL, _SUBSTRINGS, _GREATER, _LESS, _PRESENT, _EXTENSIBLE = (
    0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0x87, 0xA9,
)  # fmt: skip


def present(attribute: str) -> bytes:
    """``(attribute=*)``"""
    return octets(attribute.encode(), _PRESENT)


ALL = present("objectClass")
NOTHING = tlv(_NOT, ALL)


def equal(attribute: str, value: bytes) -> bytes:
    """``(attribute=value)``"""
    return join(_EQUAL, (text(attribute), octets(value)))


def at_least(attribute: str, value: bytes) -> bytes:
    """``(attribute>=value)``"""
    return join(_GREATER, (text(attribute), octets(value)))


def at_most(attribute: str, value: bytes) -> bytes:
    """``(attribute<=value)``"""
    return join(_LESS, (text(attribute), octets(value)))


def matches(attribute: str, rule: str, value: bytes) -> bytes:
    """``(attribute:rule:=value)``"""
    parts = (octets(rule.encode(), 0x81), octets(attribute.encode(), 0x82), octets(value, 0x83))
    return join(_EXTENSIBLE, parts)


def substrings(attribute: str, first: bytes, inner: Sequence[bytes], last: bytes) -> bytes:
    """``(attribute=first*inner*last)``; empty parts are left out, and with none left it is ``present``."""
    parts = [octets(first, 0x80)] if first else []
    parts += [octets(part, 0x81) for part in inner if part]
    parts += [octets(last, 0x82)] if last else []
    return join(_SUBSTRINGS, (text(attribute), join(0x30, parts))) if parts else present(attribute)


def both(*terms: bytes) -> bytes:
    """``(&…)``"""
    kept = [term for term in terms if term != ALL]
    if NOTHING in kept:
        return NOTHING
    return join(_AND, kept) if len(kept) > 1 else kept[0] if kept else ALL


def either(terms: Iterable[bytes]) -> bytes:
    """``(|…)``; of nothing it is what no entry satisfies."""
    kept = [term for term in terms if term != NOTHING]
    if ALL in kept:
        return ALL
    return join(_OR, kept) if len(kept) > 1 else kept[0] if kept else NOTHING


def negated(term: bytes) -> bytes:
    """``(!…)``"""
    if term == ALL:
        return NOTHING
    return ALL if term == NOTHING else tlv(_NOT, term)


def any_value(attribute: str, values: Iterable[bytes]) -> bytes:
    """``(|(attribute=a)(attribute=b)…)``"""
    name = text(attribute)
    return either(join(_EQUAL, (name, octets(value))) for value in values)
