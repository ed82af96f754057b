"""The single requests that every write is made of, and what they share."""

from collections.abc import Sequence

from connectors.entry import MEMBERS, PARENT, Entry, Ref, Value
from connectors.errors import InvalidValue, Unavailable
from connectors.ldap import codes, query
from connectors.ldap.controls import ASSERTION, assertion
from connectors.ldap.dn import is_under, parse
from connectors.ldap.members import Placeholders
from connectors.ldap.messages import BASE_OBJECT, REPLACE, Control, Row, modify, set_password
from connectors.ldap.pool import Link
from connectors.ldap.reading import Reading
from connectors.ldap.values import encode_all

_LOCK, _FOR_EVER = "pwdAccountLockedTime", b"000001010000Z"


class Requests:
    """What creating, updating and removing have in common."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.place = reading.place
        self.resolver = reading.resolver
        self.attributes = reading.place.requested(None)
        self.placeholders = Placeholders()

    async def encoded(self, link: Link, name: str, values: Sequence[Value], *, removed: bool = False) -> list[bytes]:
        """The values as bytes, ids as DNs. Removing a reference to nobody is removing nothing."""
        if name != MEMBERS and name not in self.place.spec.references:
            return encode_all(name, values)
        ids = [value.id if isinstance(value, Ref) else str(value) for value in values]
        if not ids:
            return []
        if removed:
            dns = [found.dn for found in (await self.resolver.by_id(link, name, ids)).values()]
        else:
            dns = [*(await self.resolver.dns(link, name, ids)).values()]
        return list(dict.fromkeys((self.place.name_of(dn) if name == MEMBERS else dn).encode() for dn in dns))

    def parent(self, values: Sequence[Value] | None) -> str | None:
        """The DN of a new parent.

        :raises InvalidValue: it is no DN, or outside the base.
        """
        if not values:
            return None
        parent = str(values[0]).replace("{base}", self.place.base)
        if parse(parent) is None or not is_under(parent, self.place.base):
            raise InvalidValue("an entry can only be placed below the target's base", attribute=PARENT)
        return parent

    def address(self, link: Link, id: str, dn: str) -> str:
        """How to name an entry in a change of its attributes, and in its removal. Active Directory takes its id
        ([MS-ADTS] 3.1.1.3.1.2.4), so that nobody is met who has got its DN meanwhile; elsewhere it is the DN, which an
        assertion guards where there is one."""
        return f"<GUID={id}>" if link.features.active_directory else dn

    async def set_secrets(self, link: Link, dn: str, secrets: Sequence[tuple[str, bytes]]) -> None:
        """Set the password (RFC 3062). ppolicy unlocks whoever gets one; who was disabled is locked again."""
        lockable = _LOCK.lower() in link.features.schema.attributes
        locked = (await self.read_back(link, dn, [_LOCK])).values.get(_LOCK.lower(), []) if lockable else []
        for name, password in secrets:
            response = await link.write(set_password(dn, password))
            if response.code != codes.SUCCESS:
                raise codes.error(response, attribute=name, secret=password.decode("utf-8", "replace"))
        if _FOR_EVER in locked and (await link.write(modify(dn, [(REPLACE, _LOCK, locked)]))).code != codes.SUCCESS:
            raise Unavailable(
                "the entry was unlocked by its new password and could not be locked again", uncertain=True
            )

    async def read_back(self, link: Link, dn: str, attributes: Sequence[str] | None = None) -> Row:
        """The entry just written. :raises Unavailable: it cannot be read; the write stands."""
        response = await link.search(dn, query.ALL, attributes or self.attributes, BASE_OBJECT)
        if response.code != codes.SUCCESS or not response.rows:
            raise Unavailable("the entry was written and cannot be read back", uncertain=True)
        return response.rows[0]

    async def written(self, link: Link, row: Row) -> Entry:
        id = self.place.id_of(row)
        if id is not None:
            self.reading.known.put(id, row.dn)
        return (await self.reading.entries(link, [row], None))[0]

    def guards(self, link: Link, id: str, expected: str | None, effect: bytes = query.ALL) -> list[Control]:
        """The assertion of a change's first request (RFC 4528): it is this entry, at this version, and changes."""
        asserted = self.place.anchor.asserted(id)
        if not link.features.has(ASSERTION) or asserted is None:
            return []
        same = query.equal(self.place.anchor.attribute, asserted)
        current = (
            query.ALL
            if expected is None
            else query.equal(self.place.anchor.version, expected.partition("@")[0].encode())
        )
        return [assertion(query.both(same, current, effect))]
