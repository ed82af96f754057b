"""Long lists of values: Active Directory returns 1,500 at once and the rest by ranges ([MS-ADTS] 3.1.1.3.1.3.3)."""

import re
from collections.abc import Iterable

from connectors.ldap import query
from connectors.ldap.messages import BASE_OBJECT, Row
from connectors.ldap.pool import Link

PORTION = 1500
"""How many values to ask for at once; a server may return fewer."""
_RANGED = re.compile(r"(.+);range=\d+-(\d+|\*)")


def ranged(name: str, start: int = 0) -> str:
    """What to ask for instead of ``name``: its values from the one at ``start`` on."""
    return f"{name};range={start}-{start + PORTION - 1}"


async def whole(link: Link, row: Row) -> Row:
    """The row with every ranged attribute under its own name and all its values.

    :raises Unavailable: the rest cannot be read.
    """
    parts = [(found[1], found[2], name) for name in row.values if (found := _RANGED.fullmatch(name))]
    if not parts:
        return row
    values = {name: held for name, held in row.values.items() if not _RANGED.fullmatch(name)}
    for plain, last, name in parts:
        held = list(row.values[name])
        while last != "*":
            more, last = _part(plain, await _next(link, row.dn, ranged(plain, len(held))))
            held += more
        values[plain] = held
    return Row(row.dn, values)


async def _next(link: Link, dn: str, asked: str) -> Iterable[tuple[str, list[bytes]]]:
    rows = await link.find(dn, query.ALL, (asked,), BASE_OBJECT)
    return rows[0].values.items() if rows else ()


def _part(plain: str, items: Iterable[tuple[str, list[bytes]]]) -> tuple[list[bytes], str]:
    for name, held in items:
        found = _RANGED.fullmatch(name)
        if found and found[1] == plain and held:
            return held, found[2]
    return [], "*"  # the values left have gone meanwhile
