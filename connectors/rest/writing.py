"""Create, update and delete, each in one call wherever the application lets it be one."""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from connectors.contract import Reference
from connectors.entry import GROUPS, MEMBERS, Attributes, Change, Entry, Kind, Ref, Value
from connectors.errors import Conflict, ConnectorError, NotFound, Refused, Unavailable, Unsupported
from connectors.rest import paths, recognising, templates
from connectors.rest.application import Application, whole_failure
from connectors.rest.documents import body_of, entry_of, plain_id, put, sent_id, values_of
from connectors.rest.membership import Delta, change_members, delta_of, groups_of, homes, ids_of, require
from connectors.rest.sections import Create, Section, Update
from connectors.rest.transport import Answer

REPEATED = 5
"""times that a whole document is written anew because somebody else was faster"""
REMEMBERED = 1000
"""creations without an answer whose keys are kept"""


@dataclass(slots=True)
class Writer:
    """The writing verbs of one section."""

    application: Application
    section: Section
    _keys: OrderedDict[bytes, str] = field(default_factory=OrderedDict)

    # ---------------------------------------------------------------- create

    async def create(self, attributes: Attributes, id: str | None) -> Entry:
        """See ``Collection.create``."""
        create = self.section.create
        if create is None:
            raise Unsupported("the mapping names no call that creates")
        if GROUPS in attributes:
            raise Unsupported("groups are changed through their members", attribute=GROUPS)
        if self.section.spec.generate is not None:
            id = id or str(uuid4())
            attributes = {**attributes, self.section.spec.anchor: (id,)}
        members = tuple(dict.fromkeys(ids_of(attributes.get(MEMBERS, ()))))
        await self._references(attributes, members)
        later = _later(create, attributes)
        body = self._body({name: attributes[name] for name in attributes.keys() - later.keys()}, members)
        answer = await self._made(create, body, id)
        try:
            made, document = await recognising.made(self.application, self.section, answer, attributes, id)
            if later:
                await self._written(made, [Change(Kind.REPLACE, *each) for each in later.items()], Delta(), None)
            if members and not self._inside:
                await change_members(self.application, self.section, made, Delta(add=members), True)
            if document is not None and not later and not members:
                return entry_of(self.section, document, None)
            return await self._entry(made, answer, create.whole and not later)
        except ConnectorError as error:
            raise whole_failure(error) from error

    def _body(self, attributes: Attributes, members: Sequence[str]) -> dict[str, Any]:
        section = self.section
        named = {**attributes}
        anchor = named.pop(section.spec.anchor, None) if section.spec.anchor not in section.fields else None
        body = body_of(section, named)
        if anchor:
            paths.place(body, section.anchor, anchor[0])
        if members and self._inside and section.members is not None:
            paths.place(body, section.members.read.attr, self._elements(members))
        return body

    async def _made(self, create: Create, body: dict[str, Any], id: str | None) -> Answer:
        """Send the creation. A repetition of one that got no answer carries the key of the first."""
        more, mark = {}, b""
        if create.idempotency is not None:
            mark = hashlib.sha256(
                create.call.request({"id": id or "-"} | dict(self.section.variables), body).content or b""
            ).digest()
            more = {create.idempotency: self._keys.setdefault(mark, str(uuid4()))}
        try:
            answer = await self.application.ask(
                self.section, create.call, {"id": id} if id else {}, body, more=more, naming=True
            )
        except Unavailable:
            while len(self._keys) > REMEMBERED:
                self._keys.popitem(last=False)
            raise
        except NotFound as error:
            self._keys.pop(mark, None)
            raise Unavailable(f"the application has nothing at {create.call.label}") from error
        except ConnectorError:
            self._keys.pop(mark, None)
            raise
        self._keys.pop(mark, None)
        return answer

    async def _entry(self, id: str, answer: Answer, whole: bool) -> Entry:
        """What stands there now: in the answer, where it holds all, else read."""
        document = paths.find(answer.document, self.section.read.item)
        if not whole or plain_id(paths.find(document, self.section.anchor)) != id:
            document = paths.find((await self.application.read(self.section, id)).document, self.section.read.item)
        return entry_of(self.section, document, None)

    # ---------------------------------------------------------------- update

    async def update(self, id: str, changes: Sequence[Change], expected: str | None) -> Entry | None:
        """See ``Collection.update``: attributes in one call; members with them where the document holds them."""
        own = [change for change in changes if change.attribute != MEMBERS]
        delta = delta_of(self.section, (change for change in changes if change.attribute == MEMBERS))
        if any(change.attribute == GROUPS for change in own):
            raise Unsupported("groups are changed through their members", attribute=GROUPS)
        others = [change for change in own if not recognising.says_nothing_of(self.section, id, change)]
        named = {each.attribute: each.values for each in others if each.kind is not Kind.REMOVE}
        await self._references(named, delta.add, id)
        if self._inside and delta:
            async with self.application.lock(self.section, id):
                entry = await self._written(id, others, delta, expected)
        else:
            entry = await self._written(id, others, Delta(), expected) if own or not delta else None
            if delta:
                await change_members(self.application, self.section, id, delta, begun=bool(own))
        return None if changes and not own else entry or await self.read(id)

    async def read(self, id: str) -> Entry:
        """The entry as it stands."""
        answer = await self.application.read(self.section, id)
        return entry_of(self.section, paths.find(answer.document, self.section.read.item), None)

    async def _written(self, id: str, own: Sequence[Change], delta: Delta, expected: str | None) -> Entry | None:
        update = self.section.update
        if update is None:
            raise Unsupported("the mapping names no call that updates")
        whole = update.call.method == "PUT"
        looks = whole or bool(delta) or expected is not None or not all(each.kind is Kind.REPLACE for each in own)
        for _ in range(REPEATED):
            before = await self.application.read(self.section, id) if looks or not own else None
            try:
                return await self._once(update, id, own, delta, expected, before, whole)
            except Conflict:
                if expected is not None or before is None:
                    raise
        raise Unavailable("somebody else changes this entry all the time")

    async def _once(
        self,
        update: Update,
        id: str,
        own: Sequence[Change],
        delta: Delta,
        expected: str | None,
        before: Answer | None,
        whole: bool,
    ) -> Entry | None:
        section = self.section
        document = None if before is None else paths.find(before.document, section.read.item)
        more: dict[str, str] = {}
        if before is not None:
            version = entry_of(section, document, frozenset()).version
            if expected is not None and expected != version:
                raise Conflict("the entry has changed since it was read")
            etag = before.headers.get("etag") or version
            more = {"If-Match": etag} if etag and (whole or delta or section.if_match) else {}
        body: dict[str, Any] = deepcopy(document or {}) if whole else {}
        changed = document is None
        for name, values in self._final(own, document).items():
            changed = changed or tuple(values) != values_of(section, document, name)
            put(section, body, name, values, drop=whole)
        changed = (
            self._members_in(body, document, delta)
            or changed
            or bool(section.spec.secrets & {c.attribute for c in own})
        )
        if not changed:
            return entry_of(section, document, None)
        try:
            answer = await self.application.ask(section, update.call, {"id": id}, body, more=more, naming=True)
        except (NotFound, templates.Unsendable) as error:
            await self.application.prove(section)
            raise NotFound(f"there is no {section.spec.name} with this id") from error
        return await self._entry(id, answer, update.whole)

    def _final(self, own: Sequence[Change], document: Any) -> dict[str, tuple[Value, ...]]:
        """The values that each attribute is to have."""
        final: dict[str, tuple[Value, ...]] = {}
        for change in own:
            name = change.attribute
            held = final.get(name) if name in final else values_of(self.section, document, name) if document else ()
            held = held or ()
            if change.kind is Kind.REPLACE:
                final[name] = tuple(change.values)
            elif change.kind is Kind.ADD:
                final[name] = (*held, *(value for value in change.values if value not in held))
            else:
                final[name] = tuple(value for value in held if value not in change.values)
        return final

    # ---------------------------------------------------------------- members inside the document

    @property
    def _inside(self) -> bool:
        members = self.section.members
        return members is not None and members.read.listing is None and members.add is None

    def _members_in(self, body: dict[str, Any], document: Any, delta: Delta) -> bool:
        """Write the members into a body. :return: whether they are others then."""
        members = self.section.members
        if not delta or members is None:
            return False
        held = paths.find(document, members.read.attr)
        held = held if isinstance(held, list) else []
        ids = [plain_id(paths.find(each, members.read.value)) for each in held]
        kept = [each for each, id in zip(held, ids, strict=True) if id not in delta.remove]
        added = [id for id in delta.add if id not in ids]
        paths.place(body, members.read.attr, kept + self._elements(added))
        return bool(added) or len(kept) < len(held)

    def _elements(self, ids: Sequence[str]) -> list[Any]:
        members = self.section.members
        assert members is not None  # noqa: S101 - for the types
        sections = self.application.sections
        section = sections.get(members.collections[0], self.section)
        return [paths.wrapped(members.read.value, sent_id(section, id)) for id in ids]

    # ---------------------------------------------------------------- delete

    async def delete(self, id: str, expected: str | None) -> None:
        """See ``Collection.delete``."""
        call = self.section.delete
        if call is None:
            raise Unsupported("the mapping names no call that deletes")
        more: dict[str, str] = {}
        if expected is not None:
            before = await self.application.read(self.section, id)
            document = paths.find(before.document, self.section.read.item)
            if entry_of(self.section, document, frozenset()).version != expected:
                raise Conflict("the entry has changed since it was read")
            more = {"If-Match": before.headers.get("etag") or expected} if self.section.if_match else {}
        if id and any(members.read.listing is None for _, members in homes(self.application, self.section.spec.name)):
            await self._left(id)
        try:
            await self.application.ask(self.section, call, {"id": id}, more=more)
        except (NotFound, templates.Unsendable) as error:
            await self.application.prove(self.section)
            raise NotFound(f"there is no {self.section.spec.name} with this id") from error
        except Unavailable:
            raise
        except ConnectorError as error:
            if isinstance(error, Conflict):
                raise
            raise Refused(f"the application does not delete this: {error.detail}") from error

    async def _left(self, id: str) -> None:
        """Take an entry out of the groups whose own documents name it: nobody else would (and one call finds them)."""
        await self.application.read(self.section, id)
        for ref in (await groups_of(self.application, self.section, [id]))[id]:
            home = self.application.sections[ref.collection]
            with suppress(NotFound):
                await Writer(self.application, home).update(ref.id, [Change(Kind.REMOVE, MEMBERS, (Ref(id),))], None)

    async def _references(self, attributes: Attributes, members: Sequence[str], id: str | None = None) -> None:
        """See that everything referred to is there, before anything is written; and first the entry itself.

        :raises NotFound, UnknownReference:
        """
        section = self.section
        if members and section.members is None:
            raise Unsupported("this collection has no members", attribute=MEMBERS)
        named = {
            name: [each.id for each in values if isinstance(each, Ref)]
            for name, values in attributes.items()
            if name in section.spec.references and name in section.fields
        }
        named[MEMBERS] = list(members)
        if id is not None and any(named.values()):
            await self.application.read(section, id)
        for name, ids in named.items():
            if ids:
                reference = section.spec.references.get(name)
                if reference is None:
                    reference = Reference(section.members.collections if section.members else ())
                await require(self.application, reference, name, ids)


def _later(create: Create, attributes: Attributes) -> dict[str, tuple[Value, ...]]:
    """The attributes that the call that creates does not take, so that ``update`` writes them."""
    own = {name: values for name, values in attributes.items() if values and not name.startswith("@")}
    return {} if create.takes is None else {name: own[name] for name in sorted(own.keys() - create.takes)}
