"""Creating and deleting: whole or not at all.

A directory knows no transaction over two requests. A new entry gets its password by a second one; where that is
refused the entry goes again. Before an entry goes it leaves its groups; where it may not go it joins them again. A
connection that is lost in between ends as ``Unavailable(uncertain=True)``.
"""

from collections.abc import Mapping, Sequence

from connectors.entry import GROUPS, PARENT, Attributes, Entry
from connectors.errors import Conflict, ConnectorError, InvalidValue, Unavailable, Unsupported
from connectors.ldap import accounts, codes
from connectors.ldap.controls import ASSERTION, POST_READ, post_read, row_after
from connectors.ldap.dn import rdn, split
from connectors.ldap.members import Memberships
from connectors.ldap.messages import add, delete
from connectors.ldap.numbers import take
from connectors.ldap.pool import Link
from connectors.ldap.requests import Requests


class Lives:
    """The beginning and the end of entries."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests
        self._reading = requests.reading
        self._place = requests.place
        self._resolver = requests.resolver

    async def create(self, link: Link, attributes: Attributes) -> Entry:
        """See ``Collection.create``."""
        values, secrets = await self._new_values(link, attributes)
        if link.features.active_directory:
            accounts.check_new(values, person=self._place.is_person)
        dn = self._new_dn(attributes, values)
        for each in self._place.numbers:
            if each.attribute not in values:
                values[each.attribute] = [str(await take(link, each, self._place.base)).encode()]
        controls = [post_read(self._requests.attributes)] if link.features.has(POST_READ) else []
        response = await link.write(add(dn, values), controls)
        if response.code == codes.NO_SUCH_OBJECT:
            raise Unavailable("the place in the directory where the entry should be made is missing")
        if response.code != codes.SUCCESS:
            at_fault = self._place.rdn if response.code in (codes.ALREADY, codes.OTHER) else None
            raise codes.naming_error(response, split(dn)[0], at_fault)
        self._reading.snapshots.written()
        if self._place.placeholder and values.get(self._place.member or "") == [self._place.placeholder.encode()]:
            self._requests.placeholders.put(dn)
        if secrets:
            await self._first_secrets(link, dn, secrets)
        row = (None if secrets else row_after(response)) or await self._requests.read_back(link, dn)
        return await self._requests.written(link, row)

    async def _new_values(
        self, link: Link, attributes: Attributes
    ) -> tuple[dict[str, list[bytes]], list[tuple[str, bytes]]]:
        values: dict[str, list[bytes]] = {"objectClass": [name.encode() for name in self._place.classes]}
        secrets: list[tuple[str, bytes]] = []
        for name, given in attributes.items():
            if name == GROUPS:
                raise Unsupported("groups are changed through their members", attribute=GROUPS)
            if name == PARENT:
                continue
            encoded = await self._requests.encoded(link, name, given)
            if name.lower() == "userpassword":
                secrets += [(name, raw) for raw in encoded[:1]]
            elif name.lower() == "objectclass":
                values["objectClass"] = list(dict.fromkeys([*values["objectClass"], *encoded]))
            elif encoded:
                values[self._resolver.attribute(name)] = encoded
        member = self._place.member
        if member and member not in values and self._place.placeholder:
            values[member] = [self._place.placeholder.encode()]
        return values, secrets

    def _new_dn(self, attributes: Attributes, values: Mapping[str, Sequence[bytes]]) -> str:
        name = self._place.rdn
        named = next((held for each, held in values.items() if each.lower() == name.lower()), None)
        if not named:
            raise InvalidValue(f"'{name}' names the entry and must have a value", attribute=name)
        given = attributes.get(PARENT)
        return f"{rdn(name, named[0].decode('utf-8', 'replace'))},{self._requests.parent(given) or self._place.parent}"

    async def _first_secrets(self, link: Link, dn: str, secrets: Sequence[tuple[str, bytes]]) -> None:
        """Set the password of a new entry; where it is refused, the entry goes again."""
        try:
            await self._requests.set_secrets(link, dn, secrets)
        except Unavailable:
            raise
        except ConnectorError:
            if (await link.write(delete(dn))).code not in (codes.SUCCESS, codes.NO_SUCH_OBJECT):
                raise Unavailable("the entry was made, its password refused", uncertain=True) from None
            raise

    async def delete(self, link: Link, id: str, expected: str | None) -> None:
        """See ``Collection.delete``: first out of its groups, then gone; a refusal puts it back into them."""
        guarded = link.features.has(ASSERTION)
        for _ in range(2):
            row = await self._reading.locate(link, id, self._requests.attributes)
            if expected is not None and self._place.version_of(row, link.features.server) != expected:
                raise Conflict("the entry changed meanwhile")
            memberships = Memberships(self._resolver, row.dn)
            await memberships.leave(link)
            guards = self._requests.guards(link, id, expected) if guarded else ()
            response = await link.write(delete(self._requests.address(link, id, row.dn)), guards)
            if response.code == codes.SUCCESS:
                self._reading.known.drop(id)
                self._reading.snapshots.written()
                await memberships.forget(link)
                return
            await memberships.rejoin(link)
            if response.code not in (codes.ASSERTION_FAILED, codes.NO_SUCH_OBJECT):
                raise codes.error(response)
            guarded = guarded and not codes.is_overlay_trouble(response)
        raise Conflict("the entry changed meanwhile")
