"""A small application with a REST API: users who are invited and sign in, sessions, API tokens, teams.

    REST_APP_TOKEN=secret REST_APP_FILE=app.db uvicorn --app-dir examples/rest-app rest_app:app

It is made to be provisioned into: cursors, ETags, idempotency keys, rate limits, and OAuth 2.0 client credentials.
Environment: ``REST_APP_TOKEN`` (a bearer token that is always good), ``REST_APP_CLIENT`` and ``REST_APP_SECRET`` (of a
client at ``/oauth/token``), ``REST_APP_TOKEN_LIFE`` (seconds), ``REST_APP_LIMIT`` (requests a second; none by default).
"""

import hmac
import json
import os
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from store import Stale, Store, Taken

STATES = ("invited", "active", "deactivated")
ROLES = ("viewer", "editor", "workspace_admin")
TEXTS = ("email", "first_name", "last_name", "title", "state", "phone", "last_seen")
STORE = Store(os.environ.get("REST_APP_FILE", "rest-app.db"))
LIFE = float(os.environ.get("REST_APP_TOKEN_LIFE", "3600"))
LIMIT = int(os.environ.get("REST_APP_LIMIT", "0"))
Answer = Callable[[Request], Awaitable[Response]]


class Problem(Exception):
    """An answer other than success."""

    def __init__(self, status: int, text: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(text)
        self.status, self.text, self.headers = status, text, headers


async def problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return JSONResponse({"error": error.text}, error.status, error.headers)


# ---------------- who may ask, and how often


class Door:
    """Lets in who has a token, and nobody too often."""

    def __init__(self, inner: ASGIApp) -> None:
        self.inner = inner
        self.tokens: dict[str, float] = {}
        self.second, self.number = 0, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.inner(scope, receive, send)
            return
        request = Request(scope)
        answer = self.limited() or (None if request.url.path == "/oauth/token" else self.stranger(request))
        await (answer or self.inner)(scope, receive, send)

    def limited(self) -> Response | None:
        now = int(time.time())
        self.number = self.number + 1 if now == self.second else 1
        self.second = now
        if LIMIT and self.number > LIMIT:
            return JSONResponse({"error": "slow down"}, 429, {"Retry-After": "1"})
        return None

    def stranger(self, request: Request) -> Response | None:
        kind, _, given = request.headers.get("Authorization", "").partition(" ")
        fixed = os.environ.get("REST_APP_TOKEN", "")
        good = bool(fixed) and hmac.compare_digest(given.encode(), fixed.encode())
        if kind == "Bearer" and (good or self.tokens.get(given, 0) > time.time()):
            return None
        return JSONResponse({"error": "who are you?"}, 401, {"WWW-Authenticate": "Bearer"})


async def token(request: Request) -> Response:
    """OAuth 2.0 client credentials, the secret in the body (RFC 6749 §4.4)."""
    form = {key: values[0] for key, values in parse_qs((await request.body()).decode()).items()}
    known = (os.environ.get("REST_APP_CLIENT"), os.environ.get("REST_APP_SECRET"))
    if form.get("grant_type") != "client_credentials" or (form.get("client_id"), form.get("client_secret")) != known:
        raise Problem(401, "invalid_client")
    made = secrets.token_urlsafe(24)
    app.tokens[made] = time.time() + LIFE
    return JSONResponse({"access_token": made, "token_type": "Bearer", "expires_in": LIFE})


# ---------------- users


def number(request: Request, name: str, default: int, most: int) -> int:
    text = request.query_params.get(name, str(default))
    if not text.isdigit():
        raise Problem(400, f"{name} is a number")
    return min(int(text), most)


def found(table: str, request: Request, name: str = "id") -> dict[str, Any]:
    text = request.path_params[name]
    there = STORE.get(table, int(text)) if text.isascii() and text.isdigit() and len(text) < 18 else None
    if there is None or str(there["id"]) != text:
        raise Problem(404, "there is none")
    return there


def shown(document: dict[str, Any], status: int = 200) -> Response:
    return JSONResponse(document, status, {"ETag": f'"{document["version"]}"'})


async def body(request: Request) -> dict[str, Any]:
    try:
        document = json.loads(await request.body() or b"{}")
    except ValueError as error:
        raise Problem(400, "this is not JSON") from error
    if not isinstance(document, dict):
        raise Problem(422, "this is no object")
    return document


def merged(there: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """JSON Merge Patch (RFC 7396)."""
    result = dict(there)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            result[key] = merged(result[key] if isinstance(result.get(key), dict) else {}, value)
        else:
            result[key] = value
    return result


def checked_user(document: dict[str, Any]) -> dict[str, Any]:
    if "@" not in str(document.get("email", "")):
        raise Problem(422, "email: an address is needed")
    if document.setdefault("state", "invited") not in STATES:
        raise Problem(422, f"state: one of {', '.join(STATES)}")
    if document.setdefault("role", {"name": "viewer"}).get("name") not in ROLES:
        raise Problem(422, f"role.name: one of {', '.join(ROLES)}")
    for name in TEXTS:
        if not isinstance(document.get(name, ""), str) or "\0" in document.get(name, ""):
            raise Problem(422, f"{name}: a text")
    if not isinstance(document.get("logins", 0), int):
        raise Problem(422, "logins: a number")
    manager = document.get("manager_id")
    if manager is not None and (not isinstance(manager, int) or STORE.get("users", manager) is None):
        raise Problem(422, "manager_id: there is no such user")
    return document


def checked_team(document: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(document.get("name"), str) or not document["name"].strip():
        raise Problem(422, "name: a text")
    return document


CHECKS = {"users": checked_user, "teams": checked_team}


async def list_users(request: Request) -> Response:
    """By cursor: the id of the last one shown."""
    limit, after = number(request, "limit", 50, 200), number(request, "cursor", 0, 2**62)
    part = STORE.page("users", after, limit + 1, request.query_params.get("email"))
    following = str(part[limit - 1]["id"]) if len(part) > limit else None
    return JSONResponse({"data": part[:limit], "meta": {"next": following, "total": STORE.count("users")}})


async def list_teams(request: Request) -> Response:
    """By offset, and with a Link header."""
    limit, offset = number(request, "limit", 50, 200), number(request, "offset", 0, 2**62)
    part, total = STORE.slice("teams", offset, limit), STORE.count("teams")
    following = f"{request.url.replace(query=f'offset={offset + limit}&limit={limit}')}"
    headers = {"Link": f'<{following}>; rel="next"'} if offset + limit < total else {}
    return JSONResponse({"data": part, "meta": {"total": total}}, headers=headers)


def verbs(table: str) -> tuple[Answer, Answer, Answer, Answer]:
    """Create, read, change and delete, for users and teams alike."""

    async def create(request: Request) -> Response:
        document = {key: value for key, value in (await body(request)).items() if value is not None}
        document = CHECKS[table](document)
        try:
            return shown(STORE.create(table, document, request.headers.get("Idempotency-Key")), 201)
        except Taken as error:
            raise Problem(409, "somebody else has it") from error

    async def read(request: Request) -> Response:
        return shown(found(table, request))

    async def change(request: Request) -> Response:
        there, patch = found(table, request), await body(request)
        expected = request.headers.get("If-Match", f'"{there["version"]}"')
        document = CHECKS[table](merged(there, patch))
        if document == there and "password" not in patch and expected == f'"{there["version"]}"':
            return shown(there)
        try:
            if expected != f'"{there["version"]}"':
                raise Stale
            return shown(STORE.replace(table, there["id"], document, there["version"]) or there)
        except Taken as error:
            raise Problem(409, "somebody else has it") from error
        except Stale as error:
            raise Problem(412, "it has changed") from error

    async def delete(request: Request) -> Response:
        there = found(table, request)
        if request.headers.get("If-Match", f'"{there["version"]}"') != f'"{there["version"]}"':
            raise Problem(412, "it has changed")
        STORE.delete(table, there["id"])
        return Response(status_code=204)

    return create, read, change, delete


# ---------------- sessions, API tokens, members


def opened(table: str) -> Answer:
    """Lists the sessions, or the API tokens that are good."""

    async def listed(request: Request) -> Response:
        return JSONResponse({"data": STORE.opened(table, found("users", request)["id"])})

    return listed


async def sign_in(request: Request) -> Response:
    """A first sign-in makes an invited user active; who is deactivated stays out."""
    user = found("users", request)
    if user["state"] == "deactivated":
        raise Problem(403, "deactivated")
    if user["state"] == "invited":
        STORE.replace("users", user["id"], {**user, "state": "active"}, user["version"])
    return JSONResponse({"session": STORE.open("sessions", user["id"])}, 201)


async def end_sessions(request: Request) -> Response:
    STORE.end_sessions(found("users", request)["id"])
    return Response(status_code=204)


async def make_token(request: Request) -> Response:
    return JSONResponse({"token": STORE.open("api_tokens", found("users", request)["id"])}, 201)


async def revoke_tokens(request: Request) -> Response:
    STORE.revoke_tokens(found("users", request)["id"])
    return Response(status_code=204)


async def members(request: Request) -> Response:
    team = found("teams", request)
    limit, after = number(request, "limit", 50, 200), number(request, "cursor", 0, 2**62)
    part = STORE.members(team["id"], after, limit + 1)
    following = str(part[limit - 1]) if len(part) > limit else None
    return JSONResponse({"data": [{"user_id": user} for user in part[:limit]], "meta": {"next": following}})


async def join(request: Request) -> Response:
    STORE.join(found("teams", request)["id"], found("users", request, "user")["id"])
    return Response(status_code=204)


async def leave(request: Request) -> Response:
    if not STORE.leave(found("teams", request)["id"], found("users", request, "user")["id"]):
        raise Problem(404, "not a member")
    return Response(status_code=204)


async def teams_of(request: Request) -> Response:
    return JSONResponse({"data": STORE.teams_of(found("users", request)["id"])})


def resource(path: str, table: str, listing: Answer) -> list[Route]:
    create, read, change, delete = verbs(table)
    return [
        Route(path, listing),
        Route(path, create, methods=["POST"]),
        Route(path + "/{id}", read),
        Route(path + "/{id}", change, methods=["PATCH"]),
        Route(path + "/{id}", delete, methods=["DELETE"]),
    ]


ROUTES = [
    Route("/oauth/token", token, methods=["POST"]),
    *resource("/users", "users", list_users),
    *resource("/teams", "teams", list_teams),
    Route("/users/{id}/sessions", opened("sessions")),
    Route("/users/{id}/sessions", sign_in, methods=["POST"]),
    Route("/users/{id}/sessions", end_sessions, methods=["DELETE"]),
    Route("/users/{id}/api_tokens", opened("api_tokens")),
    Route("/users/{id}/api_tokens", make_token, methods=["POST"]),
    Route("/users/{id}/api_tokens/revoke", revoke_tokens, methods=["POST"]),
    Route("/users/{id}/teams", teams_of),
    Route("/teams/{id}/members", members),
    Route("/teams/{id}/members/{user}", join, methods=["PUT"]),
    Route("/teams/{id}/members/{user}", leave, methods=["DELETE"]),
]
app = Door(Starlette(routes=ROUTES, exception_handlers={Problem: problem}))
