"""Addresses and what proxies say of them."""

from ipaddress import ip_network
from typing import Any

import pytest

from gateway.http.peers import Proxied, address, peer, within

pytestmark = pytest.mark.anyio
TRUSTED = (ip_network("10.0.0.0/8"), ip_network("::1/128"))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("[2001:db8::1]", "2001:db8::1"),
        (" 192.0.2.1 ", "192.0.2.1"),
    ],
)
def test_addresses(text: str, wanted: str) -> None:
    assert str(address(text)) == wanted


@pytest.mark.parametrize("text", [None, "", "unknown", "192.0.2", "host.example", "1.2.3.4:5", "_hidden"])
def test_what_is_no_address(text: str | None) -> None:
    assert address(text) is None


def test_networks_of_both_versions() -> None:
    assert within(address("10.1.2.3"), TRUSTED)
    assert within(address("::ffff:10.1.2.3"), TRUSTED)
    assert within(address("::1"), TRUSTED)
    assert not within(address("192.0.2.1"), TRUSTED)
    assert not within(None, TRUSTED)
    assert not within(address("10.1.2.3"), ())


async def seen(client: str | None, headers: dict[str, str], trusted: Any = TRUSTED) -> dict[str, Any]:
    """What the application below sees of a request."""
    found: dict[str, Any] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        found["peer"], found["scheme"] = str(peer(scope)), scope["scheme"]
        found["host"] = dict(scope["headers"])[b"host"].decode()

    raw = [(b"host", b"inside"), *((name.lower().encode(), value.encode()) for name, value in headers.items())]
    scope = {"type": "http", "client": (client, 1) if client else None, "scheme": "http", "headers": raw}
    await Proxied(app, trusted)(scope, None, None)  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize(
    ("client", "forwarded", "wanted"),
    [
        ("10.0.0.1", "192.0.2.7", "192.0.2.7"),
        ("10.0.0.1", "203.0.113.9, 192.0.2.7", "192.0.2.7"),
        ("10.0.0.1", "192.0.2.7, 10.9.9.9", "192.0.2.7"),
        ("10.0.0.1", "10.1.1.1", "10.0.0.1"),
        ("10.0.0.1", "garbage", "10.0.0.1"),
        ("10.0.0.1", "192.0.2.7, garbage", "10.0.0.1"),
        ("192.0.2.1", "10.0.0.5", "192.0.2.1"),
        (None, "10.0.0.5", "None"),
    ],
)
async def test_x_forwarded_for_is_believed_from_a_proxy_alone(client: str | None, forwarded: str, wanted: str) -> None:
    assert (await seen(client, {"X-Forwarded-For": forwarded}))["peer"] == wanted


async def test_scheme_and_host_of_the_outside() -> None:
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "scim.example.com"}
    assert await seen("10.0.0.1", headers) == {"peer": "10.0.0.1", "scheme": "https", "host": "scim.example.com"}
    assert await seen("192.0.2.1", headers) == {"peer": "192.0.2.1", "scheme": "http", "host": "inside"}
    assert (await seen("10.0.0.1", {"X-Forwarded-Proto": "gopher"}))["scheme"] == "http"
    assert (await seen("10.0.0.1", headers, trusted=()))["host"] == "inside"
