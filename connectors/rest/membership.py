"""Who belongs where: read in calls of its own or from the group's document, changed by naming members."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.contract import Reference
from connectors.entry import GROUPS, MEMBERS, Change, Kind, Ref, Value
from connectors.errors import AlreadyExists, ConnectorError, InvalidValue, NotFound, UnknownReference, Unsupported
from connectors.rest import paths, templates
from connectors.rest.application import Application, at_once, whole_failure
from connectors.rest.documents import id_of, plain_id, sent_id, values_of
from connectors.rest.searching import Search
from connectors.rest.sections import MemberChange, MemberList, Members, Section

MOST_LABELS = 200
"""members whose names are asked for one by one; of a larger group they stay without"""


@dataclass(frozen=True, slots=True)
class Delta:
    """Whom to add and whom to remove, in the order in which they were named."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.add or self.remove)


def delta_of(section: Section, changes: Iterable[Change]) -> Delta:
    """Fold member changes. :raises Unsupported: a REPLACE, or a section without members. :raises InvalidValue:"""
    add: dict[str, None] = {}
    remove: dict[str, None] = {}
    for change in changes:
        if section.members is None:
            raise Unsupported("this collection has no members", attribute=MEMBERS)
        if change.kind is Kind.REPLACE:
            raise Unsupported("members are changed by adding and removing", attribute=MEMBERS)
        ids = ids_of(change.values)
        into, out = (add, remove) if change.kind is Kind.ADD else (remove, add)
        for id in ids:
            into[id] = None
            out.pop(id, None)
    return Delta(tuple(add), tuple(remove))


def ids_of(values: Iterable[Value]) -> list[str]:
    """The ids of references. :raises InvalidValue: one is none."""
    found = [value.id for value in values if isinstance(value, Ref)]
    if len(found) != len(tuple(values)):
        raise InvalidValue("a member is named by a reference", attribute=MEMBERS)
    return found


async def require(application: Application, reference: Reference, attribute: str, ids: Iterable[str]) -> None:
    """See that all of ``ids`` exist. :raises UnknownReference: naming those that do not."""

    async def missing(id: str) -> str | None:
        for name in reference.collections:
            section = application.sections.get(name)
            if section is not None:
                try:
                    await application.read(section, id)
                except NotFound:
                    continue
                return None
        return id

    unknown = [id for id in await at_once(missing, dict.fromkeys(ids)) if id is not None]
    if unknown:
        raise UnknownReference(f"'{attribute}' names what does not exist", attribute=attribute, values=unknown)


async def members_of(application: Application, section: Section, id: str, document: Any = None) -> list[Ref]:
    """The members of a group. :param document: the group, where it holds them and was read just now."""
    members = section.members
    if members is None:
        return []
    if members.read.listing is None:
        if document is None:
            document = paths.find((await application.read(section, id)).document, section.read.item)
        held = paths.find(document, members.read.attr)
        elements = held if isinstance(held, list) else []
    else:
        elements = [each async for each in _elements(application, section, members.read, {"id": id})]
    reference = section.spec.references.get(MEMBERS, Reference(members.collections))
    refs = [ref for each in elements if (ref := _ref(application, members.read, members.collections, reference, each))]
    return await _labelled(application, reference, refs)


async def _elements(
    application: Application, section: Section, told: MemberList, values: Mapping[str, str]
) -> AsyncIterator[Any]:
    assert told.listing is not None  # noqa: S101 - for the types
    walk = Search.of(application, section)
    async for part, _, _ in walk.parts(told.listing, dict(values)):
        for each in part:
            yield each


def _ref(
    application: Application, told: MemberList, collections: Sequence[str], reference: Reference, element: Any
) -> Ref | None:
    id = plain_id(paths.find(element, told.value))
    if id is None:
        return None
    named = None if told.type is None else paths.find(element, told.type)
    found = [name for name in collections if isinstance(named, str) and name.lower() == named.lower()]
    if isinstance(named, str) and not found:
        return None  # somebody whom the mapping does not know
    name = found[0] if found else collections[0]
    display = None if told.display is None else paths.find(element, told.display)
    section = application.sections.get(name)
    if display is None and section is not None and told.value == section.anchor:
        display = label_of(section, reference, element)
    return Ref(id, name, display if isinstance(display, str) else None)


def label_of(section: Section, reference: Reference, document: Any) -> str | None:
    """What people know an entry by: the first of the label's attributes that the document has."""
    names = reference.display.get(section.spec.name, ())
    values = (values_of(section, document, name) for name in names)
    return next((str(each[0]) for each in values if each), None)


async def _labelled(application: Application, reference: Reference, refs: list[Ref]) -> list[Ref]:
    """References with the label that the mapping asks for, read where the answer did not hold it."""
    lacking = [ref for ref in refs if ref.display is None and ref.collection in reference.display]
    if not lacking or len(lacking) > MOST_LABELS:
        return refs

    async def label(ref: Ref) -> tuple[str, str | None]:
        section = application.sections.get(ref.collection)
        if section is None:
            return ref.id, None
        try:
            answer = await application.read(section, ref.id)
        except NotFound:
            return ref.id, None
        document = paths.find(answer.document, section.read.item)
        return ref.id, label_of(section, reference, document)

    labels: dict[str, str | None] = dict(await at_once(label, lacking))
    return [ref if ref.display else Ref(ref.id, ref.collection, labels.get(ref.id)) for ref in refs]


def homes(application: Application, name: str) -> list[tuple[Section, Members]]:
    """The sections whose members may be in a collection."""
    return [
        (each, each.members)
        for each in application.sections.values()
        if each.members and name in each.members.collections
    ]


async def groups_of(application: Application, section: Section, ids: Sequence[str]) -> dict[str, list[Ref]]:
    """The groups that each of ``ids`` is a direct member of."""
    found: dict[str, list[Ref]] = {id: [] for id in ids}
    reference = section.spec.references.get(GROUPS, Reference(()))
    for home, members in homes(application, section.spec.name):
        if members.of is not None and members.of.listing is not None:
            parts = await at_once(lambda id, home=home: _groups_by_call(application, home, reference, id), ids)  # type: ignore[misc]
            for id, refs in zip(ids, parts, strict=True):
                found[id] += refs
        elif ids:
            for group, held in await _all_members(application, home, reference):
                for id in held & found.keys():
                    found[id].append(group)
    return found


async def _groups_by_call(application: Application, home: Section, reference: Reference, user: str) -> list[Ref]:
    assert home.members is not None and home.members.of is not None  # noqa: S101, PT018 - for the types
    told = home.members.of
    try:
        elements = [each async for each in _elements(application, home, told, {"user": user})]
    except (NotFound, templates.Unsendable):
        return []
    refs = (_ref(application, told, (home.spec.name,), reference, each) for each in elements)
    return [ref for ref in refs if ref is not None]


async def _all_members(application: Application, home: Section, reference: Reference) -> list[tuple[Ref, set[str]]]:
    """Every group with the ids of its members: a list, and a call for each group where its document does not tell."""
    if home.list is None:
        raise Unsupported("the mapping names no call that lists groups, nor one that lists a user's")
    documents: dict[str, Any] = {}
    async for part, _, _ in Search.of(application, home).parts(home.list):
        documents |= {id_of(home, each): each for each in part}

    async def one(id: str) -> tuple[Ref, set[str]]:
        group = Ref(id, home.spec.name, label_of(home, reference, documents[id]))
        try:
            return group, {ref.id for ref in await members_of(application, home, id, documents[id])}
        except NotFound:
            return group, set()

    return await at_once(one, sorted(documents))


async def change_members(application: Application, section: Section, id: str, delta: Delta, begun: bool) -> None:
    """Make the calls that remove and add members; those to add were seen to exist.

    :param begun: something of the same update was done already, so that nothing is a plain refusal any more.
    :raises NotFound: there is no such group.
    """
    members = section.members
    if members is None or members.add is None or members.remove is None:
        raise Unsupported("the mapping names no calls that change members", attribute=MEMBERS)
    sent = False
    if members.read.listing is None:  # the group tells who is in it, so nobody is added or removed twice
        document = paths.find((await application.read(section, id)).document, section.read.item)
        held = paths.find(document, members.read.attr) or []
        present = {plain_id(paths.find(each, members.read.value)) for each in held}
        delta = Delta(tuple(i for i in delta.add if i not in present), tuple(i for i in delta.remove if i in present))
    for change, ids in ((members.remove, delta.remove), (members.add, delta.add)):
        for portion in _portions(change, ids):
            values = _values(application, section, change, id, portion)
            try:
                await application.ask(section, change.call, values, naming=True)
            except AlreadyExists:
                continue  # a member already, as ``taken`` says
            except templates.Unsendable:
                continue  # nobody is called so
            except NotFound:
                await application.read(section, id)
                if change is members.add:
                    raise UnknownReference(
                        "a member does not exist any more", attribute=MEMBERS, values=portion
                    ) from None
            except ConnectorError as error:
                raise whole_failure(error) if begun or sent else error from error
            sent = True
    if not sent and not begun and members.read.listing is not None:
        await application.read(section, id)


def _portions(change: MemberChange, ids: Sequence[str]) -> list[tuple[str, ...]]:
    if change.batch:
        return [tuple(ids)] if ids else []
    return [(id,) for id in ids]


def _values(
    application: Application, section: Section, change: MemberChange, id: str, ids: Sequence[str]
) -> dict[str, Any]:
    known = [
        application.sections[name]
        for name in (section.members.collections if section.members else ())
        if name in application.sections
    ]
    holder = known[0] if known else section
    each = [templates.filled(change.each, {"user": sent_id(holder, user)}) for user in ids]
    return {"id": id, "users": each, **({"user": ids[0]} if len(ids) == 1 and not change.batch else {})}
