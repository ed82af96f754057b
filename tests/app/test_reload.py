"""Files that are edited under a running gateway: nothing changes unasked, and what is broken changes nothing."""

import asyncio
import logging
import pickle
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from connectors.ldap.connector import LdapConnector
from gateway.app.asgi import Application
from gateway.app.lawful import laws_tried
from gateway.app.parts import examined, sound
from gateway.app.snapshot import snapshot
from gateway.config import load_config
from tests.app.test_gateway import ANN, AWAY, BASE, PEOPLE, TOKEN

pytestmark = pytest.mark.anyio
TITLE = PEOPLE.replace('active = "on"', 'active = "on"\ntitle = "job"')
LAWLESS = PEOPLE.replace('active = "on"', 'active = "on"\ntitle = { attr = "job", via = [{ prefix = "X-" }, "lower"] }')
SQL = BASE.replace('"memory"', '"sql"\nurl = "sqlite:///people.db"\ncreate_tables = true')


@asynccontextmanager
async def served(root: Path) -> AsyncIterator[tuple[Application, httpx2.AsyncClient]]:
    """An application between the start and the end of its lifespan, as uvicorn would run it."""
    (root / "config.toml").write_text(SQL)
    write(root, PEOPLE)

    def source() -> Any:
        return examined(lambda: load_config(root / "config.toml"))

    application = Application(sound(*source()), source)
    events: asyncio.Queue[Any] = asyncio.Queue()
    said: asyncio.Queue[Any] = asyncio.Queue()
    running = asyncio.create_task(application({"type": "lifespan"}, events.get, said.put))
    await events.put({"type": "lifespan.startup"})
    assert (await said.get())["type"] == "lifespan.startup.complete"
    transport = httpx2.ASGITransport(app=application, client=("10.1.2.3", 1234))
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with httpx2.AsyncClient(transport=transport, base_url="http://gateway.test", headers=headers) as client:
        yield application, client
    await events.put({"type": "lifespan.shutdown"})
    await running


def write(root: Path, mapping: str) -> None:
    text = mapping.replace('"memory"', '"sql"').replace("[user]\n", '[user]\ntable = "people"\n')
    text = text.replace('anchor = "id"', 'anchor = { attr = "id", generate = "uuid4" }')
    (root / "people.toml").write_text(text.partition("[group]")[0])


async def reloaded(application: Application) -> bool:
    return await application.begin_reload()


async def titles(client: httpx2.AsyncClient) -> list[str | None]:
    found = (await client.get("/scim/v2/Users")).json()
    return [each.get("title") for each in found["Resources"]]


async def test_an_edited_mapping_is_served_when_it_is_asked_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with served(tmp_path) as (application, client):
        ann = (await client.post("/scim/v2/Users", json={**ANN, "title": "Lead"})).json()
        write(tmp_path, TITLE)
        assert (await client.put(f"/scim/v2/Users/{ann['id']}", json={**ANN, "title": "Lead"})).status_code == 200
        assert await titles(client) == [None], "an edited file was taken up unasked"
        assert await reloaded(application)
        assert (await client.put(f"/scim/v2/Users/{ann['id']}", json={**ANN, "title": "Lead"})).status_code == 200
        assert await titles(client) == ["Lead"]
        assert [line for line in caplog.messages if line.startswith("reloaded: okta (")]


@pytest.mark.parametrize(
    ("mapping", "reason"),
    [
        ("format = 1\n[user", "the [ of a table's name is not closed"),
        (TITLE.replace("title", "titel"), "'titel' is not an attribute of User; did you mean 'title'?"),
        (LAWLESS, "law 2, the IdP reads back what it wrote"),
        (TITLE + "[never]", "unknown key 'never'"),
    ],
    ids=["syntax", "name", "law", "key"],
)
async def test_a_broken_file_never_takes_the_place_of_a_good_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, mapping: str, reason: str
) -> None:
    async with served(tmp_path) as (application, client):
        before = application.gateway
        if mapping.endswith("[never]"):
            (tmp_path / "config.toml").write_text(SQL.replace("[target", "[never]\n[target"))
        else:
            write(tmp_path, mapping)
        assert not await reloaded(application)
        assert application.gateway is before
        assert any(reason.removeprefix("unknown key 'never'") in line for line in caplog.messages), caplog.messages
        assert caplog.messages[-1].startswith("not reloaded, and served as before. Next: ")
        assert before is not None
        assert before.working is not None
        assert (await client.post("/scim/v2/Users", json=ANN)).status_code == 201


async def test_what_is_under_way_is_finished_on_the_old_connections(tmp_path: Path) -> None:
    async with served(tmp_path) as (application, client):
        old = application.gateway
        assert old is not None
        requests = [
            asyncio.create_task(client.post("/scim/v2/Users", json={**ANN, "userName": f"u{n}"})) for n in range(20)
        ]
        write(tmp_path, TITLE)
        assert await reloaded(application)
        assert {(await each).status_code for each in requests} == {201}
        assert application.gateway is not old
        assert old.under_way == 0
        assert old.working is None, "two workers would drive the same pending work"


async def test_the_targets_of_a_refused_reload_are_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[LdapConnector] = []
    let_go = LdapConnector.close

    async def close(connector: LdapConnector) -> None:
        closed.append(connector)
        await let_go(connector)

    monkeypatch.setattr(LdapConnector, "close", close)
    async with served(tmp_path) as (application, client):
        (tmp_path / "config.toml").write_text(AWAY.replace("[server]", "[server]\nrequire_targets = true"))
        assert not await reloaded(application)
        assert len(closed) == 1
        assert (await client.post("/scim/v2/Users", json=ANN)).status_code == 201


async def test_what_only_a_start_takes_up_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with served(tmp_path) as (application, _):
        (tmp_path / "config.toml").write_text(SQL.replace("[server]", '[server]\nlisten = "127.0.0.1:9"'))
        assert await reloaded(application)
        assert any(line.endswith(":3: server.listen: takes effect at the next start") for line in caplog.messages)


async def test_worker_processes_never_read_the_files_again(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(SQL)
    write(tmp_path, TITLE)
    parts = sound(*examined(lambda: load_config(tmp_path / "config.toml")))
    taken = pickle.loads(pickle.dumps(snapshot(parts)))  # as uvicorn hands it to a process
    (tmp_path / "people.toml").write_text("broken")
    (tmp_path / "config.toml").write_text("broken")
    made = taken().parts
    assert made.connections["okta"].mapping.digest == parts.connections["okta"].mapping.digest


async def test_a_law_that_is_broken_is_logged_beside_serving(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "config.toml").write_text(SQL)
    write(tmp_path, LAWLESS)
    parts = sound(*examined(lambda: load_config(tmp_path / "config.toml")))
    with caplog.at_level(logging.INFO), laws_tried(parts) as thread:
        await asyncio.to_thread(thread.join)
    (line,) = caplog.messages
    assert "law 2, the IdP reads back what it wrote" in line
    assert "Next: `dirbridge check " in line
