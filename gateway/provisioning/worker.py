"""The worker: what was left pending is driven to the end, in this process, also after a restart (rule 16).

It works from rows of the ledger, not from messages: a row says "make this object as the goal says", so doing it twice
is harmless, and a row that grew meanwhile is simply still there. Only what takes access away is ever pending.
"""

import asyncio
import logging
import random
from collections.abc import Mapping
from datetime import datetime, timedelta

from scim2_models import NotFoundException, SCIMException

from gateway.ledger import Ledger, LedgerUnavailable
from gateway.ledger.model import Pending
from gateway.provisioning import aftermath, deleting, recovery, updating
from gateway.provisioning.errors import Unavailable503
from gateway.provisioning.ground import acting
from gateway.provisioning.model import ANY, Clock, utc_now
from gateway.provisioning.provisioner import Provisioner

log = logging.getLogger(__name__)

BATCH = 50
RECOVER_EVERY = timedelta(minutes=5)
SHORTEST, LONGEST = 5.0, 600.0
"""seconds between two attempts at one object, doubling"""


class Worker:
    """One worker for all connections of a process.

    :param provisioners: by connection. :param pause: seconds between two looks at the ledger.
    """

    def __init__(
        self, ledger: Ledger, provisioners: Mapping[str, Provisioner], *, clock: Clock = utc_now, pause: float = 5.0
    ) -> None:
        self._ledger = ledger
        self._provisioners = provisioners
        self._clock = clock
        self._pause = pause
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Recover, then work until ``stop``. A ledger that is away is waited for."""
        recovered: datetime | None = None
        while not self._stopping.is_set():
            try:
                if recovered is None or self._clock() - recovered > RECOVER_EVERY:
                    await self.recover()
                    recovered = self._clock()
                await self.work()
            except LedgerUnavailable as failure:
                log.warning("the ledger cannot be read; pending work waits: %s", failure)
            await self._rest()

    def stop(self) -> None:
        """Let ``run`` end once the object in hand is done."""
        self._stopping.set()

    async def recover(self) -> None:
        """Settle what a crash, or a ledger that failed at the wrong moment, left open, by reading the targets."""
        for provisioner in self._provisioners.values():
            for ground in provisioner.grounds.values():
                await recovery.settle_all(ground)

    async def work(self) -> int:
        """Do what is due now, deprovisioning first. :return: how many objects were finished."""
        done = 0
        for pending in await self._ledger.due(self._clock(), BATCH):
            if self._stopping.is_set():
                break
            done += await self._try(pending)
        for provisioner in self._provisioners.values():
            await self._admit_waiting(provisioner)
        return done

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
        """One attempt. What a client would be told is put down as the reason; 503 means another time."""
        provisioner = self._provisioners.get(pending.scope.connection)
        if provisioner is None or pending.scope.resource_type not in provisioner.grounds:
            await self._later(pending, "this connection or resource type is not configured any more", failed=True)
            return False
        try:
            with acting(pending.actor, pending.request_id), provisioner.request():
                await finish(provisioner, pending)
        except NotFoundException:
            return await self._ledger.finish(pending)
        except Unavailable503 as failure:
            await self._later(pending, failure.detail)
            return False
        except SCIMException as refusal:
            log.error("%s %s: pending work was refused: %s", pending.scope.resource_type, pending.id, refusal.detail)
            await self._later(pending, refusal.detail, failed=True)
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


async def finish(provisioner: Provisioner, pending: Pending) -> None:
    """Make one object as its goal says. Whoever confirms a write to it drops the row in the same transaction."""
    ground = provisioner.grounds[pending.scope.resource_type]
    if pending.goal.delete:
        await deleting.delete(ground, pending.id, ANY)
    else:
        await updating.update(ground, pending.id, updating.nothing, ANY)
