"""What ``gateway.app`` puts together: every setting of a connection reaches whoever has to keep it."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2
import pytest

from connectors.ldap import LdapConnector
from connectors.memory import MemoryConnector
from gateway.app.asgi import create_app
from gateway.app.gateway import Gateway, TargetsAway, build
from gateway.app.parts import assemble
from gateway.config import ConfigError, parse_config

pytestmark = pytest.mark.anyio

TOKEN = "from-the-vault"
BASE = f"""
[server]
ledger = "sqlite://"
[target.app]
kind = "memory"
[connection.okta]
path = "/scim/v2"
target = "app"
mapping = "people.toml"
tokens = [
  {{ name = "vault", sha256 = "{sha256(TOKEN.encode()).hexdigest()}" }},
  {{ name = "auditor", sha256 = "{sha256(b"look").hexdigest()}", read_only = true }},
]
"""
PEOPLE = """
format = 1
target = "memory"
[user]
anchor = "id"
match = ["userName"]
adopt = "unmanaged"
[user.map]
userName = { attr = "login", required = true }
"name.familyName" = "last"
active = "on"
[group]
anchor = "id"
[group.map]
displayName = { attr = "name", required = true }
[group.members]
ref = "user"
"""
ANN: dict[str, Any] = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ann"}


@asynccontextmanager
async def running(root: Path, more: str = "", text: str = BASE) -> AsyncIterator[tuple[Gateway, httpx2.AsyncClient]]:
    (root / "people.toml").write_text(PEOPLE)
    gateway = await build(assemble(parse_config(text + more, "config.toml", root)))
    await gateway.start()
    client = httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=gateway.application, client=("10.1.2.3", 1234)),
        base_url="http://gateway.test",
        headers={"Authorization": f"Bearer {TOKEN}"},
    )
    try:
        async with client:
            yield gateway, client
    finally:
        await gateway.close()


async def test_the_main_road(tmp_path: Path) -> None:
    async with running(tmp_path) as (gateway, client):
        created = await client.post("/scim/v2/Users", json=ANN)
        assert created.status_code == 201
        assert created.headers["Location"].startswith("http://gateway.test/scim/v2/Users/")
        connector = gateway.parts.connectors["app"]
        assert isinstance(connector, MemoryConnector)
        (record,) = connector.store["User"].values()
        assert record.attributes["login"] == ("ann",)
        (line,) = await gateway.ledger.audit()
        assert (line.actor, line.operation, line.outcome) == ("vault", "create", "done")


async def test_base_url_is_what_locations_say(tmp_path: Path) -> None:
    text = BASE.replace("[server]", '[server]\nbase_url = "https://scim.example.com"')
    async with running(tmp_path, text=text) as (_, client):
        created = await client.post("/scim/v2/Users", json=ANN)
        assert created.headers["Location"].startswith("https://scim.example.com/scim/v2/Users/")


async def test_a_read_only_token_and_a_read_only_connection(tmp_path: Path) -> None:
    async with running(tmp_path) as (_, client):
        auditor = {"Authorization": "look"}
        assert (await client.get("/scim/v2/Users", headers=auditor)).status_code == 200
        assert (await client.post("/scim/v2/Users", json=ANN, headers=auditor)).status_code == 403
    async with running(tmp_path, 'mode = "read-only"') as (_, client):
        assert (await client.get("/scim/v2/Users")).status_code == 200
        assert (await client.post("/scim/v2/Users", json=ANN)).status_code == 403


async def test_h8_an_operation_that_is_not_allowed_is_403_and_says_so(tmp_path: Path) -> None:
    async with running(tmp_path, 'allow = ["create", "update"]') as (_, client):
        ann = (await client.post("/scim/v2/Users", json=ANN)).json()
        refused = await client.delete(f"/scim/v2/Users/{ann['id']}")
        assert refused.status_code == 403
        assert "delete" in refused.json()["detail"]
        groups = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "g"}
        assert (await client.post("/scim/v2/Groups", json=groups)).status_code == 403


async def test_o13_limits_are_429_with_retry_after_and_spare_what_takes_access_away(tmp_path: Path) -> None:
    async with running(tmp_path, 'limit = { reads = "2/h", writes = "1/h" }') as (_, client):
        ann = (await client.post("/scim/v2/Users", json=ANN)).json()
        refused = await client.post("/scim/v2/Users", json={**ANN, "userName": "ben"})
        assert refused.status_code == 429
        assert int(refused.headers["Retry-After"]) > 0
        patch = {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "replace", "path": "active", "value": False}],
        }
        assert (await client.patch(f"/scim/v2/Users/{ann['id']}", json=patch)).status_code in (200, 204)
        assert (await client.delete(f"/scim/v2/Users/{ann['id']}")).status_code == 204
        codes = [(await client.get("/scim/v2/Users")).status_code for _ in range(3)]
        assert codes == [200, 200, 429]


async def test_only_from_there(tmp_path: Path) -> None:
    async with running(tmp_path, 'from = ["192.0.2.0/24"]') as (_, client):
        assert (await client.get("/scim/v2/Users")).status_code == 403
    async with running(tmp_path, 'from = ["10.0.0.0/8"]') as (_, client):
        assert (await client.get("/scim/v2/Users")).status_code == 200


async def test_a_trusted_proxy_is_believed(tmp_path: Path) -> None:
    text = BASE.replace("[server]", '[server]\ntrusted_proxies = ["10.0.0.0/8"]')
    said = {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "scim.example.org"}
    async with running(tmp_path, 'from = ["192.0.2.0/24"]', text=text) as (_, client):
        created = await client.post("/scim/v2/Users", json=ANN, headers=said)
        assert created.headers["Location"].startswith("https://scim.example.org/scim/v2/Users/")


@pytest.mark.parametrize(
    ("line", "path", "value"),
    [
        ("bulk = false", ("bulk", "supported"), False),
        ("bulk_operations = 7", ("bulk", "maxOperations"), 7),
        ('bulk_body = "5KB"', ("bulk", "maxPayloadSize"), 5000),
        ("sort = false", ("sort", "supported"), False),
        ("etag = false", ("etag", "supported"), False),
        ("max_page = 17", ("filter", "maxResults"), 17),
        ('cursor_timeout = "5m"', ("pagination", "cursorTimeout"), 300),
    ],
)
async def test_what_is_off_or_bounded_is_advertised(
    line: str, path: tuple[str, str], value: object, tmp_path: Path
) -> None:
    async with running(tmp_path, line) as (_, client):
        said = (await client.get("/scim/v2/ServiceProviderConfig")).json()
        assert said[path[0]][path[1]] == value


async def test_policies_reach_the_protocol(tmp_path: Path) -> None:
    unknown = {**ANN, "shoeSize": 43}
    async with running(tmp_path, "put_creates = true\npage = 1\n") as (_, client):
        for status in (201, 200):  # the second time it is there
            assert (answer := await client.put("/scim/v2/Users/00u1", json=unknown)).status_code == status
            assert answer.headers.get("Location") == (answer.json()["meta"]["location"] if status == 201 else None)
        data = {"method": "PUT", "path": "/Users/00u2", "data": {**ANN, "userName": "cid"}}
        bulk = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [data]}
        (outcome,) = (await client.post("/scim/v2/Bulk", json=bulk)).json()["Operations"]
        assert (outcome["status"], outcome["location"].rpartition("/")[2]) == ("201", "00u2")
        await client.post("/scim/v2/Users", json={**ANN, "userName": "ben"})
        assert (await client.get("/scim/v2/Users")).json()["itemsPerPage"] == 1
    async with running(tmp_path, 'unknown_attributes = "refuse"') as (_, client):
        assert (await client.put("/scim/v2/Users/00u1", json=ANN)).status_code == 404
        assert (await client.post("/scim/v2/Users", json=unknown)).status_code == 400


async def test_bounds_of_a_body(tmp_path: Path) -> None:
    text = BASE.replace("[server]", '[server]\nmax_body = "1KB"\nmax_depth = 5')
    async with running(tmp_path, text=text) as (_, client):
        assert (await client.post("/scim/v2/Users", json={**ANN, "userName": "x" * 2000})).status_code == 413
        deep: Any = "x"
        for _ in range(9):
            deep = [deep]
        assert (await client.post("/scim/v2/Users", json={**ANN, "title": deep})).status_code == 400


async def test_two_replicas_with_one_key_understand_each_others_cursors(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("shared between the replicas")
    text = BASE.replace("[server]", '[server]\ncursor_key = "file:key"')
    async with running(tmp_path, text=text) as (first, one), running(tmp_path, text=text) as (second, two):
        for name in ("ann", "ben", "cid"):
            await one.post("/scim/v2/Users", json={**ANN, "userName": name})
        stores = [gateway.parts.connectors["app"] for gateway in (first, second)]
        assert isinstance(stores[0], MemoryConnector)
        assert isinstance(stores[1], MemoryConnector)
        stores[1].store.setdefault("User", {}).update(stores[0].store["User"])
        cursor = (await one.get("/scim/v2/Users?cursor&count=2")).json()["nextCursor"]
        rest = await two.get("/scim/v2/Users", params={"cursor": cursor, "count": "2"})
        assert len(rest.json()["Resources"]) == 1


async def test_readiness_asks_the_ledger(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with running(tmp_path) as (gateway, client):
        assert (await client.get("/readyz")).status_code == 200
        await gateway.ledger.close()
        with caplog.at_level(logging.CRITICAL):
            assert (await client.get("/readyz")).status_code == 503
            assert (await client.get("/healthz")).status_code == 200


AWAY = BASE.replace('"memory"', '"ldap"\nurls = ["ldap://127.0.0.1:1"]\nbase = "dc=x"').replace(
    "people.toml", "openldap"
)


async def test_a_target_that_is_away_is_said_at_the_start(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with running(tmp_path, text=AWAY) as (gateway, client):
        assert (await client.get("/readyz")).json() == {"status": "ready", "targets": {"untried": 1}}
        assert gateway.trying is not None
        assert await gateway.trying == ["app"]
        (line,) = caplog.messages
        assert line.startswith("target 'app' is away: ")
        assert "Next: " in line
        assert (await client.get("/readyz")).json() == {"status": "ready", "targets": {"away": 1}}


async def test_a_target_that_does_not_fit_is_said_at_the_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    text = BASE.replace('"memory"', '"sql"\nurl = "sqlite:///app.db"').replace("people.toml", "sql")
    async with running(tmp_path, text=text) as (gateway, client):
        assert gateway.trying is not None
        assert await gateway.trying == []
        (line,) = caplog.messages
        assert line.startswith(
            "target 'app' answers, but does not fit its mapping: connection.okta (sql): there is no "
        )
        assert "Next: `dirbridge check --online`" in line
        assert (await client.get("/readyz")).json() == {"status": "ready", "targets": {"answers": 1}}


async def test_a_gateway_may_be_told_not_to_start_without_its_targets(tmp_path: Path) -> None:
    text = AWAY.replace("[server]", "[server]\nrequire_targets = true")
    application = create_app(parse_config(text, "config.toml", tmp_path))
    said: list[Any] = []

    async def receive() -> dict[str, str]:
        return {"type": "lifespan.startup"}

    async def send(message: Any) -> None:
        said.append(message)

    with pytest.raises(TargetsAway):
        await application({"type": "lifespan"}, receive, send)
    assert [each["type"] for each in said] == ["lifespan.startup.failed"]
    assert said[0]["message"].startswith("target 'app' did not answer, and server.require_targets is set")


def complaints(text: str, root: Path) -> list[str]:
    (root / "people.toml").write_text(PEOPLE)
    with pytest.raises(ConfigError) as caught:
        assemble(parse_config(text, "config.toml", root))
    return [str(message) for message in caught.value.messages]


async def test_what_only_the_parts_know_is_said_at_once(tmp_path: Path) -> None:
    text = BASE + '[target.tape]\nkind = "memry"\n[target.far]\nkind = "sql"\nurl = "env:DIRBRIDGE_NOT_SET"\n'
    text += (
        '[target.near]\nkind = "sql"\nurl = "sqlite:///var/lib/x/app.db"\n[target.odd]\nkind = "memory"\nuniq = ["a"]\n'
    )
    text += '[connection.b]\npath = "/b"\ntarget = "app"\nmapping = "openldap"\n'
    text += '[connection.c]\npath = "/c"\ntarget = "app"\nmapping = "embeded"\n'
    found = complaints(text, tmp_path)
    assert [line.split(": ", 1)[0] for line in found] == [f"config.toml:{n}" for n in (15, 18, 21, 24, 28, 32)], found
    for line, part in zip(
        found,
        (
            "did you mean 'memory'?",
            "DIRBRIDGE_NOT_SET is not set",
            "three slashes are a relative path, four an absolute one",
            "uniq",
            "openldap is for a target of kind 'ldap'; 'app' is 'memory'",
            "did you mean 'embedded'?",
        ),
        strict=True,
    ):
        assert part in line


async def test_the_cursor_of_one_connection_means_nothing_at_another(tmp_path: Path) -> None:
    more = f"""
[connection.helpdesk]
path = "/helpdesk/scim"
target = "app"
mapping = "people.toml"
tokens = [{{ name = "desk", sha256 = "{sha256(b"desk").hexdigest()}" }}]
"""
    async with running(tmp_path, more) as (_, client):
        for name in ("ann", "bob", "cid"):
            await client.post("/scim/v2/Users", json={**ANN, "userName": name})
        first = (await client.get("/scim/v2/Users", params={"cursor": "", "count": "1"})).json()
        asked = {"cursor": first["nextCursor"], "count": "1"}
        assert (await client.get("/scim/v2/Users", params=asked)).status_code == 200
        desk = {"Authorization": "Bearer desk"}
        elsewhere = await client.get("/helpdesk/scim/Users", params=asked, headers=desk)
        assert (elsewhere.status_code, elsewhere.json().get("scimType")) == (400, "invalidCursor")


@pytest.mark.parametrize(("said", "seconds"), [('settle = "40s"', 40.0), ('settle = "0s"', 0.0), ("", 300.0)])
def test_rule_02_a_directory_settles_as_long_as_its_target_says(tmp_path: Path, said: str, seconds: float) -> None:
    text = BASE.replace(
        'kind = "memory"', f'kind = "ldap"\nurls = ["ldaps://one", "ldaps://two"]\nbase = "dc=x"\n{said}'
    )
    text = text.replace("people.toml", "openldap")
    connector = assemble(parse_config(text, "config.toml", tmp_path)).connectors["app"]
    assert isinstance(connector, LdapConnector)
    assert connector.settings.settle == seconds
