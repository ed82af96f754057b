"""An entry and the groups it is in by one search: the groups are asked for by the DN that the entry should have.

Where it has another one, what was said of groups is left aside, and they are asked for anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from connectors.contract import Query
from connectors.entry import GROUPS, Entry, Value
from connectors.filters import And, AnyOf, Compare, Filter, Operator
from connectors.ldap import query as terms
from connectors.ldap.dn import key, rdn
from connectors.ldap.messages import Row
from connectors.ldap.place import Place
from connectors.ldap.pool import Link
from connectors.ldap.references import Resolver

BESIDE = 100
"""up to how many groups come with an entry that is found by its name"""


@dataclass(frozen=True, slots=True)
class Short:
    """All entries of a filter, and the groups of the only one where they are known already."""

    rows: Sequence[Row]
    groups: tuple[Value, ...] | None = None


class Together:
    """Entries of one collection with their groups."""

    def __init__(self, place: Place, resolver: Resolver) -> None:
        self.place = place
        self.resolver = resolver

    async def by_id(
        self, link: Link, id: str, dn: str, names: Sequence[str], attributes: frozenset[str]
    ) -> tuple[Row, Entry] | None:
        """The entry with this id, seen at ``dn`` before, and its groups; None where it is no longer there."""
        asserted, groups = self.place.anchor.asserted(id), self.resolver.beside(link)
        if asserted is None or groups is None or groups.member in names:
            return None
        term = terms.either([self.place.by_id([asserted]), self.resolver.containing(groups, dn)])
        rows = await link.find(self.place.bases[0], term, [*dict.fromkeys([*names, *self.resolver.shown_of(groups)])])
        own = next((row for row in rows if self.place.id_of(row) == id), None)
        if own is None or own.dn != dn:
            return None
        found = self.resolver.as_groups(groups, [row for row in rows if row is not own])
        return own, await self.entry(link, own, attributes, found)

    async def by_filter(self, link: Link, wanted: bytes, query: Query, names: Sequence[str]) -> Short | None:
        """All entries of a filter that compares the naming attribute, and of the one where it should be its groups.

        None where that cannot be asked so, or where there are many.
        """
        dn, groups = self._expected(query), self.resolver.beside(link)
        if dn is None or groups is None or groups.member in names or not (self._by_class(groups) and query.limit):
            return None
        term = terms.either([wanted, self.resolver.containing(groups, dn)])
        asked = [*dict.fromkeys([*names, *self.resolver.shown_of(groups), "objectClass"])]
        rows = await link.find_few(self.place.bases[0], term, asked, query.limit + BESIDE)
        if rows is None:
            return None
        beside = [row for row in rows if _is_a(row, groups)]
        own = [row for row in rows if _is_a(row, self.place)]
        if len(own) + len(beside) != len(rows) or len(own) > query.limit:
            return None
        expected = len(own) == 1 and (own[0].dn == dn or key(own[0].dn) == key(dn))
        return Short(own, self.resolver.as_groups(groups, beside) if expected else None)

    async def entry(self, link: Link, row: Row, attributes: frozenset[str], groups: tuple[Value, ...]) -> Entry:
        """The entry of a row whose groups are known."""
        (filled,) = await self.resolver.fill(link, [row], attributes - {GROUPS})
        return self.place.entry(row, attributes, {**filled, GROUPS: groups} if groups else filled, link.features.server)

    def _expected(self, query: Query) -> str | None:
        """The DN that the entry has whose name the filter asks for, if it lies where new ones go."""
        if query.attributes is None or GROUPS not in query.attributes:
            return None
        name = _named(query.filter, self.place.rdn.lower())
        return None if name is None else f"{rdn(self.place.rdn, name)},{self.place.parent}"

    def _by_class(self, groups: Place) -> bool:
        """Whether an entry's class alone tells the two collections apart."""
        kinds = (self.place.kind, groups.kind)
        return kinds[0] != kinds[1] and all(place.by_class for place in (self.place, groups))


def _is_a(row: Row, place: Place) -> bool:
    kind = place.kind.encode()
    return kind in map(bytes.lower, row.values.get("objectclass", ()))


def _named(filter: Filter | None, attribute: str) -> str | None:
    """The value that a filter says the attribute has."""
    match filter:
        case Compare(name, Operator.EQ, str() as value) if name.lower() == attribute:
            return value
        case AnyOf(name, (str() as value,)) if name.lower() == attribute:
            return value
        case And(parts):
            return next((named for part in parts if (named := _named(part, attribute)) is not None), None)
    return None
