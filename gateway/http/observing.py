"""What is seen of each request: an id, one log line, a counter. Never a token, a query or a body."""

import logging
import time
from collections import Counter
from uuid import uuid4

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.http.peers import peer
from gateway.scim.endpoint import REQUEST_ID, SUBJECT

CONNECTION = "dirbridge.connection"
log = logging.getLogger("gateway.access")


class Counters:
    """Requests by connection, method and status, and the seconds they took, as Prometheus reads them."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._seconds: Counter[str] = Counter()

    def count(self, connection: str, method: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        self._requests[connection, method, status] += 1
        self._seconds[connection] += seconds  # type: ignore[assignment]  # a Counter adds floats too

    def text(self) -> str:
        """The exposition format, version 0.0.4."""
        lines = ["# TYPE dirbridge_requests_total counter"]
        for (connection, method, status), number in sorted(self._requests.items()):
            labels = f'connection="{connection}",method="{method}",status="{status}"'
            lines.append(f"dirbridge_requests_total{{{labels}}} {number}")
        lines.append("# TYPE dirbridge_request_seconds_total counter")
        for connection, seconds in sorted(self._seconds.items()):
            lines.append(f'dirbridge_request_seconds_total{{connection="{connection}"}} {seconds:.6f}')
        return "\n".join(lines) + "\n"


GONE = 499
"""Noted of a request that was not answered because the client went away; no status of HTTP's own says so."""
KNOWN_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})


class Observed:
    """Middleware: give each request an id (also in the X-Request-Id header), count it, and log it when it ends."""

    def __init__(self, app: ASGIApp, counters: Counters) -> None:
        self.app = app
        self.counters = counters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        # The scope is changed in place: what the layers below find out (connection, token) is read here at the end.
        scope[REQUEST_ID] = request_id = uuid4().hex
        started = time.perf_counter()
        status = GONE

        async def observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message.get("headers", ()), (b"x-request-id", request_id.encode())]}
            await send(message)

        try:
            await self.app(scope, receive, observed)
        finally:
            self._note(scope, status, time.perf_counter() - started)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        connection = scope.get(CONNECTION, "")
        method = scope["method"] if scope["method"] in KNOWN_METHODS else "OTHER"
        self.counters.count(connection, method, status, seconds)
        if log.isEnabledFor(logging.INFO):
            subject = scope.get(SUBJECT)
            line = {
                "request": scope[REQUEST_ID],
                "peer": str(peer(scope) or ""),
                "connection": connection,
                "token": subject.name if subject else "",
                "method": scope["method"],
                "path": scope["path"],
                "status": status,
                "ms": round(seconds * 1000, 1),
            }
            log.info("%s", orjson.dumps(line).decode())
