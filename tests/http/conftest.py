"""The whole application over real parts: two connections, real tokens, a real ledger."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.types import ASGIApp

from connectors.memory import MemoryConnector
from gateway.http import Access, HttpSettings, application
from gateway.ledger import Ledger
from gateway.provisioning.model import ConnectionSettings
from gateway.provisioning.provisioner import Provisioner
from gateway.scim.endpoint import ScimEndpoint
from gateway.scim.settings import ScimSettings
from tests.scim.wire import compiled

MAPPING = str(Path(__file__).parent.parent / "scim" / "widgets.toml")
BASE = "http://scim.test"


@dataclass
class House:
    """A running application and what stands behind it."""

    app: ASGIApp
    ledger: Ledger
    client: httpx2.AsyncClient
    tokens: dict[str, str]

    async def send(
        self, method: str, url: str, body: Any = None, token: str | None = "okta", **options: Any
    ) -> httpx2.Response:
        """Send a request with the token of a connection (None: without)."""
        headers = dict(options.pop("headers", {}))
        if token is not None:
            headers.setdefault("Authorization", f"Bearer {self.tokens.get(token, token)}")
        if body is not None:
            options["json"] = body
        return await self.client.request(method, url, headers=headers, **options)


@asynccontextmanager
async def house(
    settings: Mapping[str, Mapping[str, Any]] | None = None, *, peer: str = "192.0.2.1", **http: Any
) -> AsyncIterator[House]:
    """Build the application: ``settings`` are ScimSettings by connection name."""
    connections = settings or {"okta": {"path": "/scim/v2"}, "secoda": {"path": "/api/v2/scim", "dialect": "okta"}}
    access: dict[str, Access] = http.pop("access", {})
    async with AsyncExitStack() as stack:
        ledger = await Ledger.open("sqlite://")
        stack.push_async_callback(ledger.close)
        found = compiled(MAPPING)
        endpoints, tokens = {}, {}
        for name, chosen in connections.items():
            connector = MemoryConnector.from_options(name, {})
            stack.push_async_callback(connector.close)
            collections = connector.collections(found.specs)
            provisioner = Provisioner(ConnectionSettings(name, name), found, collections, ledger)
            endpoints[name] = ScimEndpoint(provisioner, ScimSettings(**{"path": "", **chosen}))
            tokens[name] = (await ledger.create_token(name, "first"))[1]
        app = application(endpoints, ledger, HttpSettings(access=access, **http))
        transport = httpx2.ASGITransport(app=app, client=(peer, 1))  # type: ignore[arg-type]
        client = await stack.enter_async_context(httpx2.AsyncClient(transport=transport, base_url=BASE))
        yield House(app, ledger, client, tokens)


@pytest.fixture
async def home(anyio_backend: str) -> AsyncIterator[House]:
    async with house() as built:
        yield built
