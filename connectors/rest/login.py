"""How the gateway says who it is: a constant header, or a token that is fetched, kept, and fetched anew in time."""

import asyncio
import base64
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import urlencode

import orjson

from connectors.errors import Unavailable
from connectors.rest import paths
from connectors.rest.errors import failure
from connectors.rest.transport import Request, Transport

EARLY = 30.0
"""seconds before its end that a token is not used any more, or a tenth of its life where that is less"""
UNKNOWN = 600.0
"""seconds that a token is taken to live where the application does not say"""


class Login(Protocol):
    """What is added to every request."""

    async def headers(self, transport: Transport) -> Mapping[str, str]:
        """The headers that say who asks. :raises Unavailable: no token can be had."""

    def refused(self, headers: Mapping[str, str]) -> bool:
        """These were answered 401. Say whether others may be had."""


@dataclass(frozen=True, slots=True)
class Constant:
    """Headers that never change: a bearer token, a key, a name with a password (RFC 6750, RFC 7617), or none."""

    values: Mapping[str, str] = field(default_factory=dict, repr=False)

    async def headers(self, transport: Transport) -> Mapping[str, str]:
        """See ``Login``."""
        del transport
        return self.values

    def refused(self, headers: Mapping[str, str]) -> bool:
        """See ``Login``: there are no others."""
        del headers
        return False


def basic(user: str, password: str) -> str:
    """The value of an Authorization header (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")


@dataclass(frozen=True, slots=True)
class TokenCall:
    """How a token is asked for and told.

    :param request: what is sent. :param header: the answer's header that holds the token, or None; else ``path``.
    :param lives: where the answer says how long: seconds, or a moment. :param send: the header it goes into.
    :param elsewhere: the transport to the token's own origin, or None for the application's.
    """

    request: Request = field(repr=False)
    header: str | None = None
    path: paths.Path = ()
    lives: paths.Path = ("expires_in",)
    send: str = "Authorization"
    scheme: str = "Bearer"
    elsewhere: Transport | None = field(default=None, repr=False)


class Fetched:
    """A token of a login call or of OAuth 2.0 client credentials (RFC 6749 §4.4), shared by all requests."""

    def __init__(self, call: TokenCall, constants: Mapping[str, str] | None = None) -> None:
        self.call = call
        self._constants = constants or {}
        self._lock = asyncio.Lock()
        self._headers: Mapping[str, str] | None = None
        self._until = 0.0

    async def headers(self, transport: Transport) -> Mapping[str, str]:
        """See ``Login``; one request fetches, the others wait for it."""
        async with self._lock:
            if self._headers is None or time.monotonic() >= self._until:
                self._headers = await self._fetch(self.call.elsewhere or transport)
            return self._headers

    def refused(self, headers: Mapping[str, str]) -> bool:
        """See ``Login``: the token ended early, or was revoked; the next one may do."""
        if self._headers is headers:
            self._headers = None
        return True

    async def _fetch(self, transport: Transport) -> Mapping[str, str]:
        asked = time.monotonic()
        answer = await transport.send(self.call.request, {})
        wrong = failure(self.call.request, answer, gone=())
        if wrong is not None:
            wait = wrong.retry_after if isinstance(wrong, Unavailable) else None
            raise Unavailable(f"no token for the application: it answered {answer.status}", retry_after=wait)
        found = (
            answer.headers.get(self.call.header) if self.call.header else paths.find(answer.document, self.call.path)
        )
        if not isinstance(found, str) or not found or not found.isascii() or not found.isprintable():
            raise Unavailable("no token for the application: the answer to its login holds none")
        life = _life(paths.find(answer.document, self.call.lives))
        self._until = asked + life - min(EARLY, life / 10)
        return {**self._constants, self.call.send: f"{self.call.scheme} {found}".strip()}

    def with_constants(self, constants: Mapping[str, str]) -> "Fetched":
        """The same with further headers."""
        return Fetched(self.call, constants)

    def __repr__(self) -> str:
        return "Fetched(***)"


def _life(told: Any) -> float:
    """How many seconds a token lives: said as a number, or as the moment of its end."""
    if isinstance(told, int | float) and not isinstance(told, bool) and told > 0:
        return float(told)
    if isinstance(told, str):
        if told.isascii() and told.isdigit():
            return float(told)
        try:
            end = datetime.fromisoformat(told)
        except ValueError:
            return UNKNOWN
        end = end if end.tzinfo is not None else end.replace(tzinfo=UTC)
        return max((end - datetime.now(UTC)).total_seconds(), 1.0)
    return UNKNOWN


def client_credentials(target: str, options: Mapping[str, Any], elsewhere: Transport) -> TokenCall:
    """The request of RFC 6749 §4.4.2.

    :param options: ``client_id client_secret scope audience in_body``, checked.
    """
    form = {"grant_type": "client_credentials"}
    form |= {key: str(options[key]) for key in ("scope", "audience") if key in options}
    headers = {"content-type": "application/x-www-form-urlencoded"}
    if options.get("in_body"):
        form |= {"client_id": options["client_id"], "client_secret": options["client_secret"]}
    else:
        headers["authorization"] = basic(options["client_id"], options["client_secret"])
    request = Request("POST", target, "the token's address", headers=headers, content=urlencode(form).encode())
    return TokenCall(request, path=("access_token",), elsewhere=elsewhere)


def login_call(options: Mapping[str, Any]) -> TokenCall:
    """A login of the application's own.

    :param options: ``post body header token expires send scheme``, checked.
    """
    body = orjson.dumps(options.get("body", {}))
    request = Request("POST", options["post"], "its login", headers={"content-type": "application/json"}, content=body)
    return TokenCall(
        request,
        header=options.get("header"),
        path=paths.parse(options.get("token", "")),
        lives=paths.parse(options.get("expires", "expires_in")),
        send=options.get("send", "Authorization"),
        scheme=options.get("scheme", "" if "send" in options else "Bearer"),
    )
