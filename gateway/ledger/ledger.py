"""The ledger: what the gateway itself remembers (semantics, rules 12 to 23).

Every method raises ``LedgerUnavailable`` when the database cannot answer now; nothing was written then, unless the
connection broke at the commit itself, which the next look at the object settles.
"""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from gateway.ledger import codec, queries
from gateway.ledger.errors import LedgerUnavailable
from gateway.ledger.keeping import Tokens
from gateway.ledger.lookups import Lookups
from gateway.ledger.migrations import is_there, migrate
from gateway.ledger.model import (
    Assertion,
    AuditChange,
    AuditLine,
    Confirmed,
    Intent,
    Outcome,
    Pending,
    Scope,
)
from gateway.ledger.opened import now
from gateway.ledger.protocol import audit_line
from gateway.ledger.store import Store


class Ledger(Lookups, Tokens):
    """One ledger, open. Everything is asynchronous; many requests use it at once."""

    @classmethod
    async def open(cls, url: str, *, serving: bool = False, make: bool = True) -> "Ledger":
        """Open the ledger and bring its schema up to date.

        :param url: ``sqlite:///path``, ``sqlite://`` (in memory) or ``postgresql+psycopg://…``.
        :param serving: this process answers requests: a SQLite file takes one such process, others may look and
            make or revoke tokens.
        :param make: make it where there is none; else an empty one in memory stands for it.
        :raises LedgerUnavailable: it cannot be reached, is served from already, or (``LedgerTooNew``) a newer
            program has used it.
        """
        if not make and not _has_file(url):
            return await cls.open("sqlite://")
        store = _store(url, serving)
        try:
            if not make and not await is_there(store):
                await store.close()
                return await cls.open("sqlite://")
            await migrate(store)
        except BaseException:
            await store.close()
            raise
        return cls(store)

    async def close(self) -> None:
        """Finish what is being written and release everything. Idempotent."""
        if self._touching:
            await asyncio.gather(*self._touching)
        await self._store.close()

    @property
    def single_process(self) -> bool:
        """True on SQLite: its locks reach no further than this process."""
        return self._store.single_process

    def lock(self, *keys: str) -> AbstractAsyncContextManager[None]:
        """Hold a lock for every key (rule 12); they are taken in sorted order, so two callers never wait for one
        another. Not re-entrant: ask for all keys at once."""
        return self._store.lock(sorted(set(keys)))

    # --- the write protocol

    async def record(self, intent: Intent) -> None:
        """Make the intent durable; only then may the target be touched. :raises LedgerConflict: the key is taken."""
        await self._store.write(lambda session: self._protocol.record(session, intent))

    async def confirm(self, intent: Intent, outcome: Confirmed) -> Assertion:
        """What was proposed is now confirmed: assertion, ledger values, members, alias, pending work and the audit line
        in one transaction; the intent is gone. Also for an intent that was never recorded (nothing to write).

        :raises LedgerConflict: another connection owns the anchor (rule 13).
        """
        return await self._store.write(lambda session: self._protocol.confirm(session, intent, outcome, now()))

    async def abandon(
        self,
        intent: Intent,
        reason: str,
        *,
        park: Pending | None = None,
        outcome: Outcome | None = None,
        changes: tuple[AuditChange, ...] = (),
    ) -> None:
        """The write failed: the proposal is forgotten, ``park`` stays to be done, the audit says why (rule 16).

        :param outcome: for the audit line; by default ``pending`` with ``park`` and ``failed`` without: then some of
            those whom it was adding may be members now.
        :param changes: for the audit line: what of it stays to be done, or is done already.
        """
        said: Outcome = outcome or ("pending" if park else "failed")
        line = audit_line(intent, now(), intent.id or "", said, reason, changes)
        doubtful = intent.adding if outcome is None else frozenset()
        await self._store.write(lambda session: self._protocol.abandon(session, intent, park, doubtful, line))

    async def withdraw(self, intent: Intent) -> None:
        """The write was not begun and will not be: as if it had never been recorded."""
        await self._store.write(lambda session: self._protocol.withdraw(session, intent))

    async def unsettled(
        self, scope: Scope | None = None, *, id: str | None = None, match: Collection[str] = ()
    ) -> list[Intent]:
        """Intents recorded and neither confirmed nor abandoned, oldest first.

        After a crash these are the writes of unknown outcome. In a running gateway some belong to requests in flight:
        whoever holds an object's lock and finds one for that object (by ``id``, or a create by one of its ``match``
        values) knows that nobody is working on it.
        """
        statement, key = self._s.intents, {}
        if scope is not None and id is not None:
            statement, key = self._s.intents_of, {**queries.own(scope), "id": codec.plain(id)}
        rows = await self._store.read(lambda session: session.execute(statement, key).fetchall())
        found = [codec.intent(row) for row in rows]
        return [
            one
            for one in found
            if (scope is None or one.scope == scope)
            and (id is None or one.id == id)
            and (not match or not set(match).isdisjoint(one.match))
        ]

    # --- pending work

    async def due(self, now: datetime, limit: int) -> list[Pending]:
        """Work whose time has come, the longest due first."""
        key = {"now": codec.moment(now), "most": limit}
        rows = await self._store.read(lambda session: session.execute(self._s.due, key).fetchall())
        return [codec.pending(row) for row in rows]

    async def pending(self, scope: Scope | None = None, id: str | None = None) -> list[Pending]:
        """All work left over, failed included; of one object with ``scope`` and ``id``."""
        if scope is not None and id is not None:
            key = {**queries.own(scope), "id": codec.plain(id)}
            rows = await self._store.read(lambda session: session.execute(self._s.pending_one, key).fetchall())
            return [codec.pending(row) for row in rows]
        rows = await self._store.scan(lambda session: session.execute(self._s.pending_all).fetchall())
        return [one for one in map(codec.pending, rows) if scope is None or one.scope == scope]

    async def park(self, pending: Pending) -> None:
        """Leave work to be done without an intent (what a recovery found out). Goals of one object add up."""
        await self._store.write(lambda session: self._protocol.park(session, pending))

    async def reschedule(self, pending: Pending, next_due: datetime, reason: str, *, failed: bool = False) -> None:
        """Try again later; nothing happens if the work was parked again meanwhile (it has a new due time)."""
        key = {**queries.own(pending.scope), "id": codec.plain(pending.id), "generation": pending.generation}
        new = {"new_due": codec.moment(next_due), "new_reason": codec.plain(reason), "new_failed": int(failed)}
        await self._store.write(lambda session: session.execute(self._s.reschedule, {**key, **new}).rowcount)

    async def finish(self, pending: Pending) -> bool:
        """The goal holds: drop the work. False if more was parked meanwhile: then it stays due."""
        return await self._store.write(lambda session: self._protocol.finish(session, pending))

    # --- audit

    async def note(self, line: AuditLine) -> None:
        """Write one audit line that belongs to no intent (a refusal before anything was planned)."""
        await self._store.write(lambda session: self._protocol.note(session, line))

    async def audit(
        self,
        *,
        connection: str | None = None,
        resource: str | None = None,
        since: datetime | None = None,
        operation: str | None = None,
        outcome: Outcome | None = None,
        actor: str | None = None,
        limit: int = 100,
    ) -> list[AuditLine]:
        """The latest ``limit`` lines that fit, oldest first. ``resource`` is a SCIM id."""
        wanted = {"connection": connection, "id": resource, "operation": operation, "outcome": outcome, "actor": actor}
        given = {name: codec.plain(value) for name, value in wanted.items() if value is not None}
        return await self._store.scan(lambda session: queries.audit(session, self._store.dialect, given, since, limit))

    # --- relink

    async def assertions(self, scope: Scope) -> list[Assertion]:
        """Every row of a target's collection, of every connection."""
        key = queries.place(scope)
        rows = await self._store.scan(lambda session: session.execute(self._s.every, key).fetchall())
        return [codec.assertion(row) for row in rows]

    async def rebuild(self, assertions: Sequence[Assertion]) -> None:
        """Write rows as given, in one transaction (``dirbridge relink``)."""

        def work(session: Any) -> None:
            for one in assertions:
                stamped = replace(one, created=one.created or now(), modified=one.modified or now())
                self._protocol.rebuild(session, stamped)

        await self._store.write(work)


def _has_file(url: str) -> bool:
    """Whether there is something to look at: a file of SQLite's, or a server, which is asked."""
    if not url.startswith("sqlite:"):
        return True
    from gateway.ledger.sqlite import path_of

    return Path(path_of(url) or "/").exists()


def _store(url: str, serving: bool) -> Store:
    scheme = url.partition(":")[0].partition("+")[0]
    if scheme == "sqlite":
        from gateway.ledger.sqlite import SqliteStore, path_of

        return SqliteStore(path_of(url), serving=serving)
    if scheme in {"postgresql", "postgres"}:
        from gateway.ledger.postgres import PostgresStore  # a SQLite ledger never loads the driver

        return PostgresStore(url)
    raise LedgerUnavailable(f"a ledger is sqlite:///… or postgresql+psycopg://…, not {scheme}:")
