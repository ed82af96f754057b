"""Numbers that new entries get: ``uidNumber`` and ``gidNumber`` (RFC 2307).

A directory counts nothing. The next number stands in an entry of its own, the counter, and whoever takes it puts the
one after it there by the same modify that removes it: of two gateways that saw one number, one gets code 16 and looks
again. A number that is taken and not used (the entry was refused) stays unused; one that an administrator gave away by
hand is passed over. A counter that is missing begins after the highest number in use.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors.errors import Refused, Unavailable
from connectors.ldap import codes, query
from connectors.ldap.dn import key, parse
from connectors.ldap.messages import ADD, BASE_OBJECT, DELETE, Response, add, modify
from connectors.ldap.pool import Link

ATTEMPTS = 1000
"""How often to try for a number; each failure is somebody else's success, or a number in use."""
_AGAIN = (codes.NO_SUCH_ATTRIBUTE, codes.CONSTRAINT, codes.EXISTS, codes.ALREADY)
"""somebody else was first"""


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of one attribute: ``first`` to ``last``; the next one stands in the entry ``counter``."""

    attribute: str
    first: int
    last: int
    counter: str


def numbers_of(raw: object, base: str) -> tuple[Numbers, ...]:
    """Read ``numbers`` of a section: attribute → ``{ from, to, counter }``.

    :raises ValueError: naming what is wrong.
    """
    table: Mapping[str, Any] = raw if isinstance(raw, Mapping) else {}
    return tuple(_one(name, each, base) for name, each in table.items())


def _one(name: str, raw: object, base: str) -> Numbers:
    table: Mapping[str, Any] = raw if isinstance(raw, Mapping) else {}
    first, last, counter = table.get("from"), table.get("to"), table.get("counter")
    whole = isinstance(first, int) and isinstance(last, int) and 0 <= first <= last
    if not whole or not isinstance(counter, str) or set(table) != {"from", "to", "counter"}:
        raise ValueError(f'numbers.{name} needs {{ from = 10000, to = 59999, counter = "cn=numbers,{{base}}" }}')
    dn = counter.replace("{base}", base)
    if not parse(dn):
        raise ValueError(f"numbers.{name}: '{dn}' is no distinguished name")
    return Numbers(name, first or 0, last or 0, dn)


async def take(link: Link, numbers: Numbers, base: str) -> int:
    """A number that nobody else has or gets.

    :param base: below it no entry may have the number.
    :raises Refused: all are used up, or the counter may not be written. :raises Unavailable: no luck.
    """
    for _ in range(ATTEMPTS):
        number = await _next(link, numbers)
        if number is None:
            await _begin(link, numbers, base)
            continue
        if number > numbers.last:
            raise Refused(f"all numbers for '{numbers.attribute}' up to {numbers.last} are used up")
        values = [str(number).encode()], [str(number + 1).encode()]
        mods = [(DELETE, numbers.attribute, values[0]), (ADD, numbers.attribute, values[1])]
        response = await link.write(modify(numbers.counter, mods))
        if _was_done(response) and not await _is_used(link, numbers, base, number):
            return number
    raise Unavailable(f"others take every number for '{numbers.attribute}' first")


def _was_done(response: Response) -> bool:
    """Whether a change of the counter was made, rather than another's. :raises ConnectorError: it cannot be."""
    if response.code in (codes.SUCCESS, *_AGAIN):
        return response.code == codes.SUCCESS
    raise codes.error(response)


async def _next(link: Link, numbers: Numbers) -> int | None:
    response = await link.search(numbers.counter, query.ALL, (numbers.attribute,), BASE_OBJECT)
    if response.code not in (codes.SUCCESS, codes.NO_SUCH_OBJECT):
        raise codes.error(response)
    held = [raw for row in response.rows for raw in row.values.get(numbers.attribute.lower(), ())]
    return int(held[0]) if held and held[0].isdigit() else None


async def _begin(link: Link, numbers: Numbers, base: str) -> None:
    """Write the first next number: into the counter's entry, which is made where it is missing."""
    start = str(numbers.first).encode()
    rows = await link.find(base, query.at_least(numbers.attribute, start), (numbers.attribute,))
    held = [raw for row in rows for raw in row.values.get(numbers.attribute.lower(), ())]
    used = [int(raw) for raw in held if raw.isdigit() and int(raw) <= numbers.last]
    value = [str(max([numbers.first - 1, *used]) + 1).encode()]
    response = await link.write(modify(numbers.counter, [(ADD, numbers.attribute, value)]))
    if response.code == codes.NO_SUCH_OBJECT:
        ((pair, *_), *_) = parse(numbers.counter) or ()
        classes = [b"device", b"extensibleObject"]
        made = {"objectClass": classes, pair[0]: [pair[1].encode()], numbers.attribute: value}
        response = await link.write(add(numbers.counter, made))
        if response.code == codes.NO_SUCH_OBJECT:
            raise Unavailable(f"the place for the counter of '{numbers.attribute}' is missing in the directory")
    _was_done(response)


async def _is_used(link: Link, numbers: Numbers, base: str, number: int) -> bool:
    rows = await link.find(base, query.equal(numbers.attribute, str(number).encode()), ("1.1",))
    return any(key(row.dn) != key(numbers.counter) for row in rows)
