"""Writing: one entry made, changed or removed, whole or not at all.

A directory knows no transaction over two requests. Where a change needs several, the one that is refused most often
goes first and what can be taken back goes before what cannot: rename, then modify (else the rename is taken back),
then the password (else both are). A connection that is lost in between ends as ``Unavailable(uncertain=True)``.
"""

from collections.abc import Mapping, Sequence

from connectors.entry import GROUPS, MEMBERS, PARENT, Attributes, Change, Entry, Kind, Ref, Value
from connectors.errors import Conflict, ConnectorError, InvalidValue, Unavailable, Unsupported
from connectors.ldap import codes, query
from connectors.ldap.controls import ASSERTION, POST_READ, assertion, post_read, row_after
from connectors.ldap.dn import is_under, key, parse, rdn, split
from connectors.ldap.edit import Edit, Modification, Move, effect_of, may_rename, move_of
from connectors.ldap.members import Memberships, Placeholders, send
from connectors.ldap.messages import (
    ADD,
    BASE_OBJECT,
    DELETE,
    REPLACE,
    Control,
    Response,
    Row,
    add,
    delete,
    modify,
    rename,
    set_password,
)
from connectors.ldap.pool import Link
from connectors.ldap.reading import Reading
from connectors.ldap.values import encode_all

_LOCK, _FOR_EVER = "pwdAccountLockedTime", b"000001010000Z"
_KINDS = {Kind.ADD: ADD, Kind.REMOVE: DELETE, Kind.REPLACE: REPLACE}


class _Stale(Exception):
    """The entry is not, or no longer as expected, where it was last seen; nothing was done.

    :param overlay: or the assertion cannot be used on this change at all, so the entry must be looked at first.
    """

    def __init__(self, overlay: bool) -> None:
        super().__init__()
        self.overlay = overlay


class Writing:
    """The writing half of a collection; every method runs in a worker thread."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._place = reading.place
        self._resolver = reading.resolver
        self._attributes = reading.place.requested(None)
        self._held = Placeholders()

    # ------------------------------------------------------------------ create

    def create(self, link: Link, attributes: Attributes) -> Entry:
        """See ``Collection.create``."""
        values, secrets = self._new_values(link, attributes)
        dn = self._new_dn(attributes, values)
        controls = [post_read(self._attributes)] if link.features.has(POST_READ) else []
        response = link.write(add(dn, values), controls)
        if response.code == codes.NO_SUCH_OBJECT:
            raise Unavailable("the place in the directory where the entry should be made is missing")
        if response.code != codes.SUCCESS:
            raise codes.error(response, attribute=self._place.rdn if response.code == codes.ALREADY else None)
        self._reading.snapshots.written()
        if self._place.placeholder and values.get(self._place.member or "") == [self._place.placeholder.encode()]:
            self._held.put(dn)
        if secrets:
            self._first_secrets(link, dn, secrets)
        row = (None if secrets else row_after(response)) or self._read_back(link, dn)
        return self._written(link, row)

    def _new_values(self, link: Link, attributes: Attributes) -> tuple[dict[str, list[bytes]], list[tuple[str, bytes]]]:
        values: dict[str, list[bytes]] = {"objectClass": [name.encode() for name in self._place.classes]}
        secrets: list[tuple[str, bytes]] = []
        for name, given in attributes.items():
            if name == GROUPS:
                raise Unsupported("groups are changed through their members", attribute=GROUPS)
            if name == PARENT:
                continue
            encoded = self._encoded(link, name, given)
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
        return f"{rdn(name, named[0].decode('utf-8', 'replace'))},{self._parent(given) or self._place.parent}"

    def _first_secrets(self, link: Link, dn: str, secrets: Sequence[tuple[str, bytes]]) -> None:
        """Set the password of a new entry; where it is refused, the entry goes again."""
        try:
            self._set_secrets(link, dn, secrets)
        except Unavailable:
            raise
        except ConnectorError:
            if link.write(delete(dn)).code not in (codes.SUCCESS, codes.NO_SUCH_OBJECT):
                raise Unavailable("the entry was made, its password refused", uncertain=True) from None
            raise

    # ------------------------------------------------------------------ update

    def update(self, link: Link, id: str, changes: Sequence[Change], expected: str | None) -> Entry | None:
        """See ``Collection.update``."""
        edit = self._edit(link, changes)
        members_only = bool(changes) and all(change.attribute == MEMBERS for change in changes)
        guarded = link.features.has(ASSERTION)
        fresh = not guarded or edit.empty or bool(edit.secrets or edit.references)
        for _ in range(3):
            dn, row = self._target(link, id, edit, fresh)
            if row is not None and expected is not None and self._place.version_of(row) != expected:
                raise Conflict("the entry changed meanwhile")
            move = move_of(self._with_foreign(link, edit, row), dn, self._held_by(row))
            if row is not None and move.rdn is None and not move.mods and not edit.secrets:
                return None if members_only else self._reading.entries(link, [row], None)[0]
            guards = self._guards(link, id, expected, query.ALL if row else effect_of(move)) if guarded else []
            try:
                written = self._apply(link, dn, move, edit.secrets, guards)
            except _Stale as stale:
                fresh, guarded = True, guarded and not stale.overlay
                continue
            self._reading.snapshots.written()
            self._reading.known.put(id, move.target(dn))
            return None if members_only else self._written(link, written or self._read_back(link, move.target(dn)))
        raise Unavailable("the entry is being changed by others")

    def _held_by(self, row: Row | None) -> dict[str, Sequence[bytes]] | None:
        """The present values of everything that was asked for."""
        return {name.lower(): row.values.get(name.lower(), ()) for name in self._attributes} if row else None

    def _with_foreign(self, link: Link, edit: Edit, row: Row | None) -> Edit:
        """Keep what a replaced reference attribute holds beside the mapped collections (semantics, rule 19)."""
        if row is None or not edit.references:
            return edit
        mods: list[Modification] = []
        for kind, name, values in edit.mods:
            held = row.values.get(name.lower(), ()) if kind == REPLACE and name.lower() in edit.references else ()
            refs = self._resolver.by_dn(link, name, [_text(raw) for raw in held]) if held else {}
            mods.append((kind, name, [*values, *(raw for raw in held if key(_text(raw)) not in refs)]))
        return Edit(edit.parent, mods, edit.secrets, edit.references)

    def _target(self, link: Link, id: str, edit: Edit, fresh: bool) -> tuple[str, Row | None]:
        known = None if fresh else self._reading.known.get(id)
        if known is not None and not may_rename(edit, known[0]):
            return known[0], None
        row = self._reading.locate(link, id, self._attributes)
        return row.dn, row

    def _apply(
        self, link: Link, dn: str, move: Move, secrets: Sequence[tuple[str, bytes]], guards: Sequence[Control]
    ) -> Row | None:
        """Rename, modify, set the password; undo what was done when the next is refused.

        :raises _Stale: the entry is not at ``dn``, or not as ``guards`` say; nothing was done.
        """
        before = self._before(link, dn, move.mods) if secrets and move.mods else []
        reads = [post_read(self._attributes)] if link.features.has(POST_READ) else []
        response: Response | None = None
        target = move.target(dn)
        if move.rdn is not None:
            response = link.write(rename(dn, move.rdn, move.parent), [*guards, *reads])
            self._must(response, attribute=self._place.rdn if move.parent is None else PARENT, first=True)
        if move.mods:
            first = response is None
            response = send(link, self._place, target, move.mods, [*(guards if first else ()), *reads], self._held)
            if response.code != codes.SUCCESS and not first:
                self._rename_back(link, dn, target)
            self._must(response, first=first)
        if not secrets:
            return row_after(response) if response else None
        try:
            self._set_secrets(link, target, secrets)
        except Unavailable:
            raise
        except ConnectorError:
            self._undo(link, dn, target, before)
            raise
        return None

    def _guards(self, link: Link, id: str, expected: str | None, effect: bytes = query.ALL) -> list[Control]:
        """The assertion of a change's first request (RFC 4528): it is this entry, at this version, and changes."""
        asserted = self._place.anchor.asserted(id)
        if not link.features.has(ASSERTION) or asserted is None:
            return []
        same = query.equal(self._place.anchor.attribute, asserted)
        current = query.ALL if expected is None else query.equal(self._place.anchor.version, expected.encode())
        return [assertion(query.both(same, current, effect))]

    def _must(self, response: Response, *, attribute: str | None = None, first: bool = False) -> None:
        if response.code == codes.SUCCESS:
            return
        if first and response.code == codes.NO_SUCH_OBJECT and attribute == PARENT:
            raise Unavailable("the place in the directory where the entry should go is missing")
        if first and response.code in (codes.ASSERTION_FAILED, codes.NO_SUCH_OBJECT):
            raise _Stale(codes.is_overlay_trouble(response))
        raise codes.error(response, attribute=attribute)

    def _before(self, link: Link, dn: str, mods: Sequence[Modification]) -> list[Modification]:
        """Modifications that restore the attributes of ``mods`` as they are now."""
        names = list(dict.fromkeys(name for _, name, _ in mods))
        if self._place.member and self._place.member in names:
            raise Unsupported("members and a password cannot be changed in one step", attribute=MEMBERS)
        row = self._read_back(link, dn, names)
        return [(REPLACE, name, row.values.get(name.lower(), [])) for name in names]

    def _undo(self, link: Link, dn: str, target: str, before: Sequence[Modification]) -> None:
        if before and link.write(modify(target, before)).code != codes.SUCCESS:
            raise Unavailable("a refused change could not be taken back", uncertain=True)
        if target != dn:
            self._rename_back(link, dn, target)

    def _rename_back(self, link: Link, dn: str, target: str) -> None:
        name, parent = split(dn)
        moved = split(target)[1] != parent
        if link.write(rename(target, name, parent if moved else None)).code != codes.SUCCESS:
            raise Unavailable("a refused change could not be taken back", uncertain=True)

    # ------------------------------------------------------------------ delete

    def delete(self, link: Link, id: str, expected: str | None) -> None:
        """See ``Collection.delete``: first out of its groups, then gone; a refusal puts it back into them."""
        guarded = link.features.has(ASSERTION)
        for fresh in (False, True):
            dn, row = self._target(link, id, Edit(), fresh or not guarded or expected is not None)
            if row is not None and expected is not None and self._place.version_of(row) != expected:
                raise Conflict("the entry changed meanwhile")
            memberships = Memberships(self._resolver, dn)
            memberships.leave(link)
            response = link.write(delete(dn), self._guards(link, id, expected))
            if response.code == codes.SUCCESS:
                self._reading.known.drop(id)
                self._reading.snapshots.written()
                return
            memberships.rejoin(link)
            if response.code not in (codes.ASSERTION_FAILED, codes.NO_SUCH_OBJECT):
                raise codes.error(response)
        raise Conflict("the entry changed meanwhile")

    # ------------------------------------------------------------------ shared

    def _edit(self, link: Link, changes: Sequence[Change]) -> Edit:
        edit = Edit()
        for change in changes:
            name = change.attribute
            if name == GROUPS:
                raise Unsupported("groups are changed through their members", attribute=GROUPS)
            if name == MEMBERS and change.kind is Kind.REPLACE:
                raise Unsupported("members are changed by adding and removing", attribute=MEMBERS)
            if name == PARENT:
                edit.parent = self._parent(change.values)
                continue
            encoded = self._encoded(link, name, change.values, removed=change.kind is Kind.REMOVE)
            if name.lower() == "userpassword":
                self._secret(edit, change, encoded)
            elif encoded or change.kind is Kind.REPLACE:
                edit.mods.append((_KINDS[change.kind], self._resolver.attribute(name), encoded))
                if change.kind is Kind.REPLACE and name in self._place.spec.references:
                    edit.references.add(name.lower())
        return edit

    def _secret(self, edit: Edit, change: Change, encoded: list[bytes]) -> None:
        if change.kind is Kind.REPLACE and not encoded:
            edit.mods.append((REPLACE, change.attribute, []))
        elif change.kind is not Kind.REMOVE and encoded:
            edit.secrets = [(change.attribute, encoded[0])]

    def _encoded(self, link: Link, name: str, values: Sequence[Value], *, removed: bool = False) -> list[bytes]:
        """The values as bytes, ids as DNs. Removing a reference to nobody is removing nothing."""
        if name != MEMBERS and name not in self._place.spec.references:
            return encode_all(name, values)
        ids = [value.id if isinstance(value, Ref) else str(value) for value in values]
        if not ids:
            return []
        if removed:
            return [found.dn.encode() for found in self._resolver.by_id(link, name, ids).values()]
        return list(dict.fromkeys(dn.encode() for dn in self._resolver.dns(link, name, ids).values()))

    def _parent(self, values: Sequence[Value] | None) -> str | None:
        """The DN of a new parent.

        :raises InvalidValue: it is no DN, or outside the base.
        """
        if not values:
            return None
        parent = str(values[0]).replace("{base}", self._place.base)
        if parse(parent) is None or not is_under(parent, self._place.base):
            raise InvalidValue("an entry can only be placed below the target's base", attribute=PARENT)
        return parent

    def _set_secrets(self, link: Link, dn: str, secrets: Sequence[tuple[str, bytes]]) -> None:
        """Set the password (RFC 3062). ppolicy unlocks whoever gets one; who was disabled is locked again."""
        lockable = _LOCK.lower() in link.features.schema.attributes
        locked = self._read_back(link, dn, [_LOCK]).values.get(_LOCK.lower(), []) if lockable else []
        for name, password in secrets:
            response = link.write(set_password(dn, password))
            if response.code != codes.SUCCESS:
                raise codes.error(response, attribute=name, secret=password.decode("utf-8", "replace"))
        if _FOR_EVER in locked and link.write(modify(dn, [(REPLACE, _LOCK, locked)])).code != codes.SUCCESS:
            raise Unavailable(
                "the entry was unlocked by its new password and could not be locked again", uncertain=True
            )

    def _read_back(self, link: Link, dn: str, attributes: Sequence[str] | None = None) -> Row:
        """The entry just written. :raises Unavailable: it cannot be read; the write stands."""
        response = link.search(dn, query.ALL, attributes or self._attributes, BASE_OBJECT)
        if response.code != codes.SUCCESS or not response.rows:
            raise Unavailable("the entry was written and cannot be read back", uncertain=True)
        return response.rows[0]

    def _written(self, link: Link, row: Row) -> Entry:
        id = self._place.id_of(row)
        if id is not None:
            self._reading.known.put(id, row.dn)
        return self._reading.entries(link, [row], None)[0]


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
