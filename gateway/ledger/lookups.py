"""The ledger's half of reading: who owns what, what is hidden, what is kept here instead of in the target."""

from collections.abc import Iterable, Sequence
from typing import Any

from gateway.ledger import codec, queries
from gateway.ledger.model import AllSeen, Assertion, Deferred, Intent, Scope, Seen
from gateway.ledger.opened import Opened
from gateway.ledger.protocol import DOUBTFUL
from gateway.ledger.store import Store


class Lookups(Opened):
    """Look-ups of assertions, aliases, ledger values and members."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._seen: dict[tuple[str, str], tuple[int, Seen]] = {}

    async def get(self, scope: Scope, id: str) -> Assertion | None:
        """The row that speaks for a SCIM id: the live owner's whoever that is (rule 13), else this connection's, else
        another's that is absent or deleted."""
        key = {"target": scope.target, "resource_type": scope.resource_type, "id": codec.plain(id)}
        rows = await self._store.read(lambda session: session.execute(self._s.by_id, key).fetchall())
        return queries.best(scope.connection, map(codec.assertion, rows))

    async def by_ids(self, scope: Scope, ids: Iterable[str]) -> dict[str, Assertion]:
        """As ``get``, for many; ids without a row are left out."""
        found = await self._many(self._s.by_ids, scope, "ids", ids)
        return queries.best_by(scope.connection, found, lambda one: one.id)

    async def by_anchors(self, scope: Scope, anchors: Iterable[str]) -> dict[str, Assertion]:
        """The rows that speak for entries of the target, by anchor, of whichever connection."""
        found = await self._many(self._s.by_anchors, scope, "anchors", anchors)
        return queries.best_by(scope.connection, found, lambda one: one.anchor or "")

    async def by_external(self, scope: Scope, external_id: str) -> list[Assertion]:
        """This connection's rows with an asserted externalId, of every life (rules 18 and 22)."""
        external = codec.plain(external_id)
        key = {**queries.own(scope), "external_id": external, "beginning": external[: queries.BEGINNING]}
        rows = await self._store.read(lambda session: session.execute(self._s.by_external, key).fetchall())
        return [codec.assertion(row) for row in rows]

    async def seen(self, scope: Scope) -> Seen:
        """As ``all_seen``, of one resource type."""
        return (await self.all_seen(scope.target))[scope.resource_type]

    async def all_seen(self, target: str) -> AllSeen:
        """What of a target's collections readers see otherwise than it stands there, by resource type.

        Kept in memory; numbers in the ledger, read each time, tell when it is out of date, in every process.
        """
        rows = await self._store.read(lambda session: session.execute(self._s.epochs, {"target": target}).fetchall())
        return AllSeen({kind: await self._seen_at(target, kind, epoch) for kind, epoch in rows})

    async def _seen_at(self, target: str, kind: str, epoch: int) -> Seen:
        known = self._seen.get((target, kind))
        if known is None or known[0] != epoch:
            scope = Scope("", target, kind)
            known = (epoch, await self._store.scan(lambda session: queries.seen(session, self._s, scope)))
            self._seen[target, kind] = known
        return known[1]

    async def hidden(self, scope: Scope) -> frozenset[str]:
        """Anchors that must not be seen: confirmed deleted, or replaced by a newer entry (rules 20 and 24)."""
        return (await self.seen(scope)).hidden

    async def special(self, scope: Scope) -> list[Assertion]:
        """Objects that readers see otherwise than the target holds them, by id: absent ones, and those with an overlay
        or a deferred reference (rule 1)."""
        key = queries.place(scope)
        rows = await self._store.read(lambda session: session.execute(self._s.special, key).fetchall())
        return [codec.assertion(row) for row in rows]

    async def absent(self, scope: Scope) -> list[Assertion]:
        """Objects that ``deactivate = "delete"`` removed and that are still to be shown, by id."""
        return [one for one in await self.special(scope) if one.life == "absent"]

    async def stored_ids(
        self, scope: Scope, path: str, op: str, value: Any, *, case_exact: bool = False
    ) -> frozenset[str]:
        """Anchors of live objects whose ledger value at ``path`` satisfies ``op value`` (RFC 7644 §3.4.2.2).

        ``eq`` finds an index; other operators look at every value of the path.
        """
        return await self._store.scan(
            lambda session: queries.stored_anchors(session, self._s, scope, path, op, value, case_exact)
        )

    async def waiting_for(self, scope: Scope, values: Sequence[str]) -> list[tuple[Scope, str, Deferred]]:
        """Deferred references of this connection to an object of ``scope`` that has one of ``values`` as its id or
        externalId (rule 18): where, which object, what."""
        return await self._store.read(lambda session: queries.waiting(session, self._s, scope, values))

    async def naming(self, scope: Scope, values: Iterable[str]) -> list[Assertion]:
        """This connection's live rows whose last confirmed document refers to somebody by one of the values
        (``Confirmed.refers``). Rows that an older gateway wrote may be among them that hold it as any other text."""
        plain = [codec.plain(value) for value in values]
        keys = [{**queries.own(scope), "names": text, "beginning": text[: queries.BEGINNING]} for text in plain]
        rows = await self._store.read(
            lambda session: [row for key in keys for row in session.execute(self._s.naming, key).fetchall()]
        )
        return list({one.id: one for one in map(codec.assertion, rows)}.values())

    # --- who comes and who goes at this moment

    async def leaving(self, scope: Scope, ids: Iterable[str]) -> tuple[list[Intent], dict[str, Assertion]]:
        """What any connection has under way that takes one of these objects away; then, the rows that speak for them.

        In this order, so that whatever ended meanwhile is seen in the rows.
        """
        key = {**queries.place(scope), "ids": queries.values(ids)}
        intents, rows = await self._store.read(
            lambda session: (
                session.execute(self._s.intents_on, key).fetchall(),
                session.execute(self._s.by_ids, key).fetchall(),
            )
        )
        found = queries.best_by(scope.connection, map(codec.assertion, rows), lambda one: one.id)
        return [one for one in map(codec.intent, intents) if one.takes_away], found

    async def joining(self, target: str, member_id: str) -> list[Intent]:
        """What any connection has under way that makes the object a member of a group."""
        rows = await self._store.read(lambda session: session.execute(self._s.joining, {"target": target}).fetchall())
        return [one for one in map(codec.intent, rows) if codec.plain(member_id) in one.adding]

    # --- members (rule 17)

    async def asserted_members(self, scope: Scope, group_id: str) -> frozenset[str]:
        """SCIM ids that this connection asserted as members of one of its groups, held and doubtful ones included."""
        key = {**queries.own(scope), "group_id": codec.plain(group_id)}
        rows = await self._store.read(lambda session: session.execute(self._s.members, key).fetchall())
        return frozenset(member for member, _ in rows)

    async def doubtful_members(self, scope: Scope, group_id: str) -> frozenset[str]:
        """Of these the ones whom a write of unknown outcome was adding: if they stand, it was by this connection."""
        key = {**queries.own(scope), "group_id": codec.plain(group_id)}
        rows = await self._store.read(lambda session: session.execute(self._s.members, key).fetchall())
        return frozenset(member for member, held in rows if held == DOUBTFUL)

    async def asserted_among(self, scope: Scope, group_id: str, ids: Iterable[str]) -> frozenset[str]:
        """Of these ids those that this connection asserted as members of the group."""
        key = {**queries.own(scope), "group_id": codec.plain(group_id), "ids": queries.values(ids)}
        rows = await self._store.read(lambda session: session.execute(self._s.members_among, key).fetchall())
        return frozenset(member for (member,) in rows)

    async def memberships(self, scope: Scope, member_id: str) -> list[tuple[str, str]]:
        """Groups of this connection and target that assert the member: (resource type, group id)."""
        key = {"connection": scope.connection, "target": scope.target, "member_id": codec.plain(member_id)}
        rows = await self._store.read(lambda session: session.execute(self._s.groups_of, key).fetchall())
        return [(kind, group) for kind, group in rows]

    async def held_members(self, scope: Scope, group_ids: Iterable[str]) -> dict[str, list[str]]:
        """Members answered 2xx that the target does not hold yet (``when_inactive = "hold"``), by group."""
        return await self._held(self._s.held_members, scope, group_ids, by=0)

    async def held(self, scope: Scope) -> list[tuple[str, str]]:
        """Every held membership of one group type: (group id, member id)."""
        key = queries.place(scope)
        rows = await self._store.read(lambda session: session.execute(self._s.held, key).fetchall())
        return [(group, member) for group, member in rows]

    async def held_groups(self, scope: Scope, member_ids: Iterable[str]) -> dict[str, list[str]]:
        """Groups of type ``scope.resource_type`` whose membership is held, by member."""
        return await self._held(self._s.held_groups, scope, member_ids, by=1)

    async def waiting_members(self, scope: Scope) -> frozenset[str]:
        """Everyone with a held membership in one of this connection's groups of type ``scope.resource_type``."""
        key = queries.own(scope)
        rows = await self._store.scan(lambda session: session.execute(self._s.held_own, key).fetchall())
        return frozenset(member for (member,) in rows)

    async def _many(self, statement: str, scope: Scope, name: str, keys: Iterable[str]) -> list[Assertion]:
        parameters = {**queries.place(scope), name: queries.values(keys)}
        rows = await self._store.read(lambda session: session.execute(statement, parameters).fetchall())
        return [codec.assertion(row) for row in rows]

    async def _held(self, statement: str, scope: Scope, ids: Iterable[str], by: int) -> dict[str, list[str]]:
        parameters = {**queries.place(scope), "ids": queries.values(ids)}
        rows = await self._store.read(lambda session: session.execute(statement, parameters).fetchall())
        found: dict[str, list[str]] = {}
        for row in rows:
            found.setdefault(row[by], []).append(row[1 - by])
        return found
