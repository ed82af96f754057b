"""Bounds: bodies, rates; and what is seen from outside: health, metrics, log lines, failures."""

import json
import logging
from ipaddress import ip_network
from typing import Any

import pytest

from gateway.ledger import LedgerUnavailable
from gateway.scim.guard import Bucket, Guard
from gateway.scim.settings import Rate, ScimSettings
from tests.http.conftest import House, house
from tests.scim.wire import BULK, GROUP, PATCH, USER, fails

pytestmark = pytest.mark.anyio
ANN = {"schemas": [USER], "userName": "ann"}


# -- sizes --------------------------------------------------------------------------------


async def test_a_body_of_50_mb_is_413_and_not_read(home: House) -> None:
    for path in ("/scim/v2/Users", "/scim/v2/Bulk", "/scim/v2/Users/.search"):
        fails(await home.send("POST", path, content=b" " * 50_000_000), 413)
    assert (await home.send("GET", "/scim/v2/Users")).json()["totalResults"] == 0


async def test_a_stream_without_a_length_is_read_up_to_the_bound(home: House) -> None:
    taken = 0

    async def receive() -> dict[str, Any]:
        nonlocal taken
        taken += 1
        return {"type": "http.request", "body": b" " * 65_536, "more_body": True}

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"authorization", home.tokens["okta"].encode()), (b"host", b"x")]
    scope = {
        "type": "http", "method": "POST", "path": "/scim/v2/Users", "query_string": b"", "headers": headers,
        "scheme": "http", "client": ("192.0.2.1", 1), "server": ("x", 80),
    }  # fmt: skip
    await home.app(scope, receive, send)
    assert sent[0]["status"] == 413
    assert json.loads(sent[1]["body"])["status"] == "413"
    assert taken <= 1 + 1_048_576 // 65_536


async def test_a_get_with_a_body_is_not_read(home: House) -> None:
    response = await home.send("GET", "/scim/v2/Users", content=b" " * 5_000_000)
    assert response.status_code == 200


async def test_bulk_has_its_own_bound() -> None:
    async with house({"okta": {"path": "/scim/v2", "max_body": 500, "bulk_payload": 100_000}}) as home:
        operations = [
            {"method": "POST", "path": "/Users", "bulkId": str(n), "data": {**ANN, "userName": f"u{n}"}}
            for n in range(20)
        ]
        assert (
            await home.send("POST", "/scim/v2/Bulk", {"schemas": [BULK], "Operations": operations})
        ).status_code == 200
        fails(await home.send("POST", "/scim/v2/Users", {**ANN, "displayName": "x" * 600}), 413)


# -- rates -----------------------------------------------------------------------------


def test_a_bucket_refills_evenly() -> None:
    now = 0.0
    bucket = Bucket(Rate(2, 10), lambda: now)
    bucket.take()
    bucket.take()
    with pytest.raises(Exception, match="rate limit") as refused:
        bucket.take()
    assert getattr(refused.value, "retry_after", None) == 5
    now = 4.9
    with pytest.raises(Exception, match="rate limit"):
        bucket.take()
    now = 5.1
    bucket.take()
    now = 1000.0
    bucket.take()
    bucket.take()
    with pytest.raises(Exception, match="rate limit"):
        bucket.take()


def test_what_may_not_be_refused_still_counts() -> None:
    now = 0.0
    guard = Guard(ScimSettings("", writes=Rate(1, 10)), lambda: now)
    guard.write({"deactivate"}, group=False, reducing=True)
    with pytest.raises(Exception, match="rate limit"):
        guard.write({"update"}, group=False, reducing=False)
    for _ in range(5):
        guard.write({"delete"}, group=False, reducing=True)


async def test_o13_reads_and_writes_are_limited_apart() -> None:
    async with house({"okta": {"path": "/scim/v2", "reads": Rate(2, 3600), "writes": Rate(1, 3600)}}) as home:
        statuses = [(await home.send("GET", "/scim/v2/Users")).status_code for _ in range(3)]
        assert statuses == [200, 200, 429]
        limited = await home.send("POST", "/scim/v2/Users/.search", {"filter": 'userName eq "x"'})
        fails(limited, 429)
        assert int(limited.headers["Retry-After"]) > 0
        assert (await home.send("POST", "/scim/v2/Users", ANN)).status_code == 201
        fails(await home.send("POST", "/scim/v2/Users", {**ANN, "userName": "bob"}), 429)
        assert (await home.send("GET", "/scim/v2/ServiceProviderConfig")).status_code == 200


async def test_rule_26_deprovisioning_is_never_refused() -> None:
    async with house({"okta": {"path": "/scim/v2", "writes": Rate(3, 3600)}}) as home:
        ids = [
            (await home.send("POST", "/scim/v2/Users", {**ANN, "userName": name})).json()["id"]
            for name in ("ann", "bob")
        ]
        body = {"schemas": [GROUP], "displayName": "Team", "members": [{"value": id} for id in ids]}
        group = (await home.send("POST", "/scim/v2/Groups", body)).json()["id"]

        async def patch(path: str, *operations: Any) -> int:
            answer = await home.send("PATCH", f"/scim/v2{path}", {"schemas": [PATCH], "Operations": operations})
            return answer.status_code

        assert await patch(f"/Users/{ids[0]}", {"op": "replace", "path": "displayName", "value": "x"}) == 429
        assert await patch(f"/Groups/{group}", {"op": "add", "path": "members", "value": [{"value": ids[0]}]}) == 429
        assert await patch(f"/Users/{ids[0]}", {"op": "Replace", "value": {"active": "False"}}) == 200
        assert await patch(f"/Groups/{group}", {"op": "remove", "path": f'members[value eq "{ids[0]}"]'}) == 204
        assert await patch(f"/Groups/{group}", {"op": "Remove", "path": "members", "value": [{"value": ids[1]}]}) == 204
        put = await home.send("PUT", f"/scim/v2/Users/{ids[1]}", {**ANN, "userName": "bob", "active": False})
        assert put.status_code == 200
        assert (await home.send("DELETE", f"/scim/v2/Users/{ids[1]}")).status_code == 204
        fails(await home.send("PUT", f"/scim/v2/Users/{ids[0]}", {**ANN, "displayName": "y"}), 429)


async def test_what_does_not_parse_costs_nothing() -> None:
    async with house({"okta": {"path": "/scim/v2", "writes": Rate(1, 3600)}}) as home:
        for _ in range(5):
            fails(await home.send("POST", "/scim/v2/Users", {"schemas": [USER]}), 400, "invalidValue")
        assert (await home.send("POST", "/scim/v2/Users", ANN)).status_code == 201


# -- seen from outside -----------------------------------------------------------------


async def test_health_needs_no_token(home: House) -> None:
    for path in ("/healthz", "/readyz"):
        response = await home.send("GET", path, token=None)
        assert response.status_code == 200
        assert (await home.send("HEAD", path, token=None)).content == b""
        assert (await home.send("POST", path, token=None)).status_code == 405


async def test_readiness_says_no_and_not_why() -> None:
    async def ready() -> None:
        raise LedgerUnavailable("postgresql://user:secret@db is away")

    async with house(ready=ready) as home:
        response = await home.send("GET", "/readyz", token=None)
        assert response.status_code == 503
        assert "secret" not in response.text
        assert (await home.send("GET", "/healthz", token=None)).status_code == 200


async def test_metrics_are_for_this_machine() -> None:
    async with house() as home:
        assert (await home.send("GET", "/metrics", token=None)).status_code == 403
    async with house(peer="127.0.0.1") as home:
        await home.send("GET", "/scim/v2/Users")
        await home.send("GET", "/scim/v2/Users", token=None)
        text = (await home.send("GET", "/metrics", token=None)).text
        assert 'dirbridge_requests_total{connection="okta",method="GET",status="200"} 1' in text
        assert 'dirbridge_requests_total{connection="okta",method="GET",status="401"} 1' in text
        for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP"):
            through = await home.send("GET", "/metrics", token=None, headers={name: "192.0.2.7"})
            assert through.status_code == 403, "a proxy on this machine is not who asks"


async def test_behind_a_proxy_the_log_and_the_counters_know_who_asked(caplog: pytest.LogCaptureFixture) -> None:
    async with house(peer="127.0.0.1", trusted_proxies=(ip_network("127.0.0.0/8"),)) as home:
        with caplog.at_level(logging.INFO, "gateway.access"):
            await home.send("GET", "/scim/v2/Users", headers={"X-Forwarded-For": "192.0.2.7"})
        line = json.loads(next(record.message for record in caplog.records if record.name == "gateway.access"))
        assert (line["connection"], line["token"], line["peer"]) == ("okta", "first", "192.0.2.7")
        assert 'connection="okta",method="GET",status="200"' in (await home.send("GET", "/metrics", token=None)).text


async def test_the_access_log_names_the_request_and_no_secret(home: House, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "gateway.access"):
        response = await home.send("POST", "/scim/v2/Users?attributes=q%20u", {**ANN, "password": "pa55"})
        await home.send("GET", "/scim/v2/Users", token="wrong-secret")
    lines = [json.loads(record.message) for record in caplog.records if record.name == "gateway.access"]
    assert lines[0]["request"] == response.headers["X-Request-Id"]
    assert (lines[0]["connection"], lines[0]["token"], lines[0]["method"], lines[0]["status"]) == (
        "okta",
        "first",
        "POST",
        201,
    )
    assert (lines[1]["status"], lines[1]["token"]) == (401, "")
    assert not any(secret in caplog.text for secret in (home.tokens["okta"], "pa55", "wrong-secret", "q u", "ann"))


async def test_an_unforeseen_failure_is_500_without_a_trace(home: House, caplog: pytest.LogCaptureFixture) -> None:
    async def broken(*_args: Any) -> None:
        raise RuntimeError("the password is hunter2")

    async with house() as home:
        endpoint = next(each for each in _endpoints(home))
        endpoint.handler.provisioner.read = broken
        response = await home.send("GET", "/scim/v2/Users/1")
        fails(response, 500)
        assert "hunter2" not in response.text
        assert response.headers["X-Request-Id"] in caplog.text


def _endpoints(home: House) -> list[Any]:
    app: Any = home.app
    while not hasattr(app, "_mounts"):
        app = app.app
    return [endpoint for _, name, endpoint in app._mounts if name == "okta"]


async def test_a_ledger_that_is_down_is_503() -> None:
    async with house() as home:

        async def verify(*_args: Any) -> None:
            raise LedgerUnavailable("away")

        home.ledger.verify = verify  # type: ignore[method-assign, assignment]
        response = await home.send("GET", "/scim/v2/Users")
        fails(response, 503)
        assert int(response.headers["Retry-After"]) > 0


async def test_the_audit_names_token_and_request(home: House) -> None:
    response = await home.send("POST", "/scim/v2/Users", ANN)
    (line,) = await home.ledger.audit(connection="okta")
    assert (line.actor, line.request_id) == ("first", response.headers["X-Request-Id"])
