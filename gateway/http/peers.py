"""Who the peer is: addresses, networks, and what a trusted proxy says about the client behind it."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.http.settings import Network

Address = IPv4Address | IPv6Address


def address(text: str | None) -> Address | None:
    """Parse an address; an IPv4 one written as IPv6 is an IPv4 one. None where it is none."""
    try:
        parsed = ip_address((text or "").strip().strip("[]"))
    except ValueError:
        return None
    return (parsed.ipv4_mapped or parsed) if isinstance(parsed, IPv6Address) else parsed


def peer(scope: Scope) -> Address | None:
    """The address of the client, as the server or a trusted proxy says."""
    client = scope.get("client")
    return address(client[0]) if client else None


def within(found: Address | None, networks: Iterable[Network]) -> bool:
    """Whether an address belongs to one of the networks; an unknown one to none."""
    return found is not None and any(found.version == network.version and found in network for network in networks)


class Proxied:
    """Middleware: believe X-Forwarded-For, -Proto and -Host where they come from a trusted proxy, and only there."""

    def __init__(self, app: ASGIApp, trusted: Sequence[Network]) -> None:
        self.app = app
        self.trusted = trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if self.trusted and scope["type"] == "http" and within(peer(scope), self.trusted):
            self._rewrite(scope)
        await self.app(scope, receive, send)

    def _rewrite(self, scope: Scope) -> None:
        """In place: who observes the request from above shall see the client, and what the layers below find out."""
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        said = {name: value.decode("latin-1") for name, value in headers if name.startswith(b"x-forwarded-")}
        if client := self._client(said.get(b"x-forwarded-for", "")):
            scope["client"] = (str(client), 0)
        scheme = said.get(b"x-forwarded-proto", "").split(",")[0].strip().lower()
        if scheme in ("http", "https"):
            scope["scheme"] = scheme
        if host := said.get(b"x-forwarded-host", "").split(",")[0].strip():
            others = [(name, value) for name, value in headers if name != b"host"]
            scope["headers"] = [(b"host", host.encode("latin-1")), *others]

    def _client(self, forwarded: str) -> Address | None:
        """The nearest address that is not itself a trusted proxy: what stands left of it anyone may have written."""
        for text in reversed(forwarded.split(",")):
            found = address(text)
            if found is None or not within(found, self.trusted):
                return found
        return None
