"""A preset before an application: the gateway as config.toml describes it, Workroom behind, HTTP in front."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from gateway.app.asgi import Application, create_app
from gateway.config import load_config
from gateway.ledger.model import AuditLine
from tests.backends.workroom import Workroom
from tests.journeys.player import alive, pairs

BASE = "https://app.example.com"
BEARER = "h4r-scim-0123456789abcdefghijklmnopqrstuvwxyz"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@dataclass
class World:
    """One gateway and the application behind it. ``path`` is where the connection's endpoint is."""

    client: httpx2.AsyncClient
    app: Application
    room: Workroom
    path: str

    async def send(self, method: str, path: str, body: Any = None, status: int | None = None) -> httpx2.Response:
        """Send one request; :param status: what the answer must have."""
        answer = await self.client.request(method, self.path + path, json=body)
        assert status is None or answer.status_code == status, (method, path, answer.status_code, answer.text)
        return answer

    async def user(self, user_name: str = "ann@corp.example", status: int = 201, **more: Any) -> dict[str, Any]:
        """POST a user as Okta does. :returns: the answer's body."""
        body = {"schemas": [USER], "userName": user_name, "externalId": f"E-{user_name}", "active": True, **more}
        return dict((await self.send("POST", "/Users", body, status)).json())

    async def group(self, name: str, *members: str) -> str:
        """POST a group. :returns: its id."""
        body = {"schemas": [GROUP], "displayName": name, "members": [{"value": id} for id in members]}
        return str((await self.send("POST", "/Groups", body, 201)).json()["id"])

    async def patch(self, path: str, *operations: Mapping[str, Any], status: int = 200) -> httpx2.Response:
        """PATCH with these operations."""
        return await self.send("PATCH", path, {"schemas": [PATCH], "Operations": operations}, status)

    async def active(self, id: str, value: Any, status: int = 200) -> httpx2.Response:
        """Deactivate or reactivate as Okta does: a value without a path."""
        return await self.patch(f"/Users/{id}", {"op": "replace", "value": {"active": value}}, status=status)

    async def get(self, path: str, status: int = 200) -> dict[str, Any]:
        """GET; :returns: the answer's body."""
        return dict((await self.send("GET", path, None, status)).json())

    async def found(self, type: str, filter: str) -> list[dict[str, Any]]:
        """What a filter finds."""
        answer = await self.client.get(f"{self.path}/{type}", params={"filter": filter})
        assert answer.status_code == 200, answer.text
        return list(answer.json()["Resources"])

    async def first_sign_in(self, email: str) -> None:
        """Somebody signs in; then the gateway looks after whoever waits, as it does by itself every so often."""
        assert self.room.login(email).status_code == 201
        assert self.app.gateway is not None
        await self.app.gateway.worker.admit()

    async def by_itself(self, holds: Callable[[], bool]) -> None:
        """Wait until the gateway has finished by itself what an answer left pending."""
        for _ in range(150):
            if await asyncio.to_thread(holds):
                return
            await asyncio.sleep(0.1)
        raise AssertionError("it never came true")

    async def audit(self) -> list[AuditLine]:
        """Every audit line, the oldest first."""
        assert self.app.gateway is not None
        return await self.app.gateway.ledger.audit()

    def members(self, team: str) -> set[str]:
        """The e-mail addresses of a team's members, as the application has them."""
        query = "SELECT u.email FROM users u JOIN team_members m ON m.user_id = u.id JOIN teams t ON t.id = m.team_id"
        return {row["email"] for row in self.room.sql(f"{query} WHERE t.name = :team", team=team)}


def target_of(room: Workroom, by: str) -> dict[str, Any]:
    """``[target.app]``: the application through its API, or its tables."""
    if by == "rest":
        return {"kind": "rest", "base": room.address, "auth": {"bearer": "env:WORKROOM_TOKEN"}}
    return {"kind": "sql", "url": room.url}


@asynccontextmanager
async def world(
    folder: Path, room: Workroom, preset: str, by: str, *, mapping: str = "", **connection: Any
) -> AsyncIterator[World]:
    """Start a gateway.

    :param by: ``rest``, or ``sql``: then the preset's twin for tables. :param mapping: TOML that extends the preset.
    """
    name = preset if by == "rest" else f"{preset}-sql"
    if mapping:
        (folder / "mapping.toml").write_text(f'format = 1\nextends = "{name}"\n{mapping}')
        name = "mapping.toml"
    settings = {
        "path": "/scim/v2",
        "target": "app",
        "mapping": name,
        "tokens": [{"name": "idp", "sha256": hashlib.sha256(BEARER.encode()).hexdigest()}],
        **connection,
    }
    target = {**target_of(room, by), "retry": {"attempts": 2, "deadline": "2s"}}
    parts = [f'[server]\nbase_url = "{BASE}"', f"[target.app]\n{pairs(target)}", f"[connection.idp]\n{pairs(settings)}"]
    file = folder / "config.toml"
    file.write_text("\n".join(parts))
    async with AsyncExitStack() as stack:
        app = create_app(load_config(file), test_mappings=False)
        await stack.enter_async_context(alive(app))
        transport = httpx2.ASGITransport(app=app)
        headers = {"Authorization": f"Bearer {BEARER}"}
        client = await stack.enter_async_context(
            httpx2.AsyncClient(transport=transport, base_url=BASE, headers=headers, timeout=30)
        )
        yield World(client, app, room, settings["path"])
