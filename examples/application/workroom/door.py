"""Who may ask Workroom, and how often: bearer tokens, OAuth 2.0 client credentials, a limit a second."""

import hmac
import secrets
import time
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

OPEN = ("/login", "/me", "/oauth/token")
"""for people, and for who has no token yet"""


class Door:
    """Lets in who has an administrator's token, and nobody too often.

    :param token: one that is always good. :param client: name and secret of a client at ``/oauth/token``.
    :param life: seconds that a fetched token lives. :param limit: requests a second; 0: as many as come.
    """

    def __init__(self, inner: ASGIApp, token: str, client: tuple[str, str] | None, life: float, limit: int) -> None:
        self.inner, self.token, self.client, self.life, self.limit = inner, token, client, life, limit
        self.fetched: dict[str, float] = {}
        self.second, self.number = 0, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.inner(scope, receive, send)
            return
        request = Request(scope, receive)
        answer: ASGIApp | None = self.too_often() or self.stranger(request)
        if answer is None and request.url.path == "/oauth/token":
            answer = await self.fetch(request)
        await (answer or self.inner)(scope, receive, send)

    def too_often(self) -> Response | None:
        now = int(time.time())
        self.number = self.number + 1 if now == self.second else 1
        self.second = now
        return refusal(429, "slow down", {"Retry-After": "1"}) if 0 < self.limit < self.number else None

    def stranger(self, request: Request) -> Response | None:
        kind, _, given = request.headers.get("Authorization", "").partition(" ")
        good = hmac.compare_digest(given.encode(), self.token.encode()) or self.fetched.get(given, 0) > time.time()
        if request.url.path in OPEN or (kind == "Bearer" and good):
            return None
        return refusal(401, "the token is not right", {"WWW-Authenticate": "Bearer"})

    async def fetch(self, request: Request) -> Response:
        """Client credentials, the secret in the body (RFC 6749 §4.4)."""
        form = {key: values[0] for key, values in parse_qs((await request.body()).decode()).items()}
        asked = (form.get("client_id"), form.get("client_secret"))
        if form.get("grant_type") != "client_credentials" or asked != self.client:
            return refusal(401, "invalid_client")
        made = secrets.token_urlsafe(24)
        self.fetched[made] = time.time() + self.life
        return JSONResponse({"access_token": made, "token_type": "Bearer", "expires_in": self.life})


def refusal(status: int, text: str, headers: dict[str, str] | None = None) -> Response:
    """An answer other than success."""
    return JSONResponse({"error": {"message": text}}, status, headers)
