"""The front door: which connection a path belongs to, and who may come in."""

import logging
from collections.abc import Mapping

from scim2_models import ForbiddenException, NotFoundException, SCIMException
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.http.authentication import Tokens, authenticate
from gateway.http.errors import error_response
from gateway.http.observing import CONNECTION
from gateway.http.peers import peer, within
from gateway.http.settings import Access, HttpSettings
from gateway.ledger.errors import LedgerUnavailable
from gateway.scim.endpoint import REQUEST_ID, SUBJECT, ScimEndpoint, ScimResponse, send_response

log = logging.getLogger(__name__)
PUBLIC = "/ServiceProviderConfig"
"""Readable by anyone: it says how to authenticate (RFC 7643 §5)."""


class Front:
    """Route a request to the endpoint of its connection, once its peer and its token are good.

    :param others: what serves the paths that belong to no connection and are not unknown either.
    """

    def __init__(
        self,
        connections: Mapping[str, ScimEndpoint],
        tokens: Tokens,
        settings: HttpSettings,
        others: Mapping[str, ASGIApp],
    ) -> None:
        # The longest path first, so that one connection may live below another's path.
        self._mounts = sorted(
            ((endpoint.settings.path, name, endpoint) for name, endpoint in connections.items()),
            key=lambda mount: -len(mount[0]),
        )
        self._tokens = tokens
        self._access = settings.access
        self._others = others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification; ``http`` scopes only."""
        other = self._others.get(scope["path"])
        if other is not None:
            await other(scope, receive, send)
            return
        try:
            endpoint = await self._admitted(scope)
        except (SCIMException, LedgerUnavailable) as error:
            await send_response(error_response(error), send, scope["method"])
            return
        await endpoint(scope, receive, send)

    async def _admitted(self, scope: Scope) -> ScimEndpoint:
        """The endpoint of a request that may come in.

        :raises NotFoundException: no connection has the path. :raises ForbiddenException: from the wrong network.
        :raises UnauthorizedException: without a good token. :raises LedgerUnavailable: that cannot be known now.
        """
        name, endpoint = self._mount(scope["path"])
        scope[CONNECTION] = name
        access = self._access.get(name, Access())
        if access.sources and not within(peer(scope), access.sources):
            raise ForbiddenException(detail="This connection is not open to your network address")
        if not self._is_public(scope, endpoint):
            header = _header(scope, b"authorization")
            scope[SUBJECT] = await authenticate(header, name, access, self._tokens)
        return endpoint

    def _mount(self, path: str) -> tuple[str, ScimEndpoint]:
        for prefix, name, endpoint in self._mounts:
            if path == prefix or path.startswith(f"{prefix}/"):
                return name, endpoint
        raise NotFoundException(detail="There is nothing at this path")

    @staticmethod
    def _is_public(scope: Scope, endpoint: ScimEndpoint) -> bool:
        return scope["method"] in ("GET", "HEAD") and endpoint.relative(scope).rstrip("/") == PUBLIC


def _header(scope: Scope, wanted: bytes) -> str | None:
    values = [value for name, value in scope["headers"] if name == wanted]
    return values[0].decode("latin-1") if len(values) == 1 else None


class Guarded:
    """Middleware: whatever goes wrong below becomes a SCIM error without a trace, and a log line with the id."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            await self.app(scope, receive, send)
        except Exception as error:
            log.exception("request %s failed", scope.get(REQUEST_ID, "-"))
            response: ScimResponse = error_response(error)
            await send_response(response, send, scope["method"])
