"""The whole application on a real uvicorn on loopback, at a random port, with the embedded default behind it."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from gateway.http import HttpSettings, application
from gateway.ledger import Ledger
from tests.scim.wire import PATH, endpoint


@dataclass(frozen=True)
class Served:
    url: str
    token: str


@contextmanager
def served(directory: Path, **settings: Any) -> Iterator[Served]:
    """Serve until the block ends."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen()  # who comes before the server is up waits, and is not refused
    server: list[uvicorn.Server] = []
    token: list[str] = []
    ready = threading.Event()

    async def serve() -> None:
        async with AsyncExitStack() as stack:
            app = await stack.enter_async_context(endpoint(directory, **settings))
            ledger = await Ledger.open("sqlite://")
            stack.push_async_callback(ledger.close)
            token.append((await ledger.create_token("idp", "suite"))[1])
            front = application({"idp": app}, ledger, HttpSettings())
            server.append(uvicorn.Server(uvicorn.Config(front, lifespan="off", log_level="warning", access_log=False)))
            ready.set()
            await server[0].serve(sockets=[listening])

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        if not ready.wait(30):
            raise TimeoutError("the server did not start")
        yield Served(f"http://127.0.0.1:{listening.getsockname()[1]}{PATH}", token[0])
    finally:
        for each in server:
            each.should_exit = True
        thread.join(30)
        listening.close()
