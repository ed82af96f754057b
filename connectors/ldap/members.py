"""Modifications that hold members: always deltas, whatever stands there, and never an empty ``groupOfNames``."""

from collections import OrderedDict
from collections.abc import Sequence

from connectors.entry import MEMBERS
from connectors.errors import ConnectorError, InvalidValue, Unavailable
from connectors.ldap import codes, query
from connectors.ldap.controls import MATCHED_VALUES, matched_values
from connectors.ldap.dn import key
from connectors.ldap.edit import Modification
from connectors.ldap.messages import ADD, BASE_OBJECT, DELETE, Control, Response, modify
from connectors.ldap.place import Place
from connectors.ldap.pool import Link
from connectors.ldap.references import Resolver

_STANDS = (codes.NO_SUCH_ATTRIBUTE, codes.EXISTS)
_MEMBER_STANDS = (*_STANDS, codes.ALREADY, codes.UNWILLING)


class Placeholders:
    """Groups known to hold the placeholder, so that it can go when somebody joins.

    Only a hint: asking a large group whether it holds a value, or taking out one that may not be there, costs the
    directory a walk over all members. A placeholder that is forgotten stays, and nobody is shown it.
    """

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._held: OrderedDict[str, None] = OrderedDict()

    def put(self, dn: str) -> None:
        self._held[key(dn)] = None
        if len(self._held) > self._most:
            self._held.popitem(last=False)

    def take(self, dn: str) -> bool:
        """Whether the group was known to hold it; it is forgotten."""
        return self._held.pop(key(dn), self) is None


async def send(
    link: Link,
    place: Place,
    dn: str,
    mods: Sequence[Modification],
    controls: Sequence[Control] = (),
    held: Placeholders | None = None,
) -> Response:
    """Modify an entry: additions of what is there and removals of what is not are no errors.

    More members than ``place.chunk`` go in several requests; the first carries ``controls``.

    :raises Unavailable: also when a later request of several is refused: part of the change stands then.
    """
    held = held or Placeholders()
    response = Response(codes.SUCCESS)
    for number, batch in enumerate(_batches(place, mods)):
        response = await _once(link, place, dn, batch, () if number else controls, held)
        if response.code != codes.SUCCESS:
            if number:
                raise Unavailable("the members were changed in part", uncertain=True)
            break
    return response


def _batches(place: Place, mods: Sequence[Modification]) -> list[list[Modification]]:
    """One batch where that is possible; the atomic rest of a change goes with its first members."""
    member = (place.member or "").lower()
    batches: list[list[Modification]] = [[]]
    room = place.chunk
    for kind, name, values in mods:
        if name.lower() != member:
            batches[0].append((kind, name, values))
            continue
        while values:
            if not room:
                batches.append([])
                room = place.chunk
            batches[-1].append((kind, name, values[:room]))
            values, room = values[room:], room - min(room, len(values))
    return batches


async def _once(
    link: Link, place: Place, dn: str, mods: Sequence[Modification], controls: Sequence[Control], held: Placeholders
) -> Response:
    mods = [*mods, *_without_placeholder(place, dn, mods, held)]
    response = await link.write(modify(dn, mods), controls)
    if response.code in (_MEMBER_STANDS if _has_members(place, mods) else _STANDS):
        mods = await _difference(link, place, dn, mods)
        response = await link.write(modify(dn, mods), controls) if mods else Response(codes.SUCCESS)
        if link.features.active_directory and response.code in (codes.ALREADY, codes.UNWILLING):
            raise InvalidValue("membership by primaryGroupID is changed in the directory itself", attribute=MEMBERS)
    if response.code == codes.OBJECT_CLASS and place.placeholder and _has_members(place, mods, DELETE):
        filler: Modification = (ADD, place.member or "", [place.placeholder.encode()])
        response = await link.write(modify(dn, [*mods, filler]), controls)
        if response.code == codes.SUCCESS:
            held.put(dn)
    return response


def _has_members(place: Place, mods: Sequence[Modification], only: int | None = None) -> bool:
    member = (place.member or "").lower()
    return any(name.lower() == member and (only is None or kind == only) for kind, name, _ in mods)


def _without_placeholder(place: Place, dn: str, mods: Sequence[Modification], held: Placeholders) -> list[Modification]:
    """Whoever joins takes the placeholder's place."""
    if not place.placeholder or not _has_members(place, mods, ADD) or not held.take(dn):
        return []
    return [(DELETE, place.member or "", [place.placeholder.encode()])]


async def _difference(link: Link, place: Place, dn: str, mods: Sequence[Modification]) -> list[Modification]:
    """What of ``mods`` does not stand yet. The directory refused them whole because some of it does."""
    left: list[Modification] = []
    for kind, name, values in mods:
        if kind not in (ADD, DELETE):
            left.append((kind, name, values))
            continue
        member = name.lower() == (place.member or "").lower()
        if member and link.features.has(MATCHED_VALUES):
            standing = await _standing(link, dn, name, values)
            kept = [raw for raw in values if (key(raw.decode("utf-8", "replace")) in standing) == (kind == DELETE)]
        else:
            kept = [raw for raw in values if await _stands(link, dn, name, raw) == (kind == DELETE)]
        if kept:
            left.append((kind, name, kept))
    return left


async def _standing(link: Link, dn: str, name: str, values: Sequence[bytes]) -> set[str]:
    """Which of these DNs are among the values, in one search that returns only them (RFC 3876)."""
    control = matched_values([query.equal(name, raw) for raw in values])
    response = await link.search(dn, query.ALL, (name,), BASE_OBJECT, (control,))
    if response.code not in (codes.SUCCESS, codes.NO_SUCH_OBJECT):
        raise codes.error(response)
    held = [raw for row in response.rows for raw in row.values.get(name.lower(), ())]
    return {key(raw.decode("utf-8", "replace")) for raw in held}


async def _stands(link: Link, dn: str, name: str, value: bytes) -> bool:
    response = await link.search(dn, query.equal(name, value), ("1.1",), BASE_OBJECT)
    if response.code not in (codes.SUCCESS, codes.NO_SUCH_OBJECT):
        raise codes.error(response)
    return bool(response.rows)


class Memberships:
    """The memberships of an entry that is about to go."""

    def __init__(self, resolver: Resolver, dn: str) -> None:
        self._resolver = resolver
        self._dn = dn
        self._left: list[tuple[Place, str]] = []

    async def leave(self, link: Link) -> None:
        """Take the entry out of every group it is in, or, where one refuses, out of none.

        :raises ConnectorError: one refuses.
        """
        for place, group in await self._resolver.groups_of(link, self._dn):
            response = await self._change(link, place, group, DELETE)
            if response.code not in (codes.SUCCESS, codes.NO_SUCH_OBJECT, codes.NO_SUCH_ATTRIBUTE):
                await self.rejoin(link)
                raise codes.error(response)
            self._left.append((place, group))

    async def forget(self, link: Link) -> None:
        """The entry is gone: take its DN out of what referred to it, so that nobody is taken for it who gets the same
        DN. Where that is refused the reference dangles, and is not shown."""
        try:
            found = await self._resolver.referrers(link, self._dn)
        except Unavailable:
            raise
        except ConnectorError:
            return  # a limit of the directory's: the entry is gone all the same
        for holder, attribute in found:
            await link.write(modify(holder, [(DELETE, attribute, [self._dn.encode()])]))

    async def rejoin(self, link: Link) -> None:
        """Undo ``leave``.

        :raises Unavailable: ``uncertain``, where that fails.
        """
        for place, group in self._left:
            try:
                response = await self._change(link, place, group, ADD)
            except ConnectorError as error:
                raise Unavailable("a membership could not be restored", uncertain=True) from error
            if response.code not in (codes.SUCCESS, codes.NO_SUCH_OBJECT, codes.EXISTS):
                raise Unavailable("a membership could not be restored", uncertain=True)
        self._left = []

    async def _change(self, link: Link, place: Place, group: str, kind: int) -> Response:
        return await send(link, place, group, [(kind, place.member or "", [place.name_of(self._dn).encode()])])

    async def follow(self, link: Link, new: str) -> None:
        """The entry has another DN: groups that name it by a value have it by the new one.

        :raises Unavailable: ``uncertain``, where one refuses.
        """
        for place, group in await self._resolver.groups_of(link, self._dn):
            before, after = place.name_of(self._dn).encode(), place.name_of(new).encode()
            if place.member_by and before != after:
                mods = [(DELETE, place.member or "", [before]), (ADD, place.member or "", [after])]
                if (await send(link, place, group, mods)).code not in (codes.SUCCESS, codes.NO_SUCH_OBJECT):
                    raise Unavailable("a membership could not follow a rename", uncertain=True)
