"""The embedded ledger: one SQLite file that belongs to one serving process.

WAL with ``synchronous=FULL``: a commit is on the disk before anybody hears of it. What many coroutines want written is
gathered into one commit (``writer``); look-ups read on a connection of their own, on the event loop, because a look-up
by key in WAL mode waits for nobody and costs less than the way to another thread. The command line may open
the same file beside a running gateway: every connection waits its turn (``busy_timeout``).
"""

import asyncio
import sqlite3
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from gateway.ledger.dialect import Dialect
from gateway.ledger.errors import LedgerUnavailable
from gateway.ledger.exclusive import ServingLock
from gateway.ledger.locks import Held, KeyedLocks
from gateway.ledger.store import Work
from gateway.ledger.writer import GroupWriter, unavailable

T = TypeVar("T")
MEMORY = ""


class SqliteStore:
    """A ``Store`` on SQLite. ``path`` is ``""`` for a ledger in memory, gone with the process."""

    single_process = True

    def __init__(self, path: str, *, serving: bool = False) -> None:
        self.dialect = Dialect("sqlite")
        self._path = path
        self._locks = KeyedLocks()
        self._exclusive = ServingLock(path) if serving and path else None
        try:
            self._writer = GroupWriter(connect(path), waits=bool(path))
        except (sqlite3.Error, OSError) as error:
            self._release()
            raise unavailable(error) from error
        self._reader = connect(path, patience=250) if path else None  # on the event loop: rather 503 than stand still
        self._scanner: ThreadPoolExecutor | None = None
        self._scanning = threading.local()

    async def read(self, work: Work[T]) -> T:
        if self._reader is None:
            return await self._writer.run(work)
        try:
            return work(self._reader)
        except sqlite3.Error as error:
            raise unavailable(error) from error

    async def scan(self, work: Work[T]) -> T:
        if not self._path:
            return await self._writer.run(work)
        if self._scanner is None:
            self._scanner = ThreadPoolExecutor(2, thread_name_prefix="ledger-scan")
        return await asyncio.get_running_loop().run_in_executor(self._scanner, self._scan, work)

    def _scan(self, work: Work[T]) -> T:
        try:
            session = getattr(self._scanning, "session", None)
            if session is None:
                session = self._scanning.session = connect(self._path)
            return work(session)
        except sqlite3.Error as error:
            raise unavailable(error) from error

    async def write(self, work: Work[T]) -> T:
        return await self._writer.run(work)

    def lock(self, keys: Sequence[str]) -> Held:
        return self._locks.hold(keys)

    async def close(self) -> None:
        await self._writer.stop()
        if self._scanner is not None:
            self._scanner.shutdown()
        if self._reader is not None:
            self._reader.close()
        self._release()

    def _release(self) -> None:
        if self._exclusive is not None:
            self._exclusive.release()


def connect(path: str, *, patience: int = 5000) -> sqlite3.Connection:
    """Open the file (made, with its folder, where it is missing; readable by its owner alone)."""
    if path:
        file = Path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            file.touch(mode=0o600, exist_ok=False)
    connection = sqlite3.connect(
        path or ":memory:", isolation_level=None, check_same_thread=False, cached_statements=256
    )
    connection.execute(f"PRAGMA busy_timeout = {patience}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def path_of(url: str) -> str:
    """``sqlite:///relative``, ``sqlite:////absolute`` and ``sqlite://`` (memory) as SQLAlchemy reads them."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        raise LedgerUnavailable(f"ledger {url!r}: a SQLite URL has three slashes ({scheme.partition(':')[0]}:///path)")
    if rest in {"", "/", "/:memory:"}:
        return MEMORY
    if not rest.startswith("/"):
        raise LedgerUnavailable(f"ledger {url!r}: a SQLite URL has three slashes (sqlite:///path)")
    return rest[1:]
