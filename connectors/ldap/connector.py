"""One directory service: settings and connections."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from connectors.contract import CollectionSpec, Finding
from connectors.entry import MEMBERS
from connectors.ldap.check import check
from connectors.ldap.collection import LdapCollection
from connectors.ldap.options import Settings, settings_of
from connectors.ldap.place import Place, place_of
from connectors.ldap.pool import Link, Pool

T = TypeVar("T")
Work = Callable[..., Awaitable[T]]
"""A verb: takes a ``Link`` first."""


class LdapConnector:
    """``kind = "ldap"``: see ``connectors.contract.Connector``."""

    shared = frozenset({"settle"})
    """see ``connectors.contract.Connector``"""

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        self.settings = settings
        self._pool = Pool(settings)

    @classmethod
    def from_options(cls, name: str, options: Mapping[str, Any]) -> "LdapConnector":
        """See ``Connector.from_options``; the keys are those of ``Settings``."""
        return cls(name, settings_of(options))

    def collections(self, specs: Mapping[str, CollectionSpec]) -> dict[str, LdapCollection]:
        """See ``Connector.collections``."""
        errors: list[str] = []
        places = {}
        for name, spec in specs.items():
            try:
                places[name] = place_of(spec, self.settings)
            except ValueError as error:
                errors.append(str(error))
        errors += [] if errors else _misnamed(places)
        if errors:
            raise ValueError("\n".join(errors))
        return {name: LdapCollection(place, places, self._pool, self._run) for name, place in places.items()}

    async def check(self, specs: Mapping[str, CollectionSpec]) -> Sequence[Finding]:
        """See ``Connector.check``."""
        return await self._run(check, specs, self.settings)

    async def close(self) -> None:
        """See ``Connector.close``: verbs under way end as unavailable."""
        await self._pool.close()

    async def _run(self, work: Work[T], *arguments: Any, write: bool = False) -> T:
        """Run one verb. A cancelled write is waited for: nothing is written after it was left."""
        link = Link(self._pool)
        if not write:
            return await _verb(link, work, arguments)
        running = asyncio.ensure_future(_verb(link, work, arguments))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            if not link.wrote:
                running.cancel()
            await _done(running)
            raise


def _misnamed(places: Mapping[str, Place]) -> list[str]:
    """Members that are named by another attribute than their entries are."""
    return [
        f"{name}: members.value must be the 'rdn' of {kind}, '{places[kind].rdn}'"
        for name, place in places.items()
        if place.member_by and MEMBERS in place.spec.references
        for kind in place.spec.references[MEMBERS].collections
        if kind in places and places[kind].rdn.lower() != place.member_by.lower()
    ]


async def _verb(link: Link, work: Work[T], arguments: Sequence[Any]) -> T:
    async with link:
        return await work(link, *arguments)


async def _done(running: asyncio.Future[Any]) -> None:
    """Wait until it is, however often this task is cancelled; bounded by the time-outs of the connection."""
    while not running.done():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait([running])
    if not running.cancelled():
        running.exception()  # seen, so that asyncio does not complain of it
