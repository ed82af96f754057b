"""PostgreSQL advisory locks: one lock per object across all replicas (semantics, rule 12)."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import psycopg

from gateway.ledger.errors import LedgerUnavailable
from gateway.ledger.locks import KeyedLocks

Connection = psycopg.AsyncConnection[tuple[object, ...]]
CONNECTIONS = 16
"""holders at one time; further ones wait here, not at the server"""
PATIENCE = 30.0
"""seconds that one waits for other replicas, or for a server that does not answer"""
RETURNING = 2.0
"""seconds that one waits for a lock to be given back; after that it comes back by itself, and nobody's answer waits"""


class AdvisoryLocks:
    """Session locks on connections of their own; the server releases them with the connection.

    Whoever wants a key queues in the process first, so that one connection at most waits for it from here.
    """

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._local = KeyedLocks()
        self._free: list[Connection] = []
        self._places = asyncio.Semaphore(CONNECTIONS)
        self._returning: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def hold(self, keys: Sequence[str]) -> AsyncIterator[None]:
        """Hold all keys; at the server in the order of their numbers, which is everybody's order."""
        numbers = sorted({number_of(key) for key in keys})
        async with self._local.hold(keys), self._places:
            try:
                async with asyncio.timeout(PATIENCE):
                    connection = await self._locked(numbers)
            except TimeoutError as error:
                raise LedgerUnavailable(f"a lock was not to be had within {PATIENCE:.0f} seconds") from error
            try:
                yield
            finally:
                await self._give_back(connection)

    async def _locked(self, numbers: Sequence[int]) -> Connection:
        while True:
            fresh = not self._free
            connection = await self._connect() if fresh else self._free.pop()
            try:
                for number in numbers:
                    await connection.execute("SELECT pg_advisory_lock(%s)", (number,))
            except psycopg.Error as error:
                await connection.close()
                if fresh:
                    raise LedgerUnavailable(f"the ledger gives no locks: {type(error).__name__}") from error
            except BaseException:
                await connection.close()  # cancelled: it may hold some keys, and waits for the next
                raise
            else:
                return connection

    async def _connect(self) -> Connection:
        try:
            return await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True)
        except psycopg.Error as error:
            raise LedgerUnavailable(f"the ledger cannot be reached: {type(error).__name__}") from error

    async def _give_back(self, connection: Connection) -> None:
        returning = asyncio.create_task(self._unlock(connection))
        self._returning.add(returning)
        returning.add_done_callback(self._returning.discard)
        await asyncio.wait({returning}, timeout=RETURNING)

    async def _unlock(self, connection: Connection) -> None:
        if connection.closed:
            return
        try:
            await connection.execute("SELECT pg_advisory_unlock_all()")
        except psycopg.Error:
            await connection.close()  # with the connection go its locks
        else:
            self._free.append(connection)

    async def close(self) -> None:
        if self._returning:
            _, late = await asyncio.wait(self._returning, timeout=RETURNING)
            for each in late:
                each.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        while self._free:
            await self._free.pop().close()


def number_of(key: str) -> int:
    """A key as PostgreSQL's signed 64-bit number. Two keys with one number only wait for each other more often."""
    return int.from_bytes(hashlib.blake2b(key.encode("utf-8", "replace"), digest_size=8).digest(), "big", signed=True)
