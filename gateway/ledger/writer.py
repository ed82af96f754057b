"""Writing to SQLite: many transactions to a commit, and only the waiting in a thread.

A statement costs some microseconds, less than the way to another thread and back, so transactions run on the event
loop. What waits runs in a thread: the commit, for the disk, and the beginning where another process writes just now.
"""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from queue import SimpleQueue
from typing import Any, TypeVar

from gateway.ledger.errors import LedgerConflict, LedgerUnavailable
from gateway.ledger.store import Work

T = TypeVar("T")
GROUP = 256
"""the most transactions that share one commit"""
PATIENCE, PAUSE = 5.0, 0.005
"""seconds to wait for another process that writes, and between two looks whether it still does"""


class _Job:
    """One transaction and who waits for it."""

    __slots__ = ("error", "future", "result", "work")

    def __init__(self, work: Work[Any], future: asyncio.Future[Any]) -> None:
        self.work = work
        self.future = future
        self.result: Any = None
        self.error: BaseException | None = None

    def settle(self) -> None:
        """On the event loop: tell the waiter, if it still waits."""
        if self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


class GroupWriter:
    """Runs transactions one after the other, many to a commit.

    While one commit waits for the disk the next group gathers, so the wait is shared and nobody waits for company.

    :param waits: False for a database in memory, whose commits take no time: they need no thread.
    """

    def __init__(self, session: sqlite3.Connection, *, waits: bool = True) -> None:
        self._session = session
        session.execute("PRAGMA busy_timeout = 0")  # on the event loop nobody may wait; the thread is patient itself
        self._gathering: list[_Job] = []
        self._busy = False
        self._stopped = False
        self._idle: asyncio.Future[None] | None = None
        self._steps: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="ledger-writer", daemon=True) if waits else None
        if self._thread is not None:
            self._thread.start()

    async def run(self, work: Work[T]) -> T:
        """Run ``work`` and return its result once it is durable.

        :raises LedgerUnavailable: it could not be written; nothing of it was.
        """
        if self._stopped:
            raise LedgerUnavailable("the ledger is closed")
        loop = asyncio.get_running_loop()
        job = _Job(work, loop.create_future())
        self._gathering.append(job)
        if not self._busy:
            self._busy = True
            loop.call_soon(self._next, loop)  # in a moment: whoever is ready in this turn of the loop comes along
        result: T = await job.future
        return result

    async def stop(self) -> None:
        """Finish what is queued and close the connection. Idempotent."""
        if self._stopped:
            return
        self._stopped = True
        if self._busy:
            self._idle = asyncio.get_running_loop().create_future()
            await self._idle
        if self._thread is not None:
            self._steps.put(None)
            await asyncio.to_thread(self._thread.join)
        self._session.close()

    # -- on the event loop

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin with those who gathered."""
        jobs, self._gathering = self._gathering[:GROUP], self._gathering[GROUP:]
        if not jobs:
            self._busy = False
            if self._idle is not None and not self._idle.done():
                self._idle.set_result(None)
            return
        try:
            self._session.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            if self._thread is not None and _is_locked(error):
                self._steps.put(partial(self._await_turn, loop, jobs))
            else:
                self._done(loop, jobs, error)
            return
        self._write(loop, jobs)

    def _write(self, loop: asyncio.AbstractEventLoop, jobs: Sequence[_Job]) -> None:
        """Run the transactions of an open group, each under its savepoint, and have the group committed."""
        try:
            if len(jobs) == 1:
                self._run_alone(jobs[0])
            else:
                for job in jobs:
                    self._run(job)
        except sqlite3.Error as error:
            self._done(loop, jobs, error)
            return
        if not self._session.in_transaction:
            self._done(loop, jobs, None)
        elif self._thread is not None:
            self._steps.put(partial(self._commit, loop, jobs))
        else:
            self._done(loop, jobs, self._committed())

    def _run_alone(self, job: _Job) -> None:
        """A group of one is its own savepoint."""
        try:
            job.result = job.work(self._session)
        except sqlite3.Error:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a transaction raises is its waiter's
            job.error = error
            self._session.execute("ROLLBACK")

    def _run(self, job: _Job) -> None:
        self._session.execute("SAVEPOINT one")
        try:
            job.result = job.work(self._session)
        except Exception as error:  # noqa: BLE001 - whatever a transaction raises is its waiter's, not the group's
            job.error = unavailable(error) if isinstance(error, sqlite3.Error) else error
            self._session.execute("ROLLBACK TO one")
        self._session.execute("RELEASE one")

    def _done(self, loop: asyncio.AbstractEventLoop, jobs: Sequence[_Job], error: sqlite3.Error | None) -> None:
        """Tell the waiters, and go on with those who came meanwhile."""
        if error is not None and self._session.in_transaction:
            self._session.execute("ROLLBACK")
        for job in jobs:
            if error is not None:
                job.error = job.error or unavailable(error)
            job.settle()
        loop.call_soon(self._next, loop)

    # -- in the thread

    def _serve(self) -> None:
        while (step := self._steps.get()) is not None:
            step()

    def _await_turn(self, loop: asyncio.AbstractEventLoop, jobs: Sequence[_Job]) -> None:
        """Wait for another process to finish its transaction, and begin."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                self._session.execute("BEGIN IMMEDIATE")
            except sqlite3.Error as error:
                if _is_locked(error) and time.monotonic() < until:
                    time.sleep(PAUSE)
                    continue
                self._tell(loop, self._done, loop, jobs, error)
            else:
                self._tell(loop, self._write, loop, jobs)
            return

    def _commit(self, loop: asyncio.AbstractEventLoop, jobs: Sequence[_Job]) -> None:
        self._tell(loop, self._done, loop, jobs, self._committed())

    def _committed(self) -> sqlite3.Error | None:
        try:
            self._session.execute("COMMIT")
        except sqlite3.Error as error:
            return error
        return None

    def _tell(self, loop: asyncio.AbstractEventLoop, follow: Callable[..., None], *arguments: Any) -> None:
        try:
            loop.call_soon_threadsafe(follow, *arguments)
        except RuntimeError:  # the loop was closed under its waiters: nobody is left to be told
            if self._session.in_transaction:
                self._session.execute("ROLLBACK")
            self._busy = False


def _is_locked(error: sqlite3.Error) -> bool:
    return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def unavailable(error: BaseException) -> LedgerUnavailable | LedgerConflict:
    """What the database says when it cannot: a full disk, a locked file, a lost file."""
    if isinstance(error, sqlite3.IntegrityError):
        return LedgerConflict(str(error))
    return LedgerUnavailable(f"the ledger cannot be used: {error}")
