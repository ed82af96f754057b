"""References: ids above, distinguished names below, exchanged in batches (semantics, rule 19)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from connectors.contract import Reference
from connectors.entry import GROUPS, MEMBERS, Ref, Value
from connectors.errors import TooMany, UnknownReference
from connectors.ldap import query
from connectors.ldap.controls import MATCHED_VALUES, matched_values
from connectors.ldap.dn import key
from connectors.ldap.features import Features
from connectors.ldap.messages import Row
from connectors.ldap.place import Place
from connectors.ldap.pool import Link

BATCH = 500
"""The most ids or DNs asked for in one search."""
LARGEST = 5000
"""The most members a group may have for its members to be named one by one in a filter."""

References = Mapping[str, tuple[Value, ...]]


@dataclass(frozen=True, slots=True)
class Found:
    """An entry that a reference names."""

    dn: str
    ref: Ref


class Positions:
    """Where in a list a DN stands, however it is spelled; most are spelled alike, and those are not taken apart."""

    def __init__(self, dns: Sequence[str]) -> None:
        self._dns = dns
        self._exact = {dn: at for at, dn in enumerate(dns)}
        self._by_key: dict[str, int] | None = None

    def of(self, dn: str) -> int | None:
        """The position, or None."""
        at = self._exact.get(dn)
        if at is not None:
            return at
        if self._by_key is None:
            self._by_key = {key(each): at for at, each in enumerate(self._dns)}
        return self._by_key.get(key(dn))


class Resolver:
    """Resolves the references of one collection among all of its mapping file."""

    def __init__(self, place: Place, places: Mapping[str, Place], *, memberof: bool = False) -> None:
        self.place = place
        self._places = places
        self._memberof = memberof
        self.containers = tuple(
            each
            for each in places.values()
            if each.member and place.spec.name in each.spec.references[MEMBERS].collections
        )
        """the collections whose entries may have those of this one as members"""

    def attribute(self, name: str) -> str:
        """The directory's attribute behind a reference: ``@members`` → ``member``."""
        return self.place.member or name if name == MEMBERS else name

    def requested(self, link: Link, attributes: frozenset[str] | None) -> list[str]:
        """What to ask for beside ``Place.requested``."""
        return ["memberOf"] if self._trusts(link) and attributes and GROUPS in attributes else []

    def _trusts(self, link: Link) -> bool:
        """Whether ``memberOf`` says it all. Active Directory keeps it itself, and shows long ``member`` in parts."""
        named = any(each.member_by for each in self.containers)
        return not named and (self._memberof or link.features.active_directory)

    async def by_id(self, link: Link, name: str, ids: Iterable[str]) -> dict[str, Found]:
        """The entries that have these ids, of the collections that ``name`` may refer to; keyed by id."""
        reference = self.place.spec.references[name]
        found: dict[str, Found] = {}
        for anchor, places in self._grouped(reference):
            asserted = [raw for id in dict.fromkeys(ids) if (raw := places[0].anchor.asserted(id)) is not None]
            for at in range(0, len(asserted), BATCH):
                wanted = query.any_value(anchor, asserted[at : at + BATCH])
                for each in await _search(link, places, wanted, reference):
                    found.setdefault(each.ref.id, each)
        return found

    async def dns(self, link: Link, name: str, ids: Sequence[str]) -> dict[str, str]:
        """id → DN for every id.

        :raises UnknownReference: naming those that no entry has.
        """
        found = await self.by_id(link, name, ids)
        missing = [id for id in dict.fromkeys(ids) if id.lower() not in found]
        if missing:
            raise UnknownReference(f"'{name}' names what does not exist", attribute=name, values=missing)
        return {id: found[id.lower()].dn for id in ids}

    async def by_dn(self, link: Link, name: str, dns: Iterable[str]) -> dict[str, Ref]:
        """The references that DNs (or what members are named by) stand for, keyed by ``dn.key``; what stands for no
        entry has none."""
        reference = self.place.spec.references[name]
        named = self.place.member_by if name == MEMBERS else None
        attribute = named or _dn_attribute(link.features)
        wanted = list({key(dn): dn.encode() for dn in dns}.values())
        refs: dict[str, Ref] = {}
        for _, places in self._grouped(reference):
            for at in range(0, len(wanted), BATCH):
                term = query.any_value(attribute, wanted[at : at + BATCH])
                for each in await _search(link, places, term, reference):
                    refs.setdefault(key(self.place.name_of(each.dn) if named else each.dn), each.ref)
        return refs

    async def fill(self, link: Link, rows: Sequence[Row], attributes: frozenset[str] | None) -> list[References]:
        """The reference attributes, ``@members`` and ``@groups`` of every row, where ``attributes`` asks for them."""
        wanted = self.place.spec.attributes if attributes is None else attributes
        filled: list[dict[str, tuple[Value, ...]]] = [{} for _ in rows]
        for name in sorted(wanted & self.place.spec.references.keys() - {GROUPS}):
            await self._fill_one(link, name, rows, filled)
        if GROUPS in wanted and rows:
            await self._fill_groups(link, rows, filled)
        return list(filled)

    async def filter(self, link: Link, name: str, ids: Sequence[str]) -> bytes:
        """The filter for entries that refer to one of ``ids`` by ``name``."""
        if name != GROUPS:
            found = await self.by_id(link, name, ids)
            held = [self.place.name_of(each.dn) if name == MEMBERS else each.dn for each in found.values()]
            return query.any_value(self.attribute(name), [each.encode() for each in held])
        return query.either([await self._in_group(link, place, ids) for place in self.containers])

    async def groups_of(self, link: Link, dn: str) -> list[tuple[Place, str]]:
        """The groups that ``dn`` is a member of: their collections and DNs."""
        held = []
        for place in self.containers:
            term = self.containing(place, dn)
            held += [(place, row.dn) for base in place.bases for row in await link.find(base, term, ("1.1",))]
        return held

    async def referrers(self, link: Link, dn: str) -> list[tuple[str, str]]:
        """Where the mapped collections refer to ``dn`` otherwise than as a member: DNs and attributes."""
        found = []
        for place in self._places.values():
            for name, reference in place.spec.references.items():
                if name not in (MEMBERS, GROUPS) and self.place.spec.name in reference.collections:
                    term = query.both(query.equal(name, dn.encode()), place.filter)
                    found += [(row.dn, name) for base in place.bases for row in await link.find(base, term, ("1.1",))]
        return found

    def beside(self, link: Link) -> Place | None:
        """The one collection of groups that a search for an entry can cover too; None where there is no such."""
        if self._trusts(link) or len(self.containers) != 1 or self.containers[0].bases != self.place.bases:
            return None
        groups = self.containers[0]
        return groups if len(groups.bases) == 1 and groups.spec.name != self.place.spec.name else None

    def containing(self, groups: Place, dn: str) -> bytes:
        """The filter for the groups that ``dn`` is a member of."""
        return query.both(query.equal(groups.member or "", groups.name_of(dn).encode()), groups.filter)

    def shown_of(self, groups: Place) -> list[str]:
        """What a group must be asked for to be named as one."""
        return [groups.anchor.attribute, *self._display(groups)]

    def as_groups(self, groups: Place, rows: Iterable[Row]) -> tuple[Ref, ...]:
        """The rows as values of ``@groups``."""
        display = self._display(groups)
        refs = [ref for row in rows if (ref := _ref(groups, row, display)) is not None]
        return tuple(sorted(refs, key=lambda ref: ref.id))

    def _grouped(self, reference: Reference) -> list[tuple[str, list[Place]]]:
        """The collections of a reference, those together that one search can cover."""
        groups: dict[tuple[str, tuple[str, ...]], list[Place]] = {}
        for name in reference.collections:
            if name in self._places:
                place = self._places[name]
                groups.setdefault((place.anchor.attribute, place.bases), []).append(place)
        return [(anchor, places) for (anchor, _), places in groups.items()]

    async def _fill_one(
        self, link: Link, name: str, rows: Sequence[Row], filled: Sequence[dict[str, tuple[Value, ...]]]
    ) -> None:
        attribute = self.attribute(name).lower()
        held = [[raw.decode("utf-8", "replace") for raw in row.values.get(attribute, ())] for row in rows]
        dns = [dn for each in held for dn in each]
        if not dns:
            return
        refs = await self.by_dn(link, name, dns)
        for target, values in zip(filled, held, strict=True):
            shown = tuple(refs[at] for dn in values if (at := key(dn)) in refs)
            if shown:
                target[name] = shown

    async def _fill_groups(
        self, link: Link, rows: Sequence[Row], filled: Sequence[dict[str, tuple[Value, ...]]]
    ) -> None:
        """One search for all rows; of large groups only the matching values come back (RFC 3876)."""
        groups: list[list[Ref]] = [[] for _ in rows]
        if self._trusts(link):
            await self._fill_memberof(link, rows, groups)
        else:
            for place in self.containers:
                await self._ask_groups(link, place, [place.name_of(row.dn) for row in rows], groups)
        for target, refs in zip(filled, groups, strict=True):
            if refs:
                refs.sort(key=lambda ref: ref.id)
                target[GROUPS] = tuple(refs)

    async def _ask_groups(self, link: Link, place: Place, dns: Sequence[str], groups: Sequence[list[Ref]]) -> None:
        at_dn = Positions(dns)
        member, display = place.member or "", self._display(place)
        names = [place.anchor.attribute, *display]
        alone = len(dns) == 1  # then every group found is its, and no value need be seen
        items = [query.equal(member, dn.encode()) for dn in dns]
        narrowed = not alone and link.features.has(MATCHED_VALUES)
        controls = (matched_values([*items, *map(query.present, names)]),) if narrowed else ()
        asked = names if alone else [*names, member]
        for base in place.bases:
            for row in await link.find(base, query.both(query.either(items), place.filter), asked, controls=controls):
                ref = _ref(place, row, display)
                if ref is None:
                    continue
                held = [dns[0].encode()] if alone else row.values.get(member.lower(), ())
                for at in {at for raw in held if (at := at_dn.of(raw.decode("utf-8", "replace"))) is not None}:
                    groups[at].append(ref)

    async def _fill_memberof(self, link: Link, rows: Sequence[Row], groups: Sequence[list[Ref]]) -> None:
        held = [[raw.decode("utf-8", "replace") for raw in row.values.get("memberof", ())] for row in rows]
        wanted = list({key(dn): dn.encode() for each in held for dn in each}.values())
        refs: dict[str, Ref] = {}
        for place in self.containers if wanted else ():
            reference = Reference((place.spec.name,), {place.spec.name: self._display(place)})
            for at in range(0, len(wanted), BATCH):
                term = query.any_value(_dn_attribute(link.features), wanted[at : at + BATCH])
                refs.update({key(each.dn): each.ref for each in await _search(link, [place], term, reference)})
        for target, dns in zip(groups, held, strict=True):
            target.extend(refs[key(dn)] for dn in dns if key(dn) in refs)

    def _display(self, place: Place) -> tuple[str, ...]:
        reference = self.place.spec.references.get(GROUPS)
        named = reference.display.get(place.spec.name) if reference else None
        return named or tuple(filter(None, (place.rdn,)))

    async def _in_group(self, link: Link, place: Place, ids: Sequence[str]) -> bytes:
        """The filter for the members of groups: their ``memberOf``, or, as not every server keeps one, their DNs."""
        asserted = [raw for id in ids if (raw := place.anchor.asserted(id)) is not None]
        if not asserted:
            return query.NOTHING
        member = place.member or ""
        names = ("1.1",) if self._trusts(link) else (member,)
        rows = [row for base in place.bases for row in await link.find(base, place.by_id(asserted), names)]
        dns = [raw for row in rows for raw in row.values.get(member.lower(), ())]
        if self._trusts(link):
            return query.any_value("memberOf", [row.dn.encode() for row in rows])
        if len(dns) > LARGEST:
            raise TooMany("the group is too large to filter by; with memberof = true the directory does it")
        return query.any_value(place.member_by or _dn_attribute(link.features), dns)


def _dn_attribute(features: Features) -> str:
    """The attribute that holds an entry's own DN: RFC 5020, or Active Directory's."""
    known = features.schema.attributes
    return "distinguishedName" if "distinguishedname" in known and "entrydn" not in known else "entryDN"


async def _search(link: Link, places: Sequence[Place], wanted: bytes, reference: Reference) -> list[Found]:
    term = query.both(wanted, query.either([place.filter for place in places]))
    names = [places[0].anchor.attribute, *{name for each in reference.display.values() for name in each}]
    several = len(places) > 1
    found: list[Found] = []
    for base in places[0].bases:
        for row in await link.find(base, term, [*names, "objectClass"] if several else names):
            place = _place_of(row, places) if several else places[0]
            ref = _ref(place, row, reference.display.get(place.spec.name, ())) if place else None
            if ref is not None:
                found.append(Found(row.dn, ref))
    return found


def _place_of(row: Row, places: Sequence[Place]) -> Place | None:
    kinds = {raw.decode("utf-8", "replace").lower() for raw in row.values.get("objectclass", ())}
    return next((place for place in places if place.kind in kinds), None)


def _ref(place: Place, row: Row, display: Iterable[str]) -> Ref | None:
    id = place.id_of(row)
    if not id:
        return None
    held = (values[0].decode("utf-8", "replace") for name in display if (values := row.values.get(name.lower())))
    return Ref(id, place.spec.name, next(filter(None, held), None))
