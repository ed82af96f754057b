"""One connection pool to one application: nothing is followed, kept or logged, and every answer has bounds.

httpx2's client would follow redirects on demand, keep cookies, read proxies from the environment and log addresses. So
only its requests and responses are used, on httpcore2's pool, which connects through ``addresses``.
"""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import httpcore2
import httpx2
import orjson

from connectors.errors import Unavailable
from connectors.rest.addresses import GuardedBackend, Network

CONNECT_KEPT = 30.0
"""seconds that an idle connection is kept"""
USER_AGENT = "dirbridge"
_UNSENT = (httpcore2.ConnectError, httpcore2.ConnectTimeout, httpcore2.PoolTimeout)
for _noisy in ("httpx2", "httpcore2"):  # at DEBUG they tell addresses and headers
    logging.getLogger(_noisy).setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Limits:
    """The most of one answer: octets, levels of nesting, elements of one list; and seconds for all of it."""

    octets: int = 16 * 1024 * 1024
    depth: int = 40
    items: int = 100_000
    connect: float = 5.0
    answer: float = 15.0


@dataclass(frozen=True, slots=True)
class Request:
    """One request, ready to be sent.

    :param target: path and query, encoded. :param label: what errors call it; holds no value of anybody.
    :param writing: it may have taken effect where no answer came.
    """

    method: str
    target: str
    label: str
    writing: bool = False
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    content: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, headers in any capitals, the JSON of the body (None where there is none), and the target asked."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    document: Any = field(default=None, repr=False)
    target: str = field(default="", repr=False)


class Transport:
    """Connections to one origin. :param base: scheme, host and port; its path is put before every target."""

    def __init__(
        self, base: str, *, tls: ssl.SSLContext | None, pool: int, limits: Limits, exceptions: tuple[Network, ...]
    ) -> None:
        url = httpx2.URL(base)
        self.origin = httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=b"/")
        self.prefix = url.raw_path.partition(b"?")[0].decode("ascii").rstrip("/")
        self._netloc = url.netloc.decode("ascii")
        self._limits = limits
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=pool,
            max_keepalive_connections=pool,
            keepalive_expiry=CONNECT_KEPT,
            network_backend=GuardedBackend(exceptions),
        )

    def local(self, address: str, asked: str) -> str | None:
        """The target of an address that the application gave, relative to the base; None where it is elsewhere.

        :param asked: the target whose answer gave it, from which it may be told (RFC 3986 §5).
        """
        here = httpx2.URL(f"{self.origin.scheme.decode()}://{self._netloc}{self.prefix}{asked}")
        try:
            url = here.join(address)
        except (httpx2.InvalidURL, ValueError):
            return None
        path = url.raw_path.decode("ascii")
        same = (url.scheme, url.raw_host, url.port, url.userinfo) == (here.scheme, here.raw_host, here.port, b"")
        winding = any(part in (".", "..") for part in unquote(path.partition("?")[0]).split("/"))
        return path.removeprefix(self.prefix) if same and not winding and path.startswith(f"{self.prefix}/") else None

    async def send(self, request: Request, more: Mapping[str, str]) -> Answer:
        """Send once. :raises Unavailable: no answer, or none within the bounds; ``uncertain`` where it was sent."""
        sent = False
        try:
            async with asyncio.timeout(self._limits.connect + self._limits.answer):
                response = await self._pool.handle_async_request(self._request(request, more))
                sent = True
                try:
                    return await self._answer(request, response)
                finally:
                    await response.aclose()
        except _UNSENT as failure:
            raise Unavailable("the application cannot be reached") from _shown(failure)
        except TimeoutError as failure:
            raise Unavailable(f"no answer in time to {request.label}", uncertain=request.writing) from failure
        except (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProtocolError) as failure:
            if (
                not sent
                and not request.writing
                and isinstance(failure, httpcore2.NetworkError | httpcore2.ProtocolError)
            ):
                raise Dropped from _shown(failure)
            raise Unavailable(f"the connection was lost during {request.label}", uncertain=request.writing) from _shown(
                failure
            )
        except ssl.SSLError as failure:
            raise Unavailable("the application's certificate is not accepted") from failure

    def _request(self, request: Request, more: Mapping[str, str]) -> httpcore2.Request:
        headers = {
            "host": self._netloc,
            "accept": "application/json",
            "accept-encoding": "identity",
            "user-agent": USER_AGENT,
            **{name.lower(): value for name, value in {**request.headers, **more}.items()},
        }
        if request.content is not None or request.method in ("POST", "PUT", "PATCH"):
            headers["content-length"] = str(len(request.content or b""))
        limits = self._limits
        timeout = {"connect": limits.connect, "read": limits.answer, "write": limits.answer, "pool": limits.answer}
        return httpcore2.Request(
            request.method,
            self.origin,
            headers=list(headers.items()),
            content=request.content,
            extensions={"timeout": timeout, "target": f"{self.prefix}{request.target}".encode("ascii")},
        )

    async def _answer(self, request: Request, response: httpcore2.Response) -> Answer:
        headers = httpx2.Headers(response.headers)
        if headers.get("content-encoding", "identity").lower() not in ("", "identity"):
            raise Unavailable(f"{request.label} was answered compressed, unasked", uncertain=request.writing)
        body = bytearray()
        stream = response.stream
        assert isinstance(stream, AsyncIterator) or hasattr(stream, "__aiter__")  # noqa: S101
        async for part in stream:
            body += part
            if len(body) > self._limits.octets:
                raise Unavailable(f"the answer to {request.label} is too long", uncertain=request.writing)
        return Answer(response.status, headers, self._document(request, response.status, bytes(body)), request.target)

    def _document(self, request: Request, status: int, body: bytes) -> Any:
        """The JSON of an answer. What is no JSON is nothing: errors are often pages for people."""
        if not body.strip():
            return None
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError as failure:
            if 200 <= status < 300 and not request.writing:
                raise Unavailable(f"the answer to {request.label} is not JSON") from _shown(failure)
            return None
        if not _within(document, self._limits):
            raise Unavailable(f"the answer to {request.label} is beyond all bounds", uncertain=request.writing)
        return document

    async def close(self) -> None:
        """Close every connection. Idempotent."""
        await self._pool.aclose()


class Dropped(Exception):
    """A kept connection was gone before a read was answered; it may be asked again."""


def _within(document: Any, limits: Limits) -> bool:
    """Whether a document is neither too deep nor has a list too long; without recursion."""
    level = [document]
    for _ in range(limits.depth):
        deeper: list[Any] = []
        for each in level:
            inner = each.values() if isinstance(each, dict) else each if isinstance(each, list) else ()
            if len(inner) > limits.items:
                return False
            deeper += [one for one in inner if isinstance(one, dict | list)]
        if not deeper:
            return True
        level = deeper
    return False


def _shown(failure: Exception) -> Exception:
    """The kind of a failure without its text, which may hold an address."""
    return type(failure)() if not isinstance(failure, orjson.JSONDecodeError) else ValueError("not JSON")
