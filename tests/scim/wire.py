"""A SCIM endpoint over real parts (mapping, provisioning, ledger, SQLite), and a client that speaks to it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2

from connectors.ldap import LdapConnector
from connectors.memory import MemoryConnector
from connectors.sql import SqlConnector
from gateway.ledger import Ledger
from gateway.mapping.compiled import Mapping as CompiledMapping
from gateway.mapping.compiled import compile_mapping
from gateway.mapping.load import load
from gateway.provisioning.model import ConnectionSettings
from gateway.provisioning.provisioner import Provisioner
from gateway.scim.endpoint import ScimEndpoint
from gateway.scim.settings import ScimSettings

BASE = "http://scim.test"
PATH = "/scim/v2"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
_COMPILED: dict[str, CompiledMapping] = {}


class Wire:
    """A client of one endpoint; paths are below its mount."""

    def __init__(self, client: httpx2.AsyncClient, endpoint: ScimEndpoint) -> None:
        self.client = client
        self.endpoint = endpoint

    async def send(self, method: str, path: str, body: Any = None, **options: Any) -> httpx2.Response:
        if body is not None:
            options["json"] = body
        return await self.client.request(method, f"{BASE}{PATH}{path}", **options)

    async def get(self, path: str, **options: Any) -> httpx2.Response:
        return await self.send("GET", path, **options)

    async def user(self, name: str = "ann", /, **attributes: Any) -> dict[str, Any]:
        """Create a user."""
        response = await self.send("POST", "/Users", {"schemas": [USER], "userName": name, **attributes})
        assert response.status_code == 201, response.text
        return dict(response.json())

    async def group(self, name: str = "team", /, **attributes: Any) -> dict[str, Any]:
        """Create a group."""
        response = await self.send("POST", "/Groups", {"schemas": [GROUP], "displayName": name, **attributes})
        assert response.status_code == 201, response.text
        return dict(response.json())

    async def patch(self, path: str, *operations: dict[str, Any], **options: Any) -> httpx2.Response:
        return await self.send("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)}, **options)

    async def read(self, kind: str, id: str) -> dict[str, Any]:
        response = await self.get(f"/{kind}/{id}")
        assert response.status_code == 200, response.text
        return dict(response.json())


def compiled(name: str) -> CompiledMapping:
    """A mapping file or preset, compiled once for all tests."""
    if name not in _COMPILED:
        _COMPILED[name] = compile_mapping(load(name))
    return _COMPILED[name]


@asynccontextmanager
async def endpoint(
    directory: Path, mapping: str = "embedded", target: Mapping[str, Any] | None = None, **settings: Any
) -> AsyncIterator[ScimEndpoint]:
    """An endpoint over a fresh ledger and a fresh target, or over the directory whose options are given."""
    dialect = settings.get("dialect", "tolerant")
    found = compiled(mapping)
    connector: Any
    if target is not None:
        connector = LdapConnector.from_options("target", target)
    elif found.target == "memory":
        connector = MemoryConnector.from_options("target", {})
    else:
        connector = SqlConnector.from_options("target", {"url": f"sqlite:///{directory}/target.db"})
    ledger = await Ledger.open("sqlite://")
    try:
        collections = connector.collections(found.specs)
        provisioner = Provisioner(ConnectionSettings("idp", "target", dialect), found, collections, ledger)
        yield ScimEndpoint(provisioner, ScimSettings(PATH, **settings))
    finally:
        await connector.close()
        await ledger.close()


@asynccontextmanager
async def wire(directory: Path, mapping: str = "embedded", **settings: Any) -> AsyncIterator[Wire]:
    """A client of an endpoint over fresh parts."""
    async with endpoint(directory, mapping, **settings) as app:
        transport = httpx2.ASGITransport(app=app)  # type: ignore[arg-type]
        async with httpx2.AsyncClient(transport=transport, base_url=BASE) as client:
            yield Wire(client, app)


def fails(response: httpx2.Response, status: int, scim_type: str | None = None) -> None:
    """Assert that an answer is a SCIM error document (RFC 7644 §3.12)."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/scim+json"
    body = response.json()
    assert body["schemas"] == [ERROR]
    assert body["status"] == str(status)
    assert body.get("scimType") == scim_type
    assert body["detail"]
    assert set(body) <= {"schemas", "status", "scimType", "detail"}
