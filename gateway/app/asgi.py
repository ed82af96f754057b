"""The ASGI application: the gateway is built when the server starts, in its event loop, and closed when it stops."""

import asyncio
import logging
import os

from starlette.types import Receive, Scope, Send

from gateway.app.gateway import Gateway, build
from gateway.app.parts import Parts, assemble
from gateway.app.renewing import Source, refused, renewed
from gateway.config import Config, load_config

CONFIG_VARIABLE = "DIRBRIDGE_CONFIG"
DRAIN = 30.0
"""seconds that requests under way may take after a reload before their connections are closed"""
log = logging.getLogger(__name__)


class Application:
    """What uvicorn runs. ``gateway`` is there between the start and the end of the lifespan.

    :param source: reads the files again, where it may be asked to reload.
    """

    def __init__(self, parts: Parts, source: Source | None = None) -> None:
        self.parts = parts
        self.gateway: Gateway | None = None
        self.reloading: asyncio.Task[bool] | None = None
        self._source = source
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        gateway = self.gateway
        if gateway is None:
            raise RuntimeError("the server asks before the lifespan has begun")
        gateway.under_way += 1
        try:
            await gateway.application(scope, receive, send)
        finally:
            gateway.under_way -= 1
            if gateway.left is not None and not gateway.under_way:
                gateway.left.set()

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            self.gateway = await build(self.parts)
            await self.gateway.start()
        except Exception as error:
            if self.gateway is not None:
                await self.gateway.close()
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            raise
        self._loop = asyncio.get_running_loop()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._loop = None
        if self.reloading is not None:
            await asyncio.wait([self.reloading])
        await self.gateway.close()
        await send({"type": "lifespan.shutdown.complete"})

    def reload(self) -> None:
        """Ask for the files to be read again; from any thread, or a signal."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self.begin_reload)

    def begin_reload(self) -> "asyncio.Task[bool]":
        """Do so, in the event loop; the result says whether the files are served now."""
        if self.reloading is not None and not self.reloading.done():
            log.warning("a reload is under way already; send SIGHUP again when it is done")
        else:
            self.reloading = asyncio.create_task(self._reload(), name="dirbridge-reload")
        return self.reloading

    async def _reload(self) -> bool:
        """Serve from the files as they are now, if nothing is wrong with them; else go on as before."""
        old = self.gateway
        if old is None or self._source is None:
            return False
        new: Gateway | None = None
        try:
            parts = await asyncio.to_thread(renewed, self._source, self.parts)
            if parts is None:
                return False
            await old.rest()
            new = await build(parts, old.ledger)
            await new.start()
        except Exception as error:
            log.debug("reload", exc_info=error)
            if new is not None:
                await new.rest()
                await new.disconnect()
            refused([str(error)])
            old.resume()
            return False
        self.gateway, self.parts = new, parts
        log.warning("reloaded: %s", ", ".join(f"{name} ({part.file.name})" for name, part in parts.connections.items()))
        await old.drained(DRAIN)
        await old.disconnect()
        return True


def create_app(config: Config, *, test_mappings: bool = True) -> Application:
    """Return the application of a configuration. Nothing is opened yet.

    :raises ConfigError: everything that is wrong with it or its mappings.
    """
    return Application(assemble(config, test_mappings=test_mappings))


def from_environment() -> Application:
    """Return the application of ``$DIRBRIDGE_CONFIG``, for an ASGI server of one's own."""
    return create_app(load_config(os.environ[CONFIG_VARIABLE]))
