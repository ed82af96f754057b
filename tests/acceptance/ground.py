"""A gateway before one backend: requests go in by HTTP, and the backend is looked into beside the gateway."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.backends.slapd import Slapd
from tests.journeys.dialogue import Journey
from tests.journeys.directories import Directory, Told
from tests.journeys.in_memory import InMemory
from tests.journeys.in_slapd import InSlapd
from tests.journeys.in_sql import InApplication
from tests.journeys.player import TOKEN, serving

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
GUID = "5d1f8b1e-9d5a-4f0e-8d3b-0b7a1f6f9c11"
"""a name that nobody bears, as Entra ID asks for when it tests a connection"""

BACKENDS = ("memory", "sqlite", "postgresql", "slapd")
everywhere = pytest.mark.parametrize("backend", BACKENDS)


def only(*backends: str) -> pytest.MarkDecorator:
    """On these backends: where the row matters, or where there is a place for what it is about."""
    return pytest.mark.parametrize("backend", backends)


@dataclass
class Site:
    """One gateway, one identity provider's token, and what stands behind."""

    client: httpx2.AsyncClient
    directory: Directory
    folder: Path

    async def send(
        self, method: str, path: str, body: Any = None, status: int | None = None, **headers: str
    ) -> httpx2.Response:
        """Send one request below the endpoint. :param status: what the answer must have."""
        sent = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/scim+json", **headers}
        answer = await self.client.request(method, path, json=body, headers=sent)
        assert status is None or answer.status_code == status, (method, path, answer.status_code, answer.text)
        return answer

    async def get(self, path: str) -> dict[str, Any]:
        """GET what must be there. :returns: the answer's body."""
        return dict((await self.send("GET", path, status=200)).json())

    async def user(self, user_name: str = "ann@example.com", **more: Any) -> str:
        """POST a user. :returns: the id."""
        body = {
            "schemas": [USER],
            "userName": user_name,
            "externalId": f"ext-{user_name}",
            "name": {"givenName": "Ann", "familyName": "Lee"},
            "active": True,
            **more,
        }
        return str((await self.send("POST", "/Users", body, 201)).json()["id"])

    async def group(self, name: str, *members: str) -> str:
        """POST a group. :returns: the id."""
        body = {"schemas": [GROUP], "displayName": name, "members": [{"value": id} for id in members]}
        return str((await self.send("POST", "/Groups", body, 201)).json()["id"])

    async def patch(self, path: str, *operations: Mapping[str, Any], status: int = 200) -> httpx2.Response:
        """PATCH with these operations."""
        return await self.send("PATCH", path, {"schemas": [PATCH], "Operations": operations}, status)

    async def found(self, type: str, filter: str) -> list[dict[str, Any]]:
        """What a filter finds."""
        return list((await self.get(f"/{type}?{httpx2.QueryParams(filter=filter)}"))["Resources"])

    def users(self) -> dict[str, Told]:
        """The users that really stand in the backend, by userName."""
        return self.directory.content(())["user"]

    def members(self, group: str) -> set[str]:
        """The userNames of a group's members, as the backend has them."""
        return set(self.directory.content(())["group"][group]["members"])


def directory_of(backend: str, folder: Path, request: pytest.FixtureRequest) -> Directory:
    """A fresh backend."""
    if backend == "slapd":
        server: Slapd = request.getfixturevalue("slapd")
        server.reset()
        return InSlapd(server)
    if backend == "postgresql":
        return InApplication(request.getfixturevalue("postgres_url"), request.getfixturevalue("postgres"))
    return InApplication(f"sqlite:///{folder}/application.db") if backend == "sqlite" else InMemory()


@asynccontextmanager
async def gateway(
    directory: Directory, folder: Path, dialect: str = "okta", mapping: str = "", whole: str = "", **connection: Any
) -> AsyncIterator[Site]:
    """Start a gateway.

    :param mapping: TOML that extends the backend's preset. :param whole: a mapping file instead of the preset.
    :param connection: further keys of ``[connection.idp]``.
    """
    if whole:
        (folder / "whole.toml").write_text(whole)
        connection["mapping"] = "whole.toml"
    journey = Journey("acceptance", dialect, [], mapping=mapping, connection=connection)
    async with serving(folder, journey, directory) as client:
        yield Site(client, directory, folder)


def hashed(secret: str) -> str:
    """A token as config.toml keeps it."""
    return hashlib.sha256(secret.encode()).hexdigest()
