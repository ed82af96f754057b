"""One thread that writes to SQLite and commits in groups."""

import asyncio
import sqlite3
import threading
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from gateway.ledger.model import LedgerConflict, LedgerUnavailable
from gateway.ledger.store import Work

T = TypeVar("T")
GROUP = 256
"""the most transactions that share one commit"""


class _Job:
    """One transaction and who waits for it."""

    __slots__ = ("error", "future", "loop", "result", "work")

    def __init__(self, work: Work[Any]) -> None:
        self.work = work
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Any] = self.loop.create_future()
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
    """Runs transactions one after the other, each under its savepoint, many to a commit.

    While one commit waits for the disk the next group gathers, so the wait is shared and nobody waits for company.
    """

    def __init__(self, session: sqlite3.Connection) -> None:
        self._session = session
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._stopped = False
        self._thread = threading.Thread(target=self._serve, name="ledger-writer", daemon=True)
        self._thread.start()

    async def run(self, work: Work[T]) -> T:
        """Run ``work`` and return its result once it is durable.

        :raises LedgerUnavailable: it could not be written; nothing of it was.
        """
        if self._stopped:
            raise LedgerUnavailable("the ledger is closed")
        job = _Job(work)
        self._queue.put(job)
        result: T = await job.future
        return result

    def stop(self) -> None:
        """Finish what is queued and close the connection. Idempotent."""
        if not self._stopped:
            self._stopped = True
            self._queue.put(None)
        self._thread.join()

    def _serve(self) -> None:
        running = True
        while running:
            group = [self._queue.get()]
            while len(group) < GROUP and group[-1] is not None:
                try:
                    group.append(self._queue.get_nowait())
                except Empty:
                    break
            running = group[-1] is not None
            jobs = [job for job in group if job is not None]
            if jobs:
                self._commit(jobs)
                _tell(jobs)
        self._session.close()

    def _commit(self, jobs: list[_Job]) -> None:
        try:
            self._session.execute("BEGIN IMMEDIATE")
            for job in jobs:
                self._run(job)
            self._session.execute("COMMIT")
        except sqlite3.Error as error:
            for job in jobs:
                job.error = job.error or unavailable(error)
            self._roll_back()

    def _run(self, job: _Job) -> None:
        self._session.execute("SAVEPOINT one")
        try:
            job.result = job.work(self._session)
        except Exception as error:  # noqa: BLE001 - whatever a transaction raises is its waiter's, not the group's
            job.error = unavailable(error) if isinstance(error, sqlite3.Error) else error
            self._session.execute("ROLLBACK TO one")
        self._session.execute("RELEASE one")

    def _roll_back(self) -> None:
        if self._session.in_transaction:
            self._session.execute("ROLLBACK")


def _tell(jobs: list[_Job]) -> None:
    waiting: dict[asyncio.AbstractEventLoop, list[_Job]] = {}
    for job in jobs:
        waiting.setdefault(job.loop, []).append(job)
    for loop, mine in waiting.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_settle_all, mine)


def _settle_all(jobs: list[_Job]) -> None:
    for job in jobs:
        job.settle()


def unavailable(error: BaseException) -> LedgerUnavailable | LedgerConflict:
    """What the database says when it cannot: a full disk, a locked file, a lost file."""
    if isinstance(error, sqlite3.IntegrityError):
        return LedgerConflict(str(error))
    return LedgerUnavailable(f"the ledger cannot be used: {error}")
