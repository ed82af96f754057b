"""The ASGI application: the gateway is built when the server starts, in its event loop, and closed when it stops."""

import os

from starlette.types import Receive, Scope, Send

from gateway.app.gateway import Gateway, build
from gateway.app.parts import Parts, assemble
from gateway.config import Config, load_config

CONFIG_VARIABLE = "DIRBRIDGE_CONFIG"


class Application:
    """What uvicorn runs. ``gateway`` is there between the start and the end of the lifespan."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.gateway: Gateway | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if self.gateway is None:
            raise RuntimeError("the server asks before the lifespan has begun")
        await self.gateway.application(scope, receive, send)

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
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.gateway.close()
        await send({"type": "lifespan.shutdown.complete"})


def create_app(config: Config, *, test_mappings: bool = True) -> Application:
    """Return the application of a configuration. Nothing is opened yet.

    :raises ConfigError: everything that is wrong with it or its mappings.
    """
    return Application(assemble(config, test_mappings=test_mappings))


def from_environment() -> Application:
    """Return the application of ``$DIRBRIDGE_CONFIG``: what each of several worker processes runs.

    The mapping tests ran in the process that started them.
    """
    return create_app(load_config(os.environ[CONFIG_VARIABLE]), test_mappings=False)
