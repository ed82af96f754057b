"""One SCIM endpoint as an ASGI application: bytes in, bytes out, never a traceback (RFC 7644 §3)."""

import logging
import re
from http import HTTPStatus

import orjson
from scim2_models import NotFoundException, SCIMException
from scim2_server.errors import MethodNotAllowedException
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse as ScimResponse  # the front door answers with it too
from scim2_server.routing import Operation, match
from starlette.types import Receive, Scope, Send

from gateway.provisioning.ground import acting
from gateway.scim.handler import Handler
from gateway.scim.payload import Disconnected, parse_query, read_body
from gateway.scim.port import Provisioner
from gateway.scim.service import Service
from gateway.scim.settings import ScimSettings, Subject

SUBJECT = "dirbridge.subject"
"""The key of an ASGI scope under which the HTTP room leaves who asks."""
REQUEST_ID = "dirbridge.request_id"

log = logging.getLogger(__name__)
_HOST = re.compile(rb"[A-Za-z0-9.\-_]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?")
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class ScimEndpoint:
    """The SCIM endpoint of one connection, to be called with paths below ``settings.path``.

    :param provisioner: what stands behind it; its mapping says which resource types there are.
    """

    def __init__(self, provisioner: Provisioner, settings: ScimSettings) -> None:
        self.settings = settings
        self.service = Service(provisioner.mapping, settings)
        self.handler = Handler(self.service, provisioner)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification; ``http`` scopes only."""
        method: str = scope["method"]
        try:
            response = await self._respond(scope, receive)
        except Disconnected:
            return
        except Exception as error:  # noqa: BLE001 - the edge: nothing but a SCIM error leaves here
            response = self._failure(error, scope)
        if method == "HEAD" and response.status == HTTPStatus.NOT_IMPLEMENTED:
            response.status = HTTPStatus.NOT_FOUND  # a probe learns that nothing is there, not that something broke
        await send_response(response, send, method)

    async def _respond(self, scope: Scope, receive: Receive) -> ScimResponse:
        path = self.relative(scope)
        if scope["method"] == "OPTIONS":
            return self._options(path)
        request = ScimRequest(
            method="GET" if scope["method"] == "HEAD" else scope["method"],
            base_url=self.base_url(scope),
            path=path,
            query=parse_query(scope["query_string"]),
            headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]],
            subject=scope.get(SUBJECT, Subject()),
        )
        target = self.service.match(request)
        if request.method in ("POST", "PUT", "PATCH"):
            bulk = target.operation is Operation.bulk and self.settings.bulk
            limit = self.settings.bulk_payload if bulk else self.settings.max_body
            declared = request.header("Content-Length") or ""
            request.body = await read_body(receive, limit, int(declared) if declared.isdigit() else None)
        with acting(request.subject.name, scope.get(REQUEST_ID, "")):
            return await self.handler.handle(request)

    def relative(self, scope: Scope) -> str:
        """The path below the mount, decoded, by the RFC's name; an encoded slash does not begin a new segment."""
        path: str = scope["path"]
        below = path.removeprefix(self.settings.path) or "/"
        renamed = self.service.dialect.endpoints.get(below.strip("/"))
        return f"/{renamed}" if renamed else below

    def base_url(self, scope: Scope) -> str:
        """The URL of the endpoint as the client sees it: configured, or as the request says."""
        if self.settings.base_url:
            return self.settings.base_url.rstrip("/") + self.settings.path
        host = next((value for name, value in scope["headers"] if name == b"host"), b"")
        if not _HOST.fullmatch(host):
            server = scope.get("server") or ("localhost", None)
            host = f"{server[0]}:{server[1]}".encode() if server[1] else str(server[0]).encode()
        return f"{scope['scheme']}://{host.decode('latin-1')}{self.settings.path}"

    def _options(self, path: str) -> ScimResponse:
        """What a path can do, without doing it. :raises NotFoundException: there is no such path."""
        allowed = [method for method in _METHODS if self._served(method, path)]
        if not allowed:
            raise NotFoundException(detail="There is no such endpoint")
        reading = ["HEAD"] if "GET" in allowed else []
        response = ScimResponse(HTTPStatus.NO_CONTENT, None, {"Allow": ", ".join([*allowed, *reading, "OPTIONS"])})
        del response.headers["Content-Type"]
        return response

    def _served(self, method: str, path: str) -> bool:
        try:
            endpoint = match(method, path).endpoint
        except (NotFoundException, MethodNotAllowedException):
            return False
        return endpoint is None or self.service.get_resource_type_by_endpoint(endpoint) is not None

    def _failure(self, error: Exception, scope: Scope) -> ScimResponse:
        if not isinstance(error, SCIMException):
            log.exception("request %s failed", scope.get(REQUEST_ID, "-"))
        return self.service.error_response(error)


async def send_response(response: ScimResponse, send: Send, method: str) -> None:
    """Send a SCIM answer: to HEAD with the headers of a GET and no body."""
    payload = b"" if response.body is None else orjson.dumps(response.body)
    headers = [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in response.headers.items()]
    if response.status not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED):
        headers.append((b"content-length", str(len(payload)).encode()))
    await send({"type": "http.response.start", "status": int(response.status), "headers": headers})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else payload})
