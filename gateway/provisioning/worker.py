"""The worker: what was left pending is driven to the end, in this process, also after a restart (rule 16).

It works from rows of the ledger, not from messages: a row says "make this object as the goal says", so doing it twice
is harmless, and a row that grew meanwhile is simply still there. Only what takes access away is ever pending.

No object and no target may keep another waiting: targets are worked on beside one another, one attempt tells for all
that wait for a target that is away, and an attempt that fails in an unforeseen way is one object's, not the worker's.
"""

import asyncio
import logging
import random
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from scim2_models import NotFoundException, SCIMException

from gateway.ledger import Ledger, LedgerUnavailable
from gateway.ledger.model import Pending
from gateway.provisioning.errors import Unavailable503
from gateway.provisioning.ground import acting
from gateway.provisioning.model import ANY, Clock, utc_now
from gateway.provisioning.operations import deleting, updating
from gateway.provisioning.provisioner import Provisioner
from gateway.provisioning.recovery import aftermath, recovery
from gateway.provisioning.relations import pointing, roles
from gateway.provisioning.watch import Watch

T = TypeVar("T")
LEDGER = (
    "%s is away: %s. Every request is answered 503, no target is touched, and pending work waits. "
    "Next: see whether the database that server.ledger names runs and can be reached from here"
)
log = logging.getLogger(__name__)

BATCH = 200
RECOVER_EVERY, IN_FLIGHT = timedelta(seconds=30), timedelta(seconds=60)
"""how often a look for what others left open, and how young an intent is that somebody may be working on"""
ADMIT_EVERY = timedelta(seconds=10)
SHORTEST, LONGEST = 5.0, 60.0
"""seconds between two attempts at one object, doubling: once a target is back, nobody stays in for much longer"""


class Worker:
    """One worker for all connections of a process.

    :param provisioners: by connection. :param pause: seconds between two looks at the ledger.
    """

    def __init__(
        self, ledger: Ledger, provisioners: Mapping[str, Provisioner], *, clock: Clock = utc_now, pause: float = 2.0
    ) -> None:
        self._ledger = ledger
        self._provisioners = provisioners
        self._clock = clock
        self._pause = pause
        self._stopping = asyncio.Event()
        self._watch = Watch("the ledger", LEDGER)
        self._unresumed = set(provisioners)

    async def run(self) -> None:
        """Recover, then work until ``stop``. A ledger that is away is waited for."""
        recovered: datetime | None = None
        admitted: datetime | None = None
        while not self._stopping.is_set():
            try:
                if recovered is None or self._clock() - recovered > RECOVER_EVERY:
                    await self.recover(self._clock() - IN_FLIGHT if recovered else None)
                    recovered = self._clock()
                await self.work()
                if admitted is None or self._clock() - admitted > ADMIT_EVERY:
                    await self.admit()
                    admitted = self._clock()
            except LedgerUnavailable as failure:
                self._watch.lost(str(failure))
            else:
                self._watch.answered()
            await self._rest()

    def stop(self) -> None:
        """Let ``run`` end once the object in hand is done."""
        self._stopping.set()

    async def recover(self, until: datetime | None = None) -> None:
        """Settle what a crash, a replica that ended, or a ledger that failed at the wrong moment left open.

        :param until: only what was begun before; by default everything, however young.
        """
        await beside_one_another(self._recover(each, until) for each in self._provisioners.values())

    async def _recover(self, provisioner: Provisioner, until: datetime | None) -> None:
        for ground in provisioner.grounds.values():
            await recovery.settle_all(ground, until)

    async def work(self) -> int:
        """Do what is due now. :return: how many objects were finished."""
        due = await self._ledger.due(self._clock(), BATCH)
        return sum(await beside_one_another(map(self._work_on, by_target(due))))

    async def _work_on(self, waiting: Sequence[Pending]) -> int:
        """One target's share, one after the other, until the target is found away."""
        done = 0
        away: str | None = None
        for pending in waiting:
            if self._stopping.is_set():
                break
            if away is not None:
                await self._later(pending, away)
                continue
            try:
                done += await self._try(pending)
            except Unavailable503 as failure:
                away = failure.detail
                await self._later(pending, away)
        return done

    async def admit(self) -> None:
        """Let members join who have become active in the target by themselves, such as by a first sign-in (S7)."""
        for provisioner in self._provisioners.values():
            await self._admit_waiting(provisioner)
        for name in sorted(self._unresumed):
            await self._resume(name)

    async def _resume(self, connection: str) -> None:
        """Once, when the target answers: references to those who had arrived when the last process ended."""
        provisioner = self._provisioners[connection]
        try:
            with provisioner.request():
                for ground in provisioner.grounds.values():
                    await pointing.resume(ground)
        except SCIMException as failure:
            log.warning("references of %s still wait: %s", connection, failure.detail)
        else:
            self._unresumed.discard(connection)

    async def _admit_waiting(self, provisioner: Provisioner) -> None:
        """Members whose memberships are held and who are there now, such as by a first sign-in (S7)."""
        for ground in provisioner.grounds.values():
            rules = ground.mapping.members
            if rules is None:
                continue
            waiting = await self._ledger.waiting_members(ground.scope)
            for kind in (ground.others[name] for name in rules.ref if waiting):
                try:
                    with provisioner.request():
                        await aftermath.join(kind, waiting)
                except SCIMException as failure:
                    log.warning("members of %s still wait: %s", ground.type, failure.detail)

    async def _try(self, pending: Pending) -> bool:
        """One attempt. What a client would be told is put down as the reason. :raises Unavailable503: another time."""
        provisioner = self._provisioners.get(pending.scope.connection)
        if provisioner is None or pending.scope.resource_type not in provisioner.grounds:
            await self._later(pending, "this connection or resource type is not configured any more", failed=True)
            return False
        try:
            with acting(pending.actor, pending.request_id), provisioner.request():
                await finish(provisioner, pending)
        except NotFoundException:
            return await self._ledger.finish(pending)
        except Unavailable503:
            raise
        except SCIMException as refusal:
            log.error("%s %s: pending work was refused: %s", pending.scope.resource_type, pending.id, refusal.detail)
            await self._later(pending, refusal.detail, failed=True)
            return False
        except Exception as fault:
            log.exception("%s %s: pending work failed; it is tried again", pending.scope.resource_type, pending.id)
            await self._later(pending, f"the attempt failed: {type(fault).__name__}")
            return False
        return True

    async def _later(self, pending: Pending, reason: str, *, failed: bool = False) -> None:
        seconds = min(LONGEST, SHORTEST * 2 ** min(pending.attempts, 10)) * random.uniform(0.75, 1.25)  # noqa: S311
        await self._ledger.reschedule(pending, self._clock() + timedelta(seconds=seconds), reason, failed=failed)

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(self._pause):
                await self._stopping.wait()
        except TimeoutError:
            return


def by_target(due: Iterable[Pending]) -> list[list[Pending]]:
    """What is due, target by target, each in its order."""
    shares: dict[str, list[Pending]] = {}
    for pending in due:
        shares.setdefault(pending.scope.target, []).append(pending)
    return list(shares.values())


async def beside_one_another(rounds: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """What each gives, once all have ended. :raises LedgerUnavailable: one of them found it away."""
    outcomes = await asyncio.gather(*rounds, return_exceptions=True)
    given: list[T] = []
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
        given.append(outcome)
    return given


async def finish(provisioner: Provisioner, pending: Pending) -> None:
    """Make one object as its goal says. Whoever confirms a write to it drops the row in the same transaction."""
    ground = provisioner.grounds[pending.scope.resource_type]
    if pending.goal.delete:
        await deleting.delete(ground, pending.id, ANY, unasked=True)
        return
    if pending.goal.own:
        await updating.update(ground, pending.id, updating.nothing, ANY)
    await roles.catch_up(ground, pending.id)
