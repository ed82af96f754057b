"""Seeded faults, one small class each: the memory connector with one sentence of the contract broken."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from connectors.contract import CollectionSpec, Finding, Page, Query
from connectors.entry import GROUPS, MEMBERS, Attributes, Change, Entry, Kind, Ref, Value
from connectors.errors import ConnectorError, InvalidValue, NotFound, Unavailable, UnknownReference
from connectors.filters import And, AnyOf, Compare, Filter, Leaf, Not, Present, Verdict
from connectors.memory import MemoryCollection, MemoryConnector


class Faulty(MemoryCollection):
    """A collection that a fault is made of."""

    def __init__(self, spec: CollectionSpec, specs: Mapping[str, CollectionSpec], connector: MemoryConnector) -> None:
        super().__init__(spec, specs, connector)
        self.store = connector.store


def seeded(collection: type[Faulty]) -> type[MemoryConnector]:
    """A connector whose collections are of this class."""

    class Seeded(MemoryConnector):
        def collections(self, specs: Mapping[str, CollectionSpec]) -> dict[str, MemoryCollection]:
            return {name: collection(spec, specs, self) for name, spec in specs.items()}

    return Seeded


class NameAsId(Faulty):
    """The id is the name, and follows it."""

    async def create(self, attributes: Attributes, id: str | None = None) -> Entry:
        return await super().create(attributes, str((attributes.get("name") or attributes.get("label") or ("",))[0]))


class HalfApplied(Faulty):
    """Every change by itself: the good ones stay when a later one is refused."""

    async def update(self, id: str, changes: Sequence[Change], expected: str | None = None) -> Entry | None:
        for change in changes:
            await super().update(id, [change], expected)
        return await super().update(id, changes)


class HalfCancelled(Faulty):
    """Every change by itself, waiting in between: a cancellation leaves half of it."""

    async def update(self, id: str, changes: Sequence[Change], expected: str | None = None) -> Entry | None:
        for change in changes:
            await super().update(id, [change], expected)
            await asyncio.sleep(0.0004)
        return await super().update(id, changes)


class SwallowedRefusal(Faulty):
    """A refused value is answered as success."""

    async def update(self, id: str, changes: Sequence[Change], expected: str | None = None) -> Entry | None:
        try:
            return await super().update(id, changes, expected)
        except InvalidValue:
            return await self.read(id)


class SwallowedAbsence(Faulty):
    """Deleting what is not there is answered as success."""

    async def delete(self, id: str, expected: str | None = None) -> None:
        try:
            await super().delete(id, expected)
        except NotFound:
            return


class VersionIgnored(Faulty):
    """Whatever version is expected, the write is made."""

    async def update(self, id: str, changes: Sequence[Change], expected: str | None = None) -> Entry | None:
        return await super().update(id, changes)


class VersionConstant(Faulty):
    """The version never moves."""

    def _entry(self, id: str, record: Any, attributes: frozenset[str] | None) -> Entry:
        return replace(super()._entry(id, record, attributes), version="1")


class VersionRestless(Faulty):
    """The version moves although nothing changed."""

    async def update(self, id: str, changes: Sequence[Change], expected: str | None = None) -> Entry | None:
        entry = await super().update(id, changes, expected)
        self._records[id].version += 1
        return None if entry is None else await self.read(id)


class CheckedTooEarly(Faulty):
    """The version is compared, then something is awaited, then it is written."""

    async def update(self, id: str, changes: Sequence[Change], expected: str | None = None) -> Entry | None:
        if expected is not None:
            await super().update(id, [], expected)
        await asyncio.sleep(0)
        return await super().update(id, changes)


class MembersReadModifyWrite(Faulty):
    """The list of members is read, changed and written whole: of two at once one is lost."""

    async def update(self, id: str, changes: Sequence[Change], expected: str | None = None) -> Entry | None:
        if all(change.attribute == MEMBERS and change.kind is Kind.ADD for change in changes):
            held = self._find(id).attributes.get(MEMBERS, ())
            await asyncio.sleep(0)
            self._find(id).attributes[MEMBERS] = (*held, *(value for each in changes for value in each.values))
            return None
        return await super().update(id, changes, expected)


class DoubledMembers(Faulty):
    """Adding a value that is there adds it again."""

    def _apply(self, attributes: dict[str, tuple[Value, ...]], change: Change) -> None:
        if change.kind is Kind.ADD:
            attributes[change.attribute] = (*attributes.get(change.attribute, ()), *change.values)
        else:
            super()._apply(attributes, change)


class RemovalOfAbsentRefused(Faulty):
    """Removing a value that is not there is an error."""

    def _apply(self, attributes: dict[str, tuple[Value, ...]], change: Change) -> None:
        held = attributes.get(change.attribute, ())
        if change.kind is Kind.REMOVE and any(value not in held for value in change.values):
            raise InvalidValue("no such value", attribute=change.attribute)
        super()._apply(attributes, change)


class MembersReplaceable(Faulty):
    """A REPLACE of the members is taken."""

    def _apply(self, attributes: dict[str, tuple[Value, ...]], change: Change) -> None:
        if change.attribute == MEMBERS and change.kind is Kind.REPLACE:
            attributes.pop(MEMBERS, None)
        else:
            super()._apply(attributes, change)


class UnknownSkipped(Faulty):
    """A reference to nobody is left out in silence."""

    def _known_references(self, name: str, values: Any) -> None:
        return


class FirstUnknownOnly(Faulty):
    """Only the first unknown reference is named."""

    def _known_references(self, name: str, values: Any) -> None:
        try:
            super()._known_references(name, values)
        except UnknownReference as error:
            raise UnknownReference(error.detail, attribute=name, values=error.values[:1]) from error


class FirstLabelOnly(Faulty):
    """A member without the first of its labels has none."""

    def _labelled(self, name: str, ref: Ref) -> Ref:
        found = super()._labelled(name, ref)
        first = self.spec.references[name].display.get(found.collection, ())[:1]
        record = self._store.get(found.collection, {}).get(ref.id)
        return replace(found, display=found.display if record and first[0] in record.attributes else None)


class DanglingMembers(Faulty):
    """The deleted stay in their groups and are still referred to."""

    async def delete(self, id: str, expected: str | None = None) -> None:
        self._find(id)
        del self._records[id]


class CaseSensitiveUnique(Faulty):
    """A unique value is taken only in the very same case."""

    def _admit(self, id: str, record: Any, touched: Mapping[str, tuple[Value, ...]]) -> None:
        for name in self._unique & touched.keys():
            if any(other != id and each.attributes.get(name) == touched[name] for other, each in self._records.items()):
                raise ConnectorError("taken")


class SecretShown(Faulty):
    """Secrets are read like anything else."""

    def _entry(self, id: str, record: Any, attributes: frozenset[str] | None) -> Entry:
        entry = super()._entry(id, record, attributes)
        held = {name: record.attributes[name] for name in self.spec.secrets & record.attributes.keys()}
        return replace(entry, attributes={**entry.attributes, **held})


class SecretFilterable(Faulty):
    """Secrets are not read, but filters may guess them."""

    def judge(self, leaf: Leaf) -> Verdict:
        return Verdict.EXACT if leaf.attribute in self.spec.secrets else super().judge(leaf)


class Trimmed(Faulty):
    """Spaces at both ends are lost on the way in."""

    async def create(self, attributes: Attributes, id: str | None = None) -> Entry:
        def trim(value: Value) -> Value:
            return value.strip() if isinstance(value, str) else value

        return await super().create({name: tuple(map(trim, values)) for name, values in attributes.items()}, id)


class BackslashDoubled(Faulty):
    """What the backend does not need escaped is escaped."""

    async def create(self, attributes: Attributes, id: str | None = None) -> Entry:
        def escape(value: Value) -> Value:
            return value.replace("\\", "\\\\") if isinstance(value, str) else value

        return await super().create({name: tuple(map(escape, values)) for name, values in attributes.items()}, id)


class BooleansAsText(Faulty):
    """True comes back as a text."""

    def _values(self, id: str, record: Any, name: str) -> tuple[Value, ...]:
        return tuple(str(value) if isinstance(value, bool) else value for value in super()._values(id, record, name))


class EmptyAttributes(Faulty):
    """What is absent has a key all the same."""

    def _entry(self, id: str, record: Any, attributes: frozenset[str] | None) -> Entry:
        entry = super()._entry(id, record, attributes)
        empty: dict[str, tuple[Value, ...]] = dict.fromkeys(self.spec.attributes - self.spec.secrets, ())
        return replace(entry, attributes={**empty, **entry.attributes})


class AlwaysEverything(Faulty):
    """Members and groups are read whether anybody asked or not."""

    def _entry(self, id: str, record: Any, attributes: frozenset[str] | None) -> Entry:
        wanted = self.spec.attributes if attributes is None else attributes
        return super()._entry(id, record, wanted | {MEMBERS, GROUPS})


class StaleReads(Faulty):
    """An entry once read is remembered."""

    _seen: dict[str, Entry]

    async def read(self, id: str, attributes: frozenset[str] | None = None) -> Entry:
        if not hasattr(self, "_seen"):
            self._seen = {}
        return self._seen.setdefault(f"{id} {attributes}", await super().read(id, attributes))


class OffsetOffByOne(Faulty):
    """One entry too many is skipped."""

    async def search(self, query: Query) -> Page:
        return await super().search(replace(query, offset=query.offset + 1 if query.offset else 0))


class LimitOffByOne(Faulty):
    """A page has one entry too few."""

    async def search(self, query: Query) -> Page:
        return await super().search(replace(query, limit=query.limit - 1 if query.limit else query.limit))


class TotalOfThePage(Faulty):
    """The total is the number of entries shown."""

    async def search(self, query: Query) -> Page:
        page = await super().search(query)
        return replace(page, total=len(page.entries))


class CursorAsOffset(Faulty):
    """The position of a walk is a number of entries."""

    async def search(self, query: Query) -> Page:
        offset = json.loads(query.cursor) if query.cursor else query.offset
        page = await super().search(replace(query, cursor=None, offset=offset))
        return replace(page, cursor=json.dumps(offset + len(page.entries)) if page.cursor else None)


class CursorForgetsTies(Faulty):
    """The position of a walk is the sort value alone."""

    async def search(self, query: Query) -> Page:
        page = await super().search(query)
        return page if page.cursor is None else replace(page, cursor=json.dumps([json.loads(page.cursor)[0], "~"]))


class AbsentFirst(Faulty):
    """What has no value is sorted first."""

    def _sort_key(self, id: str, record: Any, query: Query) -> tuple[bool, str, Any]:
        absent, kind, key = super()._sort_key(id, record, query)
        return (not absent, kind, key)


class SortedByCase(Faulty):
    """Capitals are sorted before small letters."""

    def _sort_key(self, id: str, record: Any, query: Query) -> tuple[bool, str, Any]:
        return super()._sort_key(id, record, replace(query, sort_exact=True))


class SortIgnored(Faulty):
    """The order asked for is ignored in silence."""

    async def search(self, query: Query) -> Page:
        return await super().search(replace(query, sort_by=None))


class UnknownIdIsAnError(Faulty):
    """One unknown id spoils the look-up of many."""

    async def search(self, query: Query) -> Page:
        for id in query.ids or ():
            self._find(id)
        return await super().search(query)


class Rewriting(Faulty):
    """Rewrites filters wrongly before they are decided."""

    def rewritten(self, term: Filter) -> Filter:
        return term

    async def search(self, query: Query) -> Page:
        return await super().search(
            query if query.filter is None else replace(query, filter=self.rewritten(query.filter))
        )


class CaseIgnored(Rewriting):
    """case_exact is ignored."""

    def rewritten(self, term: Filter) -> Filter:
        return replace(term, case_exact=False) if isinstance(term, Compare | AnyOf) else term


class NotForgetsAbsent(Rewriting):
    """NOT means "has another value"."""

    def rewritten(self, term: Filter) -> Filter:
        if isinstance(term, Not) and isinstance(term.term, Compare):
            return And((term, Present(term.term.attribute)))
        return term


class ListCutShort(Rewriting):
    """Only the first thousand values of a list are looked up."""

    def rewritten(self, term: Filter) -> Filter:
        return replace(term, values=term.values[:1000]) if isinstance(term, AnyOf) else term


class WildcardsTaken(Rewriting):
    """A star in a value means anything."""

    def rewritten(self, term: Filter) -> Filter:
        if isinstance(term, Compare) and isinstance(term.value, str) and "*" in term.value:
            return Present(term.attribute)
        return term


class ClaimsExactness(Rewriting):
    """Says exact, answers everything."""

    def rewritten(self, term: Filter) -> Filter:
        return Present("@id") if isinstance(term, Compare) else term


class Leaking(Faulty):
    """One of four places is taken by a verb, and not given back when it is cancelled."""

    async def read(self, id: str, attributes: frozenset[str] | None = None) -> Entry:
        places = self.__dict__.setdefault("places", asyncio.Semaphore(4))
        await places.acquire()
        await asyncio.sleep(0.002)
        entry = await super().read(id, attributes)
        places.release()
        return entry


class Away(Faulty):
    """A backend that cannot be reached."""

    async def read(self, id: str, attributes: frozenset[str] | None = None) -> Entry:
        raise Unavailable("away")

    async def search(self, query: Query) -> Page:
        raise Unavailable("away")

    async def create(self, attributes: Attributes, id: str | None = None) -> Entry:
        raise Unavailable("away")

    async def update(self, id: str, changes: Sequence[Change], expected: str | None = None) -> Entry | None:
        raise Unavailable("away")

    async def delete(self, id: str, expected: str | None = None) -> None:
        raise Unavailable("away")


class AwayReadsAsGone(Away):
    """A backend that is away is answered as "there is no such entry"."""

    async def read(self, id: str, attributes: frozenset[str] | None = None) -> Entry:
        raise NotFound("gone?")


class AwayListsAsEmpty(Away):
    """A backend that is away is answered as an empty list."""

    async def search(self, query: Query) -> Page:
        return Page((), 0)


class AwayConnector(MemoryConnector):
    """A connector to a backend that cannot be reached."""

    kind: type[Away] = Away

    def collections(self, specs: Mapping[str, CollectionSpec]) -> dict[str, MemoryCollection]:
        return {name: self.kind(spec, specs, self) for name, spec in specs.items()}

    async def check(self, specs: Mapping[str, CollectionSpec]) -> Sequence[Finding]:
        raise Unavailable("away")


class OpensAtOnce(AwayConnector):
    """Opening connects, so the gateway cannot start while the backend is away."""

    def collections(self, specs: Mapping[str, CollectionSpec]) -> dict[str, MemoryCollection]:
        raise Unavailable("away")


class ClosesOnce(MemoryConnector):
    """The second close fails."""

    async def close(self) -> None:
        if self.__dict__.setdefault("closed", False):
            raise RuntimeError("closed already")
        self.__dict__["closed"] = True


class TakesAnyOption(MemoryConnector):
    """A misspelt option is ignored in silence."""

    @classmethod
    def from_options(cls, name: str, options: Mapping[str, Any]) -> "TakesAnyOption":
        return cls(name)
