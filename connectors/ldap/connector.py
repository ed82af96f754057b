"""One directory service: settings, connections, worker threads."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from connectors.contract import CollectionSpec, Finding
from connectors.errors import Unavailable
from connectors.ldap.check import check
from connectors.ldap.collection import LdapCollection
from connectors.ldap.options import Settings, settings_of
from connectors.ldap.place import place_of
from connectors.ldap.pool import Link, Pool

T = TypeVar("T")


class LdapConnector:
    """``kind = "ldap"``: see ``connectors.contract.Connector``."""

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        self.settings = settings
        self._pool = Pool(settings)
        self._threads = ThreadPoolExecutor(settings.pool, thread_name_prefix=f"ldap-{name}")

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
        if errors:
            raise ValueError("\n".join(errors))
        return {name: LdapCollection(place, places, self._pool, self._run) for name, place in places.items()}

    async def check(self, specs: Mapping[str, CollectionSpec]) -> Sequence[Finding]:
        """See ``Connector.check``."""
        return await self._run(check, specs, self.settings)

    async def close(self) -> None:
        """See ``Connector.close``: verbs under way end as unavailable."""
        self._pool.close()
        await asyncio.get_running_loop().run_in_executor(None, self._threads.shutdown)

    async def _run(self, work: Callable[..., T], *arguments: Any, write: bool = False) -> T:
        """Run ``work`` in a worker thread. A cancelled write is waited for: nothing is written after it was left."""
        try:
            running = self._threads.submit(self._work, work, arguments)
        except RuntimeError as error:
            raise Unavailable("the connection to the directory is closed") from error
        waiting = asyncio.wrap_future(running)
        try:
            return await asyncio.shield(waiting)
        except asyncio.CancelledError:
            if not running.cancel() and write:
                await _done(waiting)
            raise

    def _work(self, work: Callable[..., T], arguments: Sequence[Any]) -> T:
        with Link(self._pool) as link:
            return work(link, *arguments)


async def _done(waiting: asyncio.Future[Any]) -> None:
    """Wait until it is, however often this task is cancelled; bounded by the time-outs of the connection."""
    while not waiting.done():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait([waiting])
    waiting.exception()  # seen, so that asyncio does not complain of it
