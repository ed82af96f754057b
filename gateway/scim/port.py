"""What the SCIM room needs of provisioning, as a type: the real one is one, a store in a test another."""

from typing import Any, Protocol

from gateway.mapping.compiled import Mapping
from gateway.provisioning.model import Listing, Patch, Precondition, Replaced, Search, Wanted

Resource = dict[str, Any]


class Provisioner(Protocol):
    """One connection. Every resource is canonical, with ``id`` and ``meta``; every failure a SCIMException."""

    @property
    def mapping(self) -> Mapping: ...

    async def create(self, type: str, resource: Resource) -> Resource: ...

    async def read(self, type: str, id: str, wanted: Wanted) -> Resource: ...

    async def search(self, search: Search) -> Listing: ...

    async def replace(self, type: str, id: str, resource: Resource, when: Precondition, wanted: Wanted) -> Replaced: ...

    async def patch(
        self, type: str, id: str, patch: Patch, when: Precondition, wanted: Wanted | None
    ) -> Resource | None: ...

    async def delete(self, type: str, id: str, when: Precondition) -> None: ...
