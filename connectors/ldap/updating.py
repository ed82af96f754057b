"""Updating: every change of a call, or none.

A directory knows no transaction over two requests. Where a change needs several, what can be taken back goes before
what cannot: rename, then modify (else the rename is taken back), then the password (else both are). A connection that
is lost in between ends as ``Unavailable(uncertain=True)``.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from connectors.entry import GROUPS, MEMBERS, PARENT, Change, Entry, Kind
from connectors.errors import Conflict, ConnectorError, Unavailable, Unsupported
from connectors.ldap import accounts, codes, query
from connectors.ldap.controls import ASSERTION, POST_READ, post_read, row_after
from connectors.ldap.dn import key, split
from connectors.ldap.edit import Edit, Modification, Move, effect_of, may_rename, move_of
from connectors.ldap.members import Memberships, send
from connectors.ldap.messages import ADD, DELETE, REPLACE, Control, Response, Row, modify, rename
from connectors.ldap.pool import Link
from connectors.ldap.requests import Requests

LOOKS, LATER = 20, 0.01
"""How often, and after how many seconds, to look whether references to a renamed entry follow it."""
_KINDS = {Kind.ADD: ADD, Kind.REMOVE: DELETE, Kind.REPLACE: REPLACE}


class _Stale(Exception):
    """The entry is not, or no longer as expected, where it was last seen; nothing was done.

    :param overlay: or the assertion cannot be used on this change at all, so the entry must be looked at first.
    """

    def __init__(self, overlay: bool) -> None:
        super().__init__()
        self.overlay = overlay


class Updating:
    """Changes of one entry."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests
        self._reading = requests.reading
        self._place = requests.place
        self._resolver = requests.resolver
        self._unassertable: frozenset[frozenset[str]] = frozenset()
        """sets of attributes whose changes OpenLDAP's unique overlay does not let an assertion accompany"""

    async def update(self, link: Link, id: str, changes: Sequence[Change], expected: str | None) -> Entry | None:
        """See ``Collection.update``."""
        edit = await self._edit(link, changes)
        members_only = bool(changes) and all(change.attribute == MEMBERS for change in changes)
        guarded = link.features.has(ASSERTION)
        guarded = guarded and edit.names not in self._unassertable
        fresh = not guarded or edit.empty or bool(edit.secrets or edit.references)
        for _ in range(3):
            dn, row = await self._target(link, id, edit, fresh)
            if (
                row is not None
                and expected is not None
                and self._place.version_of(row, link.features.server) != expected
            ):
                raise Conflict("the entry changed meanwhile")
            move = move_of(await self._with_foreign(link, edit, row), dn, self._held_by(row))
            if row is not None and move.rdn is None and not move.mods and not edit.secrets:
                return None if members_only else (await self._reading.entries(link, [row], None))[0]
            guards = self._requests.guards(link, id, expected, query.ALL if row else effect_of(move)) if guarded else []
            try:
                written = await self._apply(link, id, dn, move, edit.secrets, guards)
            except _Stale as stale:
                edit = await self._edit(link, changes)  # what it refers to may be what is gone
                fresh, guarded = True, guarded and not stale.overlay
                if stale.overlay:
                    self._unassertable |= {edit.names}
                continue
            self._reading.snapshots.written(in_place=move.rdn is None)
            self._reading.known.put(id, move.target(dn))
            if move.rdn is not None:
                await Memberships(self._resolver, dn).follow(link, move.target(dn))
                await self._moved(link, dn)
            if members_only:
                return None
            there = self._requests.address(link, id, move.target(dn))
            return await self._requests.written(link, written or await self._requests.read_back(link, there))
        raise Unavailable("the entry is being changed by others")

    async def _moved(self, link: Link, old: str) -> None:
        """After a rename: wait a moment for the directory's own referential integrity, which OpenLDAP sees to after it
        has answered, so that the next read does not miss a membership."""
        with suppress(ConnectorError):  # the rename stands, whatever a look says
            for _ in range(LOOKS):
                if all(place.member_by for place, _ in await self._resolver.groups_of(link, old)):
                    return
                await asyncio.sleep(LATER)

    def _held_by(self, row: Row | None) -> dict[str, Sequence[bytes]] | None:
        """The present values of everything that was asked for."""
        return {name.lower(): row.values.get(name.lower(), ()) for name in self._requests.attributes} if row else None

    async def _with_foreign(self, link: Link, edit: Edit, row: Row | None) -> Edit:
        """Keep what a replaced reference attribute holds beside the mapped collections (semantics, rule 19)."""
        if row is None or not edit.references:
            return edit
        mods: list[Modification] = []
        for kind, name, values in edit.mods:
            held = row.values.get(name.lower(), ()) if kind == REPLACE and name.lower() in edit.references else ()
            refs = await self._resolver.by_dn(link, name, [_text(raw) for raw in held]) if held else {}
            mods.append((kind, name, [*values, *(raw for raw in held if key(_text(raw)) not in refs)]))
        return Edit(edit.parent, mods, edit.secrets, edit.references)

    async def _target(self, link: Link, id: str, edit: Edit, fresh: bool) -> tuple[str, Row | None]:
        known = None if fresh else self._reading.known.get(id)
        if known is not None and not may_rename(edit, known[0]):
            return known[0], None
        row = await self._reading.locate(link, id, self._requests.attributes)
        return row.dn, row

    async def _apply(
        self, link: Link, id: str, dn: str, move: Move, secrets: Sequence[tuple[str, bytes]], guards: Sequence[Control]
    ) -> Row | None:
        """Rename, modify, set the password; undo what was done when the next is refused.

        :raises _Stale: the entry is not at ``dn``, or not as ``guards`` say; nothing was done.
        """
        before = await self._before(link, dn, move.mods) if secrets and move.mods else []
        reads = [post_read(self._requests.attributes)] if link.features.has(POST_READ) else []
        response: Response | None = None
        target = move.target(dn)
        there = self._requests.address(link, id, target)
        if move.rdn is not None:
            response = await link.write(rename(dn, move.rdn, move.parent), [*guards, *reads])
            if response.code == codes.OTHER:
                raise codes.naming_error(response, move.rdn, self._place.rdn)
            self._must(response, attribute=self._place.rdn if move.parent is None else PARENT, first=True)
        if move.mods:
            first = response is None
            response = await send(
                link, self._place, there, move.mods, [*(guards if first else ()), *reads], self._requests.placeholders
            )
            if response.code != codes.SUCCESS and not first:
                await self._rename_back(link, dn, target)
            self._must(response, first=first)
        if not secrets:
            return row_after(response) if response else None
        try:
            await self._requests.set_secrets(link, target, secrets)
        except Unavailable:
            raise
        except ConnectorError:
            await self._undo(link, dn, target, before)
            raise
        return None

    def _must(self, response: Response, *, attribute: str | None = None, first: bool = False) -> None:
        if response.code == codes.SUCCESS:
            return
        if first and response.code == codes.NO_SUCH_OBJECT and attribute == PARENT:
            raise Unavailable("the place in the directory where the entry should go is missing")
        if first and response.code in (codes.ASSERTION_FAILED, codes.NO_SUCH_OBJECT):
            raise _Stale(codes.is_overlay_trouble(response))
        raise codes.error(response, attribute=attribute)

    async def _before(self, link: Link, dn: str, mods: Sequence[Modification]) -> list[Modification]:
        """Modifications that restore the attributes of ``mods`` as they are now."""
        names = list(dict.fromkeys(name for _, name, _ in mods))
        if self._place.member and self._place.member in names:
            raise Unsupported("members and a password cannot be changed in one step", attribute=MEMBERS)
        row = await self._requests.read_back(link, dn, names)
        return [(REPLACE, name, row.values.get(name.lower(), [])) for name in names]

    async def _undo(self, link: Link, dn: str, target: str, before: Sequence[Modification]) -> None:
        if before and (await link.write(modify(target, before))).code != codes.SUCCESS:
            raise Unavailable("a refused change could not be taken back", uncertain=True)
        if target != dn:
            await self._rename_back(link, dn, target)

    async def _rename_back(self, link: Link, dn: str, target: str) -> None:
        name, parent = split(dn)
        moved = split(target)[1] != parent
        if (await link.write(rename(target, name, parent if moved else None))).code != codes.SUCCESS:
            raise Unavailable("a refused change could not be taken back", uncertain=True)

    async def _edit(self, link: Link, changes: Sequence[Change]) -> Edit:
        edit = Edit()
        for change in changes:
            name = change.attribute
            if name == GROUPS:
                raise Unsupported("groups are changed through their members", attribute=GROUPS)
            if name == MEMBERS and change.kind is Kind.REPLACE:
                raise Unsupported("members are changed by adding and removing", attribute=MEMBERS)
            if name == PARENT:
                edit.parent = self._requests.parent(change.values)
                continue
            encoded = await self._requests.encoded(link, name, change.values, removed=change.kind is Kind.REMOVE)
            if name.lower() == "userpassword":
                self._secret(edit, change, encoded)
            elif encoded or change.kind is Kind.REPLACE:
                if name.lower() == accounts.NAME.lower() and link.features.active_directory:
                    accounts.check_name(encoded, person=self._place.is_person)
                edit.mods.append((_KINDS[change.kind], self._resolver.attribute(name), encoded))
                if change.kind is Kind.REPLACE and name in self._place.spec.references:
                    edit.references.add(name.lower())
        return edit

    def _secret(self, edit: Edit, change: Change, encoded: list[bytes]) -> None:
        if change.kind is Kind.REPLACE and not encoded:
            edit.mods.append((REPLACE, change.attribute, []))
        elif change.kind is not Kind.REMOVE and encoded:
            edit.secrets = [(change.attribute, encoded[0])]


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
