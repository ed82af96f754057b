"""The ledger of several replicas: PostgreSQL, through psycopg 3 alone.

Every thread of a small pool keeps one connection; PostgreSQL itself gathers commits. A connection that broke before
its commit was sent is opened again and the transaction repeated once; one that broke at the commit is reported.
"""

import asyncio
import os
import socket
import threading
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

import psycopg
from psycopg.conninfo import make_conninfo

from gateway.ledger.advisory import AdvisoryLocks
from gateway.ledger.dialect import Dialect
from gateway.ledger.errors import LedgerConflict, LedgerUnavailable
from gateway.ledger.store import Work

T = TypeVar("T")
Connection = psycopg.Connection[tuple[object, ...]]
THREADS = 8
PATIENCE = 15.0
"""seconds after which a server that does not answer counts as away"""
NETWORK: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""how soon the kernel gives up a peer that vanished without a word"""


class _Turn:
    """One job on its way: which connection it has, so that nothing of it happens after its waiter was told that it
    failed. Only a commit that is under way already may still come true."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self.cut = False

    def take(self, connection: Connection | None) -> None:
        """Go on with this connection; None = done with it. :raises psycopg.OperationalError: the time is up."""
        with self._lock:
            self._connection = connection
            if self.cut and connection is not None:
                raise psycopg.OperationalError("the time for this is up")

    def end(self) -> None:
        """End whatever its thread waits for. Closing a socket under libpq would be a race; shutting it down is not."""
        with self._lock:
            self.cut = True
            if self._connection is not None and not self._connection.closed:
                with suppress(OSError), socket.socket(fileno=os.dup(self._connection.fileno())) as twin:
                    twin.shutdown(socket.SHUT_RDWR)


class PostgresStore:
    """A ``Store`` on PostgreSQL."""

    single_process = False

    def __init__(self, url: str) -> None:
        self.dialect = Dialect("postgresql")
        self._conninfo = conninfo_of(url)
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="ledger")
        self._local = threading.local()
        self._open: set[Connection] = set()
        self._locks = AdvisoryLocks(self._conninfo)
        self._closed = False

    async def read(self, work: Work[T]) -> T:
        return await self._in_pool(work, False)

    async def scan(self, work: Work[T]) -> T:
        return await self._in_pool(work, False)

    async def write(self, work: Work[T]) -> T:
        return await self._in_pool(work, True)

    @asynccontextmanager
    async def lock(self, keys: Sequence[str]) -> AsyncIterator[None]:
        async with self._locks.hold(keys):
            yield

    async def close(self) -> None:
        self._closed = True
        await self._locks.close()
        await asyncio.to_thread(self._pool.shutdown)
        for connection in self._open:
            connection.close()
        self._open.clear()

    async def _in_pool(self, work: Work[T], transaction: bool) -> T:
        if self._closed:
            raise LedgerUnavailable("the ledger is closed")
        turn = _Turn()
        running = asyncio.get_running_loop().run_in_executor(self._pool, self._run, work, transaction, turn)
        try:
            return await asyncio.wait_for(running, PATIENCE)
        except TimeoutError as error:
            turn.end()
            raise LedgerUnavailable(f"the ledger did not answer within {PATIENCE:.0f} seconds") from error

    def _run(self, work: Work[T], transaction: bool, turn: _Turn) -> T:
        try:
            try:
                return self._attempt(work, transaction, turn)
            except _BrokenBeforeCommit:
                return self._attempt(work, transaction, turn)
        except (psycopg.Error, _BrokenBeforeCommit) as error:
            raise unavailable(error) from error

    def _attempt(self, work: Work[T], transaction: bool, turn: _Turn) -> T:
        connection = self._connection()
        committing = False
        try:
            turn.take(connection)
            if transaction:
                connection.execute("BEGIN")
            result = work(connection)
            if transaction:
                turn.take(connection)
                committing = True
                connection.execute("COMMIT")
        except BaseException as error:
            self._abort(connection)
            if isinstance(error, psycopg.Error) and connection.broken and not committing:
                raise _BrokenBeforeCommit from error
            raise
        finally:
            turn.take(None)
        return result

    def _connection(self) -> Connection:
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is None or connection.closed:
            if connection is not None:
                self._open.discard(connection)
            connection = psycopg.connect(self._conninfo, autocommit=True, prepare_threshold=2)
            self._open.add(connection)
            self._local.connection = connection
        return connection

    @staticmethod
    def _abort(connection: Connection) -> None:
        with suppress(psycopg.Error):  # a connection too broken to roll back is found closed by the next user
            connection.rollback()


class _BrokenBeforeCommit(Exception):
    """The connection went away while the transaction could still be repeated."""


def conninfo_of(url: str) -> str:
    """``postgresql+psycopg://…`` as libpq reads it. :raises LedgerUnavailable: it is no URL."""
    scheme, _, rest = url.partition("://")
    try:
        return make_conninfo(f"{scheme.partition('+')[0]}://{rest}", **NETWORK)
    except psycopg.ProgrammingError as error:
        raise LedgerUnavailable("the ledger's PostgreSQL URL cannot be read") from error


def unavailable(error: BaseException) -> LedgerUnavailable | LedgerConflict:
    """The kind of failure, without the server's words: they name hosts and users."""
    if isinstance(error, psycopg.errors.UniqueViolation):
        return LedgerConflict(error.diag.message_primary or "a unique value is taken")
    cause = error.__cause__ if isinstance(error, _BrokenBeforeCommit) else error
    if isinstance(cause, psycopg.OperationalError) and cause.sqlstate is None:
        return LedgerUnavailable("the ledger cannot be used: its PostgreSQL does not answer, or refuses the login")
    return LedgerUnavailable(f"the ledger cannot be used: {type(cause).__name__}")
