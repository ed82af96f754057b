"""``Provisioner``: one connection's SCIM operations, carried out in its target (RFC 7644 §3)."""

import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress

from scim2_models import ForbiddenException, NotFoundException, SCIMException

from connectors.contract import Collection
from gateway.ledger import Ledger, LedgerUnavailable, Scope
from gateway.mapping.compiled import Mapping as CompiledMapping
from gateway.provisioning import errors
from gateway.provisioning.ground import AfterCall, Ground, Trail, trail
from gateway.provisioning.members import members
from gateway.provisioning.model import (
    ANY,
    EVERYTHING,
    Clock,
    ConnectionSettings,
    Listing,
    Patch,
    Precondition,
    Replaced,
    Resource,
    Search,
    Wanted,
    utc_now,
)
from gateway.provisioning.operations import creating, deleting, membership, updating
from gateway.provisioning.protocol.protocol import note
from gateway.provisioning.protocol.standing import Standing
from gateway.provisioning.reading.reading import Reader
from gateway.provisioning.recovery import aftermath
from gateway.provisioning.recovery.parking import of_delete, of_patch, of_put, parking
from gateway.provisioning.retry import Retrying, patience
from gateway.provisioning.watch import Watch

log = logging.getLogger(__name__)


class Provisioner:
    """One connection. Every failure leaves it as a ``SCIMException``.

    :param collections: the target's collections, by resource type, as the connector opened them.
    :param after: makes the calls that follow lifecycle events, where the target has such.
    :param watch: is told whether the target answers; one for all connections to it.
    """

    def __init__(
        self,
        settings: ConnectionSettings,
        mapping: CompiledMapping,
        collections: Mapping[str, Collection],
        ledger: Ledger,
        *,
        clock: Clock = utc_now,
        after: AfterCall | None = None,
        watch: Watch | None = None,
    ) -> None:
        self.settings = settings
        self.connection = settings.name
        self.target = settings.target
        self.mapping = mapping
        watch = watch or Watch(f"target '{settings.target}'")
        patient = {name: Retrying(collection, settings.retry, watch) for name, collection in collections.items()}
        self.reader = Reader(settings, mapping, patient, ledger, clock)
        self.grounds: dict[str, Ground] = {}
        for name, resource in mapping.resources.items():
            scope = Scope(settings.name, settings.target, name)
            self.grounds[name] = Ground(
                scope, resource, patient[name], ledger, self.reader, settings, clock, after, self.grounds
            )

    async def create(self, type: str, resource: Resource, wanted: Wanted = EVERYTHING) -> Resource:
        """POST: create, adopt, restore or finish (rules 22 and 23).

        :return: the resource as it then stands. :raises SCIMException: 400, 403, 409, 503.
        """
        ground = self.grounds[type]
        async with self._writing(ground, "", "create"):
            there = await creating.create(ground, resource)
            await aftermath.of_creation(ground, there, members.replaced_by(resource))
            return await self._answer(ground, there, wanted)

    async def read(self, type: str, id: str, wanted: Wanted = EVERYTHING) -> Resource:
        """GET of one resource. :raises SCIMException: 404, 503."""
        with self.request():
            return await self.reader.read(type, id, wanted)

    async def search(self, search: Search) -> Listing:
        """GET of a list. :raises SCIMException: 400, 503."""
        with self.request():
            return await self.reader.search(search)

    async def replace(
        self, type: str, id: str, resource: Resource, when: Precondition = ANY, wanted: Wanted = EVERYTHING
    ) -> Replaced:
        """PUT. :return: the resource as it then stands, and whether it is new.

        :raises SCIMException: 400, 403, 404, 409, 412, 503.
        """
        ground = self.grounds[type]
        async with self._writing(ground, id, "replace", resource.get("active") is False):
            async with parking(ground, id, "replace", when, of_put(ground, resource)):
                groups = self.reader.shows_groups(type, wanted)
                there, created = await self._replace(ground, id, resource, when, groups)
            await aftermath.of_update(ground, there, members.replaced_by(resource))
            return Replaced(await self._answer(ground, there, wanted), created)

    async def patch(
        self, type: str, id: str, patch: Patch, when: Precondition = ANY, wanted: Wanted | None = EVERYTHING
    ) -> Resource | None:
        """PATCH. :return: the resource as it then stands; None for ``wanted=None``, unless a member was left out.

        :raises SCIMException: 400, 403, 404, 409, 412, 503.
        """
        ground = self.grounds[type]
        async with self._writing(ground, id, "patch", "active" in patch.named):
            async with parking(ground, id, "patch", when, of_patch(ground, patch)):
                if patch.apply is None and patch.members:
                    there = await membership.update(ground, id, patch.members, when)
                else:
                    groups = self.reader.shows_groups(type, wanted)
                    there = await updating.update(ground, id, updating.patched(patch), when, groups=groups)
            await aftermath.of_update(ground, there, patch.members)
            if wanted is None and not there.skipped:
                return None
            return await self._answer(ground, there, wanted or EVERYTHING)

    async def delete(self, type: str, id: str, when: Precondition = ANY) -> None:
        """DELETE. :raises SCIMException: 403, 404, 412, 503."""
        ground = self.grounds[type]
        async with self._writing(ground, id, "delete", True), parking(ground, id, "delete", when, of_delete):
            await deleting.delete(ground, id, when)

    async def _replace(
        self, ground: Ground, id: str, resource: Resource, when: Precondition, groups: bool
    ) -> tuple[Standing, bool]:
        """:return: what then stands, and whether the PUT created it."""
        try:
            return await updating.update(ground, id, updating.put(resource), when, groups=groups), False
        except NotFoundException:
            if not await self._may_create(ground, id, when):
                raise
            return await creating.create(ground, resource, id), True

    async def _answer(self, ground: Ground, there: Standing, wanted: Wanted) -> Resource:
        if there.entry is None and not there.absent:
            return await self.reader.read(ground.type, there.id, wanted)
        return await self.reader.render(
            ground.type, there.entry, there.assertion, wanted, fresh=there.fresh, groups=there.in_groups
        )

    async def _may_create(self, ground: Ground, id: str, when: Precondition) -> bool:
        """``put_creates``: an id that never meant anyone (S10)."""
        if not self.settings.put_creates or when.if_match is not None:
            return False
        return await ground.ledger.get(ground.scope, id) is None

    @asynccontextmanager
    async def _writing(self, ground: Ground, id: str, operation: str, expels: bool = False) -> AsyncIterator[None]:
        """A request that writes: one that ends before anything was recorded has its line in the audit too (O14).

        :param expels: the request would put somebody out; a refusal then is somebody who stays in, and is said aloud.
        """
        token = trail.set(Trail())
        try:
            with self.request():
                yield
        except SCIMException as refusal:
            await self._noted(ground, operation, id, refusal)
            if expels and isinstance(refusal, ForbiddenException):
                log.warning("%s of %s %s was refused: %s", operation, ground.type, id, refusal)
            raise
        finally:
            trail.reset(token)

    async def _noted(self, ground: Ground, operation: str, id: str, refusal: SCIMException) -> None:
        left = trail.get()
        if left.recorded or left.noted or isinstance(refusal.__cause__, LedgerUnavailable):
            return
        if refusal.status < 500:
            with errors.ledger_translated():
                await note(ground, operation, "refused", id, str(refusal))
        else:
            with suppress(LedgerUnavailable):  # the answer is 503 already
                await note(ground, operation, "failed", id, str(refusal))

    @contextmanager
    def request(self) -> Iterator[None]:
        """One request: one deadline for all its calls, and every failure in SCIM's words."""
        with errors.translated(), errors.ledger_translated(), patience(self.settings.retry.deadline):
            yield
