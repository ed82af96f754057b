"""The five verbs on calls of an application, and how well it answers a filter."""

from collections.abc import Sequence
from dataclasses import replace

from connectors.contract import Capabilities, CollectionSpec, Page, Query
from connectors.entry import GROUPS, ID, MEMBERS, Attributes, Change, Entry, Ref
from connectors.errors import NotFound, Unsupported
from connectors.filters import And, AnyOf, Compare, Filter, Leaf, Not, Operator, Or, Present, Verdict
from connectors.rest import paths, templates
from connectors.rest.application import Application, at_once
from connectors.rest.documents import entry_of
from connectors.rest.membership import groups_of, homes, members_of
from connectors.rest.searching import MOST_ASKED, Search
from connectors.rest.sections import Section
from connectors.rest.writing import Writer


class RestCollection:
    """See ``Collection``."""

    def __init__(self, spec: CollectionSpec, application: Application) -> None:
        self.spec = spec
        self._application = application
        self._section: Section = application.sections[spec.name]
        self._writer = Writer(application, self._section)
        create = self._section.create
        versions = self._section.version is not None
        self.capabilities = Capabilities(
            counting=True,
            versions=versions,
            atomic=versions and self._section.if_match,
            multivalued=True,
            generates_id=spec.generate is None,
            repeatable=create is not None and create.idempotency is not None,
        )

    def judge(self, leaf: Leaf) -> Verdict:
        """See ``Collection.judge``: ids exactly, what ``find`` asks for as a superset; the rest is decided above."""
        if isinstance(leaf, Present) or (isinstance(leaf, Compare) and leaf.operator is not Operator.EQ):
            return Verdict.UNSUPPORTED
        if self._is_id(leaf):
            return Verdict.EXACT
        if leaf.attribute in (MEMBERS, GROUPS):
            return self._about_members(leaf)
        find = self._section.finds.get(leaf.attribute)
        values = _values(leaf)
        if find is None or len(values) > MOST_ASKED or not all(map(_askable, values)):
            return Verdict.UNSUPPORTED
        if find.capitals and not leaf.case_exact and any(map(_has_capitals, values)):
            return Verdict.UNSUPPORTED  # it would pass over other capitals
        return Verdict.EXACT if find.exact else Verdict.SUPERSET

    def _about_members(self, leaf: Compare | AnyOf) -> Verdict:
        if isinstance(leaf, AnyOf):
            return Verdict.UNSUPPORTED
        members = self._section.members
        if leaf.attribute == MEMBERS:
            cheap = members is not None and (members.of is not None or members.read.listing is None)
            return Verdict.EXACT if cheap else Verdict.UNSUPPORTED
        return Verdict.EXACT if homes(self._application, self.spec.name) else Verdict.UNSUPPORTED

    async def create(self, attributes: Attributes, id: str | None = None) -> Entry:
        """See ``Collection.create``."""
        return await self._writer.create(attributes, id)

    async def read(self, id: str, attributes: frozenset[str] | None = None) -> Entry:
        """See ``Collection.read``."""
        answer = await self._application.read(self._section, id)
        document = paths.find(answer.document, self._section.read.item)
        entry = entry_of(self._section, document, attributes)
        return (await self._completed([entry], attributes, {id: document}))[0]

    async def search(self, query: Query) -> Page:
        """See ``Collection.search``."""
        if query.sort_by not in (None, ID):
            raise Unsupported("this application does not sort")
        filter = None if query.filter is None else await self._resolved(query.filter)
        page = await Search(self._application, self._section, query, filter).page()
        entries = await self._completed(page.entries, query.attributes)
        return replace(page, entries=tuple(entries))

    async def update(self, id: str, changes: Sequence[Change], expected: str | None = None) -> Entry | None:
        """See ``Collection.update``."""
        return await self._writer.update(id, changes, expected)

    async def delete(self, id: str, expected: str | None = None) -> None:
        """See ``Collection.delete``."""
        await self._writer.delete(id, expected)

    async def call(self, number: int, id: str) -> None:
        """See ``Calling.call``."""
        call = self._section.after[number]
        try:
            await self._application.ask(self._section, call, {"id": id})
        except (NotFound, templates.Unsendable):
            return  # what it was about is gone

    async def _completed(
        self, entries: Sequence[Entry], attributes: frozenset[str] | None, documents: dict[str, object] | None = None
    ) -> list[Entry]:
        """Entries with their members and groups, where these were asked for by name."""
        found = list(entries)
        if attributes is None or not found:
            return found
        if MEMBERS in attributes and self._section.members is not None:
            found = await at_once(lambda entry: self._with_members(entry, (documents or {}).get(entry.id)), found)
        if GROUPS in attributes:
            groups = await groups_of(self._application, self._section, [entry.id for entry in found])
            found = [_with(entry, GROUPS, groups[entry.id]) for entry in found]
        return found

    async def _with_members(self, entry: Entry, document: object) -> Entry:
        try:
            refs = await members_of(self._application, self._section, entry.id, document)
        except NotFound:  # gone between the two looks
            refs = []
        return _with(entry, MEMBERS, refs)

    async def _resolved(self, term: Filter) -> Filter:
        """The filter with everything about members and groups as ids."""
        match term:
            case And(terms):
                return And(tuple([await self._resolved(each) for each in terms]))
            case Or(terms):
                return Or(tuple([await self._resolved(each) for each in terms]))
            case Not(inner):
                return Not(await self._resolved(inner))
            case Compare(attribute, _, value) if attribute in (MEMBERS, GROUPS):
                id = value.id if isinstance(value, Ref) else str(value)
                return AnyOf(ID, tuple(await self._related(attribute, id)), case_exact=True)
            case Compare(_, operator, value) if self._is_id(term):
                return Compare(ID, operator, value, case_exact=True)
            case AnyOf(_, values) if self._is_id(term):
                return AnyOf(ID, values, case_exact=True)
        return term

    def _is_id(self, leaf: Leaf) -> bool:
        """Whether a comparison names ids as they are. An address that is the id is compared in any capitals, where
        the mapping shows it as an attribute that is (RFC 7643 §2.2)."""
        if leaf.attribute == ID or isinstance(leaf, Present):
            return leaf.attribute == ID
        shown = self.spec.anchor in self._section.fields and not leaf.case_exact
        return leaf.attribute == self.spec.anchor and not (shown and any(map(_has_capitals, _values(leaf))))

    async def _is_one(self, section: Section, id: str) -> bool:
        """Whether a call for a member's groups may name this; ``*`` and the like may find others' to an application."""
        if self._section.members is None or self._section.members.of is None:
            return True
        try:
            await self._application.read(section, id)
        except NotFound:
            return False
        return True

    async def _related(self, attribute: str, id: str) -> list[str]:
        """The groups with a member, or the members of a group, by id."""
        sections = self._application.sections
        if attribute == MEMBERS:
            names = self._section.members.collections if self._section.members else ()
            known = [sections[name] for name in names if name in sections and await self._is_one(sections[name], id)]
            found = [await groups_of(self._application, section, [id]) for section in known]
            return [ref.id for each in found for ref in each[id] if ref.collection == self.spec.name]
        refs = []
        for home, _ in homes(self._application, self.spec.name):
            try:
                refs += await members_of(self._application, home, id)
            except (NotFound, templates.Unsendable):
                continue
        return [ref.id for ref in refs if ref.collection == self.spec.name]


def _askable(value: object) -> bool:
    """Whether a value can stand in an address; the empty text asks for everybody."""
    return isinstance(value, bool | int | Ref) or (isinstance(value, str) and value != "" and "\0" not in value)


def _values(leaf: Compare | AnyOf) -> tuple[object, ...]:
    return leaf.values if isinstance(leaf, AnyOf) else (leaf.value,)


def _has_capitals(value: object) -> bool:
    """Whether a value may be written in other capitals."""
    return isinstance(value, str) and value.lower() != value.upper()


def _with(entry: Entry, name: str, refs: Sequence[Ref]) -> Entry:
    return replace(entry, attributes={**entry.attributes, name: tuple(refs)}) if refs else entry
