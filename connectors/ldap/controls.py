"""The controls this connector knows, and what a server must list in its root DSE before they are used."""

from collections.abc import Iterable
from functools import lru_cache

from connectors.ldap.ber import SEQUENCE, element, integer, join, octets, text
from connectors.ldap.messages import Control, Response, Row, row

PAGED = "1.2.840.113556.1.4.319"
POST_READ = "1.3.6.1.1.13.2"
ASSERTION = "1.3.6.1.1.12"
MATCHED_VALUES = "1.2.826.0.1.3344810.2.3"

NAMES = {
    "paged": PAGED,
    "post-read": POST_READ,
    "assertion": ASSERTION,
    "matched-values": MATCHED_VALUES,
}
"""The names by which ``avoid`` of ``[target.NAME]`` switches one off where a server announces it but fails at it."""


def paged(size: int, cookie: bytes = b"") -> Control:
    """Simple paged results (RFC 2696)."""
    return Control(PAGED, join(SEQUENCE, (integer(size), octets(cookie))))


def cookie_of(response: Response) -> bytes:
    """The cookie for the next page; empty after the last."""
    value = response.controls.get(PAGED, b"")
    if not value:
        return b""
    _, start, end = element(value, 0, len(value))
    _, _, after = element(value, start, end)
    _, first, last = element(value, after, end)
    return value[first:last]


@lru_cache(maxsize=256)
def _post_read(attributes: tuple[str, ...]) -> Control:
    return Control(POST_READ, join(SEQUENCE, map(text, attributes)))


def post_read(attributes: Iterable[str]) -> Control:
    """Return the entry as the write leaves it (RFC 4527)."""
    return _post_read(tuple(attributes))


def row_after(response: Response) -> Row | None:
    """The entry that ``post_read`` asked for, if the server sent it."""
    value = response.controls.get(POST_READ)
    if not value:
        return None
    _, start, end = element(value, 0, len(value))
    return row(value, start, end)


def assertion(filter: bytes) -> Control:
    """Do it only if the entry satisfies ``filter`` (RFC 4528); else code 122."""
    return Control(ASSERTION, filter, critical=True)


def matched_values(items: Iterable[bytes]) -> Control:
    """Return only the values that satisfy one of ``items`` (RFC 3876)."""
    return Control(MATCHED_VALUES, join(SEQUENCE, items), critical=True)
