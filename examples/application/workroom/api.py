"""The REST API of Workroom: JSON in, JSON out, a bearer token, pages by cursor or by the Link header.

An administrator's token serves ``/users`` and ``/teams``. ``/login`` and ``/me`` are for people: they show whether
somebody is really let in.
"""

import json
import os
import secrets
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, create_engine, delete, event, func, insert, select, update
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from workroom.door import Door, refusal
from workroom.rows import Ask, Row, asked, made, one, page, removed, taken
from workroom.tables import ROLES, api_tokens, metadata, sessions, team_members, teams, users

Work = Callable[[Ask], Any]
TEXTS = ("organization", "email", "idp_id", "first_name", "last_name", "title", "state", "created_by", "password")
COLUMNS = (*TEXTS, "saml_enabled", "manager_id")
PROFILE = {"phone": str, "last_seen": str, "logins": int, "tags": list, "emails": list}
"""what else an account may have"""
BEGIN = {"organization": "acme", "state": "invited", "created_by": "api", "role": "viewer"}
"""what an account has of which nothing is said, or null"""
STATES = ("invited", "active", "deactivated")


def from_environment() -> Door:
    """What WORKROOM_TOKEN, _DB, _CLIENT and _SECRET, _TOKEN_LIFE and _LIMIT describe (``Door``)."""
    told = {key.removeprefix("WORKROOM_"): value for key, value in os.environ.items() if key.startswith("WORKROOM_")}
    client = (told["CLIENT"], told["SECRET"]) if "CLIENT" in told else None
    inner = application(told.get("DB", "sqlite:///workroom.db"))
    return Door(inner, told["TOKEN"], client, float(told.get("TOKEN_LIFE", 3600)), int(told.get("LIMIT", 0)))


def application(url: str) -> Starlette:
    """Workroom on a database, without its door. :param url: of SQLAlchemy."""
    engine = create_engine(url, pool_pre_ping=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _as_others_do)
    metadata.create_all(engine)

    def route(path: str, method: str, work: Work) -> Route:
        async def endpoint(request: Request) -> Response:
            given = {**request.query_params, **request.path_params}
            body = _document(await request.body())
            status, found = await run_in_threadpool(_answer, engine, work, given, request.headers, body)
            return Response(status_code=204) if found is None else JSONResponse(found, status, _about(request, found))

        return Route(path, endpoint, methods=[method])

    routes = [
        route("/users", "GET", _users),
        route("/users", "POST", _create_user),
        route("/users/{id}", "GET", lambda ask: _person(one(ask, users))),
        route("/users/{id}", "PATCH", _update_user),
        route("/users/{id}", "DELETE", _delete_user),
        route("/users/{id}/sessions", "DELETE", _end_sessions),
        route("/users/{id}/api_tokens", "POST", _make_token),
        route("/users/{id}/api_tokens/revoke", "POST", _revoke_tokens),
        route("/users/{id}/teams", "GET", _teams_of),
        route("/teams", "GET", lambda ask: page(ask, teams.c.id, dict, *asked(ask, teams, "name"))),
        route("/teams", "POST", lambda ask: (201, made(ask.db, teams, {"name": ask.text("name")}))),
        route("/teams/{id}", "GET", lambda ask: one(ask, teams)),
        route("/teams/{id}", "PATCH", _update_team),
        route("/teams/{id}", "DELETE", lambda ask: removed(ask, teams)),
        route("/teams/{id}/members", "GET", _members),
        route("/teams/{id}/members/{user}", "PUT", _join),
        route("/teams/{id}/members/{user}", "DELETE", _leave),
        route("/login", "POST", _login),
        route("/me", "GET", _me),
    ]
    return Starlette(routes=routes, exception_handlers={HTTPException: _refused})


def _as_others_do(connection: Any, _: Any) -> None:
    """SQLite keeps references and several askers apart only when told; what it wrote it leaves to the system."""
    for pragma in ("foreign_keys = ON", "journal_mode = WAL", "synchronous = OFF"):
        connection.execute(f"PRAGMA {pragma}")


def _answer(engine: Engine, work: Work, given: Any, headers: Any, body: Row) -> tuple[int, Any]:
    with engine.begin() as connection:
        found = work(Ask(connection, given, headers, body))
    return found if isinstance(found, tuple) else (200, found)


def _about(request: Request, found: Row) -> dict[str, str]:
    """ETag and Link."""
    if "version" in found:
        return {"ETag": f'"{found["version"]}"'}
    following = found.get("meta", {}).get("next")
    return {"Link": f'<{request.url.include_query_params(cursor=following)}>; rel="next"'} if following else {}


async def _refused(_: Request, error: Any) -> Response:
    return refusal(error.status_code, error.detail)


def _document(text: bytes) -> Row:
    try:
        document = json.loads(text or b"{}")
    except ValueError:
        raise HTTPException(400, "this is not JSON") from None
    if not isinstance(document, dict):
        raise HTTPException(422, "this is no object")
    return document


# -- people -----------------------------------------------------------------------


def _person(row: Row) -> Row:
    shown = {name: row[name] for name in COLUMNS if name != "password"} | (row["profile"] or {})
    role = {"name": row["role"], "label": ROLES.get(row["role"], row["role"])}
    held = {name: value for name, value in shown.items() if value is not None}
    return {"id": row["id"], **held, "role": role, "version": row["row_version"]}


def _users(ask: Ask) -> Row:
    return page(ask, users.c.id, _person, *asked(ask, users, "email", "state", "idp_id"))


def _values(ask: Ask, there: Row) -> Row:
    """What the body says, as columns: null takes away (RFC 7396). :raises HTTPException: 409, 422."""
    body = ask.body
    values = {name: BEGIN.get(name) if body[name] is None else body[name] for name in COLUMNS if name in body}
    profile = {**(there.get("profile") or {}), **{name: body[name] for name in PROFILE if name in body}}
    values["profile"] = {name: value for name, value in profile.items() if value is not None} or None
    if "role" in body:
        role = body["role"].get("name") if isinstance(body["role"], dict) else body["role"]
        values["role"] = BEGIN["role"] if role is None else role
    kinds = dict.fromkeys(TEXTS, str) | PROFILE | {"saml_enabled": bool, "manager_id": int}
    for name, value in {**values, **profile}.items():
        if (value is not None and not isinstance(value, kinds.get(name, object))) or "\0" in str(value):
            raise HTTPException(422, f"{name}: not such a value")
    for name, known in (("state", STATES), ("role", ROLES)):
        if values.get(name, BEGIN[name]) not in known:
            raise HTTPException(422, f"{name} must be one of {', '.join(known)}")
    if "email" in values or not there:
        _free(ask, there.get("id"))
    manager = values.get("manager_id")
    if manager is not None and ask.db.execute(select(users.c.id).where(users.c.id == manager)).first() is None:
        raise HTTPException(422, "manager_id: there is no such user")
    return values


def _free(ask: Ask, id: int | None) -> None:
    """See that the address is one, and nobody else's. :raises HTTPException: 409, 422."""
    address = ask.text("email")
    if "@" not in address:
        raise HTTPException(422, "email: not an address")
    others = select(users.c.organization).where(
        func.lower(users.c.email) == func.lower(address), users.c.id != (id or 0)
    )
    there = ask.db.execute(others).scalar()
    if there is not None:
        raise HTTPException(409, f"the e-mail address is taken by an account of the organization {there}")


def _create_user(ask: Ask) -> tuple[int, Row]:
    key = ask.headers.get("Idempotency-Key")
    before = ask.db.execute(select(users).where(users.c.made_by_key == key)).mappings().first() if key else None
    if before is not None:
        return 201, _person(dict(before))
    return 201, _person(made(ask.db, users, {**BEGIN, **_values(ask, {}), "made_by_key": key}))


def _update_user(ask: Ask) -> Row:
    there = one(ask, users)
    _expected(ask, there)
    values = {name: value for name, value in _values(ask, there).items() if value != there[name]}
    if values:
        same = (users.c.id == there["id"], users.c.row_version == there["row_version"])
        with taken():
            done = ask.db.execute(update(users).where(*same).values(row_version=there["row_version"] + 1, **values))
        if not done.rowcount and "If-Match" in ask.headers:
            raise HTTPException(412, "it has changed")
        if not done.rowcount:
            return _update_user(ask)
    return _person(one(ask, users))


def _expected(ask: Ask, there: Row) -> None:
    version = f'"{there["row_version"]}"'
    if ask.headers.get("If-Match", version) != version:
        raise HTTPException(412, "it has changed")


def _delete_user(ask: Ask) -> None:
    there = one(ask, users)
    _expected(ask, there)
    reports = update(users).where(users.c.manager_id == there["id"])
    ask.db.execute(reports.values(manager_id=None, row_version=users.c.row_version + 1))
    removed(ask, users)


def _end_sessions(ask: Ask) -> None:
    ask.db.execute(delete(sessions).where(sessions.c.user_id == one(ask, users)["id"]))


def _make_token(ask: Ask) -> tuple[int, Row]:
    return 201, made(ask.db, api_tokens, {"id": secrets.token_hex(16), "user_id": one(ask, users)["id"]})


def _revoke_tokens(ask: Ask) -> Row:
    good = update(api_tokens).where(api_tokens.c.user_id == one(ask, users)["id"], ~api_tokens.c.revoked)
    return {"revoked": ask.db.execute(good.values(revoked=True)).rowcount}


def _teams_of(ask: Ask) -> Row:
    theirs = select(team_members.c.team_id).where(team_members.c.user_id == one(ask, users)["id"])
    return {"data": [dict(row) for row in ask.db.execute(select(teams).where(teams.c.id.in_(theirs))).mappings()]}


def _login(ask: Ask) -> tuple[int, Row]:
    """Sign in as SAML does it: whoever is unknown gets an account (just in time); the first time ends ``invited``."""
    email = ask.text("email")
    row = ask.db.execute(select(users).where(func.lower(users.c.email) == func.lower(email))).mappings().first()
    person = dict(row) if row else made(ask.db, users, {"email": email, "state": "active", "created_by": "jit"})
    if person["state"] == "deactivated":
        raise HTTPException(403, "this account is deactivated")
    first = update(users).where(users.c.id == person["id"], users.c.state == "invited")
    ask.db.execute(first.values(state="active", row_version=users.c.row_version + 1))
    return 201, {"session": made(ask.db, sessions, {"id": secrets.token_hex(16), "user_id": person["id"]})["id"]}


def _me(ask: Ask) -> Row:
    """Who the bearer of a session or an API token is."""
    bearer = ask.headers.get("Authorization", "").removeprefix("Bearer ")
    held = select(sessions.c.user_id).where(sessions.c.id == bearer)
    tokens = select(api_tokens.c.user_id).where(api_tokens.c.id == bearer, ~api_tokens.c.revoked)
    row = ask.db.execute(select(users).where(users.c.id.in_(held.union(tokens)))).mappings().first()
    if row is None:
        raise HTTPException(401, "no session and no token")
    return _person(dict(row))


# -- teams ------------------------------------------------------------------------


def _update_team(ask: Ask) -> Row:
    there = one(ask, teams)
    with taken():
        ask.db.execute(update(teams).where(teams.c.id == there["id"]).values(name=ask.text("name")))
    return one(ask, teams)


def _members(ask: Ask) -> Row:
    theirs = team_members.c.team_id == one(ask, teams)["id"]
    return page(ask, team_members.c.user_id, lambda row: {"user_id": row["user_id"]}, theirs)


def _join(ask: Ask) -> None:
    row = {"team_id": one(ask, teams)["id"], "user_id": one(ask, users, "user")["id"]}
    if one(ask, users, "user")["state"] == "invited":
        raise HTTPException(422, "only somebody who has signed in can be in a team")
    if ask.db.execute(select(team_members).filter_by(**row)).first() is None:
        ask.db.execute(insert(team_members).values(row))


def _leave(ask: Ask) -> None:
    row = {"team_id": one(ask, teams)["id"], "user_id": one(ask, users, "user")["id"]}
    if ask.db.execute(delete(team_members).filter_by(**row)).rowcount == 0:
        raise HTTPException(404, "not a member")
