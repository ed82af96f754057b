"""The HTTP application: health, metrics, and the SCIM endpoints behind authentication."""

import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.http.authentication import Tokens
from gateway.http.front import Front, Guarded
from gateway.http.observing import Counters, Observed
from gateway.http.peers import Proxied, peer
from gateway.http.settings import HttpSettings, Ready
from gateway.scim.endpoint import ScimEndpoint

Page = Callable[[Request], Awaitable[Response]]
Targets = Callable[[], Mapping[str, str]]
log = logging.getLogger(__name__)
FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")
"""Headers that a proxy adds: then the client is somebody behind it, although the proxy is on this machine."""


def application(connections: Mapping[str, ScimEndpoint], ledger: Tokens, settings: HttpSettings) -> ASGIApp:
    """Put the HTTP room together.

    :param connections: the endpoint of each connection, by name; each is served at its own ``settings.path``.
    :param ledger: knows the tokens.
    """
    counters = Counters()
    others: dict[str, ASGIApp] = {
        "/healthz": _Reading(_healthy),
        "/readyz": _Reading(_readiness(settings.ready, settings.targets)),
        "/metrics": _Reading(_metrics(counters, settings.targets)),
    }
    front = Front(connections, ledger, settings, others)
    return Observed(Guarded(Proxied(front, settings.trusted_proxies)), counters)


class _Reading:
    """A page of the gateway's own: GET and HEAD, without authentication and without secrets."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        if request.method in ("GET", "HEAD"):
            response = await self.page(request)
        else:
            response = Response(status_code=405, headers={"Allow": "GET, HEAD"})
        await response(scope, receive, send)


async def _healthy(_request: Request) -> Response:
    """The process answers."""
    return JSONResponse({"status": "ok"})


def _readiness(ready: Ready | None, targets: Targets) -> Page:
    async def page(_request: Request) -> Response:
        """The gateway can serve: its ledger answers. How many targets do is said beside it, and never which."""
        try:
            if ready is not None:
                await ready()
        except Exception:
            log.exception("not ready")
            return JSONResponse({"status": "not ready"}, status_code=503, headers={"Retry-After": "5"})
        return JSONResponse({"status": "ready", "targets": Counter(targets().values())})

    return page


def _metrics(counters: Counters, targets: Targets) -> Page:
    async def page(request: Request) -> Response:
        """Counters for Prometheus, for this machine alone: connection names are nobody else's business."""
        found = peer(request.scope)
        if found is None or not found.is_loopback or any(name in request.headers for name in FORWARDED):
            return PlainTextResponse("only from this machine\n", status_code=403)
        return PlainTextResponse(counters.text() + _gauges(targets()), media_type="text/plain; version=0.0.4")

    return page


def _gauges(targets: Mapping[str, str]) -> str:
    """Whether each target answered when it was last asked; one that nobody has asked is left out."""
    known = [(name, state) for name, state in sorted(targets.items()) if state != "untried"]
    lines = [f'dirbridge_target_up{{target="{name}"}} {int(state == "answers")}\n' for name, state in known]
    return "".join(["# TYPE dirbridge_target_up gauge\n", *lines]) if lines else ""
