"""A gateway over a directory of 6,000 people with a group of ten and one of 5,000, and what it asks of both."""

import asyncio
import contextlib
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from bench.stage import config_text, seed
from gateway.app.gateway import Gateway, build
from gateway.app.parts import assemble
from gateway.config import load_config
from tests.backends.slapd import Slapd
from tests.scim.wire import PATCH

PEOPLE = 6_000


@dataclass
class Costs:
    """What one request asked for. :param directory: see ``Slapd.counting``. :param ledger: statements by first word."""

    directory: Counter[str]
    ledger: Counter[str] = field(default_factory=Counter)


class Bench:
    """One running gateway, asked over ASGI."""

    def __init__(self, gateway: Gateway, client: httpx2.AsyncClient, directory: Slapd) -> None:
        self.gateway, self.client, self.directory = gateway, client, directory

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Send one request; a 2xx answer's document, or None where it has none."""
        response = await self.client.request(method, path, json=body)
        assert response.is_success, response.text
        return response.json() if response.content else None

    async def patch(self, path: str, operation: dict[str, Any]) -> Any:
        return await self.ask("PATCH", path, {"schemas": [PATCH], "Operations": [operation]})

    async def find(self, path: str, filter: str) -> Any:
        (found,) = (await self.ask("GET", f"{path}?excludedAttributes=members&filter={filter}"))["Resources"]
        return found

    @contextlib.contextmanager
    def counting(self) -> Iterator[Costs]:
        """Count what the block asks of the directory and of the ledger."""
        store: Any = self.gateway.ledger._store
        sessions = [store._reader, store._writer._session]
        words: list[str] = []
        for session in sessions:
            session.set_trace_callback(lambda text: words.append(text.split()[0]))
        with self.directory.counting() as counted:
            costs = Costs(counted)
            yield costs
        for session in sessions:
            session.set_trace_callback(None)
        costs.ledger.update(words)


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    """The directory; tests leave it as they found it, but for people of their own."""
    server = Slapd(tmp_path_factory.mktemp("large"))
    try:
        seed(server, PEOPLE)
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
async def bench(large: Slapd, tmp_path: Path) -> AsyncIterator[Bench]:
    token = secrets.token_urlsafe(16)
    (tmp_path / "password").write_text(large.password)
    (tmp_path / "config.toml").write_text(config_text(tmp_path, large, token, 8080))
    gateway = await build(assemble(load_config(tmp_path / "config.toml")))
    transport = httpx2.ASGITransport(app=gateway.application)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/scim+json"}
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://scim.test/scim/v2", headers=headers, timeout=60
    ) as client:
        yield Bench(gateway, client, large)
    await gateway.close()
    await asyncio.sleep(0)
