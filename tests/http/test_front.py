"""Who may come in: paths, tokens, networks, modes (acceptance.md, H and O rows)."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from ipaddress import ip_network
from typing import Any

import httpx2
import pytest

from gateway.http import Access, StaticToken
from tests.http.conftest import BASE, House, house
from tests.scim.wire import BULK, PATCH, USER, fails

pytestmark = pytest.mark.anyio
ANN = {"schemas": [USER], "userName": "ann"}


def unauthorized(response: httpx2.Response) -> None:
    fails(response, 401)
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="SCIM"'


# -- tokens ---------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["Bearer {}", "bearer {}", "BEARER   {}", "{}", "  Bearer {} "])
async def test_h5_bearer_in_any_case_or_the_bare_token(home: House, form: str) -> None:
    headers = {"Authorization": form.format(home.tokens["okta"])}
    assert (await home.send("GET", "/scim/v2/Users", token=None, headers=headers)).status_code == 200


@pytest.mark.parametrize(
    "value", ["", "Bearer", "Bearer x", "x", "Basic {}", "Bearer {} x", "Token {}", "Bearer {}x", "é"]
)
async def test_o12_anything_else_is_401(home: House, value: str) -> None:
    raw = value.format(home.tokens["okta"]).encode()
    headers: Any = {b"Authorization": raw}
    unauthorized(await home.client.request("GET", "/scim/v2/Users", headers=headers))
    unauthorized(await home.client.request("POST", "/scim/v2/Users", headers=headers, json=ANN))


async def test_without_a_token_it_is_401_on_every_path(home: House) -> None:
    for method, path in (
        ("GET", "/Users"),
        ("POST", "/Users"),
        ("GET", "/Schemas"),
        ("GET", "/Nope"),
        ("DELETE", "/Users/1"),
        ("OPTIONS", "/Users"),
    ):
        unauthorized(await home.send(method, f"/scim/v2{path}", token=None))


async def test_the_service_provider_config_is_public(home: House) -> None:
    for path in ("/scim/v2/ServiceProviderConfig", "/scim/v2/ServiceProviderConfig/"):
        assert (await home.send("GET", path, token=None)).status_code == 200
    unauthorized(await home.send("POST", "/scim/v2/ServiceProviderConfig", token=None))


async def test_h3_a_revoked_token_is_refused_at_once(home: House) -> None:
    assert (await home.send("GET", "/scim/v2/Users")).status_code == 200
    await home.ledger.revoke_token("first", "okta")
    unauthorized(await home.send("GET", "/scim/v2/Users"))


async def test_h4_two_tokens_at_once(home: House) -> None:
    _, second = await home.ledger.create_token("okta", "second")
    await home.ledger.revoke_token("first", "okta")
    unauthorized(await home.send("GET", "/scim/v2/Users"))
    assert (await home.send("GET", "/scim/v2/Users", token=second)).status_code == 200


async def test_an_expired_token_is_refused(home: House) -> None:
    _, secret = await home.ledger.create_token("okta", "old", expires=datetime.now(UTC) - timedelta(seconds=1))
    unauthorized(await home.send("GET", "/scim/v2/Users", token=secret))


async def test_a_token_is_good_for_its_own_connection(home: House) -> None:
    unauthorized(await home.send("GET", "/scim/v2/Users", token="secoda"))
    assert (await home.send("GET", "/api/v2/scim/Users", token="secoda")).status_code == 200


async def test_tokens_in_configuration() -> None:
    hashes = (
        StaticToken("terraform", sha256(b"s3cret").hexdigest().upper()),
        StaticToken("reader", sha256(b"r3ader").hexdigest(), read_only=True),
    )
    async with house(access={"okta": Access(tokens=hashes)}) as home:
        assert (await home.send("POST", "/scim/v2/Users", ANN, token="s3cret")).status_code == 201
        assert (await home.send("GET", "/scim/v2/Users", token="r3ader")).status_code == 200
        fails(await home.send("POST", "/scim/v2/Users", ANN, token="r3ader"), 403)
        unauthorized(await home.send("GET", "/api/v2/scim/Users", token="s3cret"))
        unauthorized(await home.send("GET", "/scim/v2/Users", token=hashes[0].sha256))


async def test_a_read_only_token_reads(home: House) -> None:
    created = (await home.send("POST", "/scim/v2/Users", ANN)).json()
    _, secret = await home.ledger.create_token("okta", "reader", read_only=True)
    path = f"/scim/v2/Users/{created['id']}"
    patch = {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "active", "value": False}]}
    for method, url, body in (
        ("PUT", path, ANN),
        ("PATCH", path, patch),
        ("DELETE", path, None),
        ("POST", "/scim/v2/Users", ANN),
    ):
        fails(await home.send(method, url, body, token=secret), 403)
    for method, url, body in (
        ("GET", path, None),
        ("GET", "/scim/v2/Users", None),
        ("POST", "/scim/v2/Users/.search", {"filter": 'userName eq "ann"'}),
        ("POST", "/scim/v2/.search", {}),
    ):
        assert (await home.send(method, url, body, token=secret)).status_code == 200
    bulk = {"schemas": [BULK], "Operations": [{"method": "DELETE", "path": f"/Users/{created['id']}"}]}
    answer = (await home.send("POST", "/scim/v2/Bulk", bulk, token=secret)).json()
    assert answer["Operations"][0]["status"] == "403"
    assert (await home.send("GET", path)).json() == created


async def test_a_read_only_connection(home: House) -> None:
    async with house({"okta": {"path": "/scim/v2", "mode": "read-only"}}) as closed:
        assert (await closed.send("GET", "/scim/v2/Users")).status_code == 200
        refused = await closed.send("POST", "/scim/v2/Users", ANN)
        fails(refused, 403)
        assert "read-only" in refused.json()["detail"]


# -- what a connection may do ------------------------------------------------------------

OFF = {"op": "replace", "path": "active", "value": False}
TITLE = {"op": "replace", "path": "displayName", "value": "x"}


async def person(home: House, secret: str) -> str:
    return str((await home.send("POST", "/scim/v2/Users", ANN, token=secret)).json()["id"])


@pytest.mark.parametrize(
    ("allow", "refused"),
    [
        ({"create"}, {"update", "deactivate", "both", "put", "delete", "groups"}),
        ({"create", "update"}, {"deactivate", "both", "delete", "groups"}),
        ({"create", "deactivate"}, {"update", "both", "put", "delete", "groups"}),
        ({"create", "update", "deactivate", "delete"}, {"groups"}),
        ({"update", "deactivate", "delete", "groups"}, {"create"}),
        ({"create", "groups"}, {"update", "deactivate", "both", "put", "delete"}),
    ],
)
async def test_h8_what_is_not_allowed_is_403_and_says_so(allow: set[str], refused: set[str]) -> None:
    async with house({"okta": {"path": "/scim/v2", "allow": frozenset(allow)}}) as home:
        created = await home.send("POST", "/scim/v2/Users", ANN)
        path = f"/scim/v2/Users/{created.json().get('id', 'x')}"

        def patch(*operations: Any) -> dict[str, Any]:
            return {"schemas": [PATCH], "Operations": operations}

        answers = {
            "create": created,
            "update": await home.send("PATCH", path, patch(TITLE)),
            "deactivate": await home.send("PATCH", path, patch(OFF)),
            "both": await home.send("PATCH", path, patch(OFF, TITLE)),
            "put": await home.send("PUT", path, {**ANN, "displayName": "y"}),
            "groups": await home.send("POST", "/scim/v2/Groups", {"schemas": [], "displayName": "x"}),
            "delete": await home.send("DELETE", path),
        }
        assert {name for name, answer in answers.items() if answer.status_code == 403} == refused
        for name in refused:
            fails(answers[name], 403)
            assert "does not allow" in answers[name].json()["detail"]


async def test_a_bulk_operation_is_authorised_alone() -> None:
    async with house({"okta": {"path": "/scim/v2", "allow": frozenset({"create"})}}) as home:
        id = await person(home, "okta")
        operations = [
            {"method": "DELETE", "path": f"/Users/{id}"},
            {"method": "POST", "path": "/Users", "bulkId": "b", "data": {**ANN, "userName": "bob"}},
        ]
        answer = (await home.send("POST", "/scim/v2/Bulk", {"schemas": [BULK], "Operations": operations})).json()
        assert [each["status"] for each in answer["Operations"]] == ["403", "201"]


# -- networks ---------------------------------------------------------------------------


async def test_o15_only_from_its_networks() -> None:
    access = {"okta": Access(sources=(ip_network("203.0.113.0/24"),))}
    async with house(access=access) as home:
        refused = await home.send("GET", "/scim/v2/Users")
        fails(refused, 403)
        fails(await home.send("GET", "/scim/v2/Users", headers={"X-Forwarded-For": "203.0.113.5"}), 403)
        fails(await home.send("GET", "/scim/v2/ServiceProviderConfig", token=None), 403)
        assert (await home.send("GET", "/api/v2/scim/Users", token="secoda")).status_code == 200
    async with house(access=access, peer="203.0.113.5") as home:
        assert (await home.send("GET", "/scim/v2/Users")).status_code == 200
    async with house(access=access, trusted_proxies=(ip_network("192.0.2.0/24"),)) as home:
        forwarded = {"X-Forwarded-For": "203.0.113.5"}
        assert (await home.send("GET", "/scim/v2/Users", headers=forwarded)).status_code == 200
        fails(await home.send("GET", "/scim/v2/Users", headers={"X-Forwarded-For": "198.51.100.1"}), 403)


# -- paths and locations ----------------------------------------------------------------


async def test_h1_several_connections_at_their_own_paths(home: House) -> None:
    await home.send("POST", "/scim/v2/Users", ANN)
    assert (await home.send("GET", "/scim/v2/Users")).json()["totalResults"] == 1
    for path in ("/api/v2/scim/Users", "/api/v2/scim/Users/", "/api/v2/scim/", "/api/v2/scim"):
        assert (await home.send("GET", path, token="secoda")).json()["totalResults"] == 0


async def test_a_path_below_another() -> None:
    async with house({"outer": {"path": "/scim"}, "inner": {"path": "/scim/v2"}}) as home:
        await home.send("POST", "/scim/v2/Users", ANN, token="inner")
        assert (await home.send("GET", "/scim/v2/Users", token="inner")).json()["totalResults"] == 1
        assert (await home.send("GET", "/scim/Users", token="outer")).json()["totalResults"] == 0


@pytest.mark.parametrize(
    "path", ["/", "/scim", "/scim/v2x/Users", "/admin", "/scim/v22", "/%00", "/..%2f..%2fetc/passwd"]
)
async def test_an_unknown_path_is_a_scim_404(home: House, path: str) -> None:
    fails(await home.send("GET", path), 404)
    fails(await home.send("GET", path, token=None), 404)


async def test_locations_are_what_the_client_sees() -> None:
    async with house() as home:
        created = await home.send("POST", "/scim/v2/Users", ANN)
        assert created.headers["Location"].startswith(f"{BASE}/scim/v2/Users/")
        spoofed = await home.send("GET", "/scim/v2/ServiceProviderConfig", headers={"X-Forwarded-Host": "evil.example"})
        assert "evil" not in spoofed.text
        odd = await home.send("GET", "/scim/v2/ServiceProviderConfig", headers={"Host": "a b<script>"})
        assert "<script>" not in odd.text
    settings = {"okta": {"path": "/scim/v2", "base_url": "https://scim.example.com/"}}
    async with house(settings) as home:
        created = await home.send("POST", "/scim/v2/Users", ANN)
        assert created.headers["Location"].startswith("https://scim.example.com/scim/v2/Users/")
    async with house(trusted_proxies=(ip_network("192.0.2.0/24"),)) as home:
        headers = {"X-Forwarded-Host": "scim.example.org", "X-Forwarded-Proto": "https"}
        created = await home.send("POST", "/scim/v2/Users", ANN, headers=headers)
        assert created.headers["Location"].startswith("https://scim.example.org/scim/v2/Users/")
