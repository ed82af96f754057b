"""One database: its pool, the bounded threads in which it is spoken to, and how long that may take.

Drivers are synchronous: SQLAlchemy's own asynchronous layer costs more than a thread. SQLite writes go through one
thread, since its file takes one writer at a time and waiting for it in every thread would starve the readers.
"""

import asyncio
import contextlib
import os
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from connectors.errors import Unavailable
from connectors.sql import mysql
from connectors.sql.errors import ended, translate
from connectors.sql.texts import FOLD, fold

T = TypeVar("T")
Job = Callable[[sa.Connection], T]


@dataclass(slots=True)
class Turn:
    """One job on its way: which connection it has, so that a time-out or a cancellation can cut it off."""

    writes: bool
    connection: sa.Connection | None = None
    committing: bool = False
    cut: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, connection: sa.Connection) -> None:
        with self.lock:
            self.connection = connection
            if self.cut:
                raise Unavailable("the time for this is up")

    def leave(self) -> None:
        with self.lock:
            self.connection = None

    def abort(self) -> None:
        """Make the database call of this turn end now, in its own thread, with a lost connection."""
        with self.lock:
            self.cut = True
            if self.connection is not None:
                _cut(self.connection.connection.dbapi_connection)


class Database:
    """Runs jobs on connections. ``read`` and ``write`` belong to one event loop; no I/O before the first of them.

    :param pool: the most connections, and threads. :param timeout: seconds a job may take, waiting included.
    """

    def __init__(self, url: sa.URL, *, pool: int = 8, timeout: float = 15.0) -> None:
        self.timeout = timeout
        self.engine = _engine(url, pool, timeout)
        self.dialect = self.engine.dialect.name
        in_memory = isinstance(self.engine.pool, StaticPool)
        self._writers = ThreadPoolExecutor(1 if self.dialect == "sqlite" else pool, "sql")
        self._readers = self._writers if in_memory or self.dialect != "sqlite" else ThreadPoolExecutor(pool, "sql-read")
        lone = self.dialect in ("sqlite", mysql.NAME)  # where a read outside a transaction costs more, not less
        autocommit = {} if lone else {"isolation_level": "AUTOCOMMIT"}
        self._reading = self.engine.execution_options(**autocommit)
        self._writing = self.engine.execution_options(writes=True)

    @property
    def missing_file(self) -> str | None:
        """The file of an SQLite database that is not there: whoever only looks must not make it."""
        where = self.engine.url.database
        if self.dialect != "sqlite" or not where or where == ":memory:" or where.startswith("file:"):
            return None
        folder = os.path.dirname(where) or "."  # without it, opening fails and says so, and makes nothing
        return where if os.path.isdir(folder) and not os.path.exists(where) else None

    async def read(self, job: Job[T]) -> T:
        """Run a job that only reads. A connection found dead is replaced once: reading twice harms nobody."""
        try:
            return await self._run(self._readers, job, Turn(writes=False))
        except Unavailable as error:
            if not isinstance(error.__cause__, sa.exc.DBAPIError) or not error.__cause__.connection_invalidated:
                raise
        return await self._run(self._readers, job, Turn(writes=False))

    async def write(self, job: Job[T]) -> T:
        """Run a job in one transaction: committed when it returns, rolled back when it raises. Never run twice."""
        return await self._run(self._writers, job, Turn(writes=True))

    async def close(self) -> None:
        """Release threads and connections; idempotent."""
        for executor in {self._readers, self._writers}:
            await asyncio.to_thread(executor.shutdown, wait=True, cancel_futures=True)
        self.engine.dispose()

    async def _run(self, executor: ThreadPoolExecutor, job: Job[T], turn: Turn) -> T:
        try:
            running = asyncio.get_running_loop().run_in_executor(executor, self._in_thread, job, turn)
        except RuntimeError as error:
            raise Unavailable("the connector is closed") from error
        try:
            done, _ = await asyncio.wait({running}, timeout=self.timeout)
        except asyncio.CancelledError:
            turn.abort()
            running.cancel()
            raise
        if done:
            return running.result()
        turn.abort()
        running.cancel()
        raise Unavailable("the database took too long", uncertain=turn.committing)

    def _in_thread(self, job: Job[T], turn: Turn) -> T:
        try:
            return self._write(job, turn) if turn.writes else self._read(job, turn)
        except sa.exc.SQLAlchemyError as error:
            raise translate(error, writing=turn.writes, committing=turn.committing) from error

    def _read(self, job: Job[T], turn: Turn) -> T:
        with self._reading.connect() as connection:
            try:
                turn.take(connection)
                return job(connection)
            finally:
                turn.leave()

    def _write(self, job: Job[T], turn: Turn) -> T:
        with self._writing.connect() as connection, connection.begin() as transaction:
            try:
                turn.take(connection)
                result = job(connection)
                with turn.lock:
                    if turn.cut:
                        raise Unavailable("the time for this is up")
                    turn.committing = True
                transaction.commit()
                return result
            finally:
                turn.leave()


def _engine(url: sa.URL, pool: int, timeout: float) -> sa.Engine:
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, pool, timeout)
    arguments: dict[str, Any] = {}
    if url.get_backend_name() == mysql.NAME:
        arguments = mysql.arguments(url, timeout)
    if url.get_backend_name() == "postgresql":
        milliseconds = int(timeout * 1000)
        arguments = {
            "connect_timeout": max(2, int(timeout)),
            "application_name": "dirbridge",
            "options": f"-c statement_timeout={milliseconds} -c lock_timeout={milliseconds} -c timezone=UTC"
            f" -c idle_in_transaction_session_timeout={milliseconds * 2}",
        }
    engine = sa.create_engine(
        url, pool_size=pool, max_overflow=0, pool_timeout=timeout, connect_args=arguments, hide_parameters=True
    )
    if url.get_backend_name() == mysql.NAME:
        sa.event.listen(engine, "connect", mysql.preparing(timeout))
        sa.event.listen(engine, "handle_error", ended)
    return engine


def _sqlite(url: sa.URL, pool: int, timeout: float) -> sa.Engine:
    in_memory = url.database in (None, "", ":memory:")
    arguments = {"check_same_thread": False, "timeout": timeout}
    if in_memory:
        engine = sa.create_engine(url, poolclass=StaticPool, connect_args=arguments, hide_parameters=True)
    else:
        engine = sa.create_engine(
            url, pool_size=pool + 1, max_overflow=0, pool_timeout=timeout, connect_args=arguments, hide_parameters=True
        )
        sa.event.listen(engine, "do_connect", _private_sqlite)
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _private_sqlite(_dialect: Any, _record: Any, where: Any, _options: Any) -> None:
    """A file that is made here is its owner's alone: there are people in it, and hashes of their passwords."""
    if where[0].startswith("file:"):
        return  # a URI, which may say anything
    with contextlib.suppress(OSError):  # it is there already, or the driver says better what is wrong
        os.close(os.open(where[0], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """Take transactions into our own hands (the driver begins them late), and fold text as Python does."""
    connection.isolation_level = None
    connection.create_function(FOLD, 1, fold, deterministic=True)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "case_sensitive_like=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: sa.Connection) -> None:
    """A writer takes the lock at once: upgrading later fails instead of waiting."""
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _cut(connection: Any) -> None:
    """End whatever the driver waits for. Closing its socket under libpq would be a race; shutting it down is not."""
    if hasattr(connection, "interrupt"):
        connection.interrupt()
        return
    held = getattr(connection, "_sock", None) or connection  # PyMySQL keeps its socket to itself
    if hasattr(held, "fileno"):
        with contextlib.suppress(OSError), socket.socket(fileno=socket.dup(held.fileno())) as twin:
            twin.shutdown(socket.SHUT_RDWR)
