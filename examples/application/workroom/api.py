"""The REST API of Workroom: JSON in, JSON out, a bearer token, pages by cursor.

An administrator's token serves ``/users`` and ``/teams``. ``/login`` and ``/me`` are for people: they show whether
somebody is really let in.
"""

import hmac
import uuid
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, delete, event, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from workroom.tables import ROLES, api_tokens, metadata, sessions, team_members, teams, users

PAGE = 50
Row = dict[str, Any]
Work = Callable[[Connection, dict[str, str], Row], Any]
FIELDS = ("email", "first_name", "last_name", "state", "saml_enabled", "idp_id", "organization", "created_by")
STATES = ("invited", "active", "deactivated")


def application(url: str, token: str) -> Starlette:
    """Workroom on a database. :param url: of SQLAlchemy. :param token: the administrator's bearer token."""
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys = ON"))
    metadata.create_all(engine)

    def route(path: str, method: str, work: Work, admin: bool = True) -> Route:
        async def endpoint(request: Request) -> Response:
            if admin and not _is(request, token):
                raise HTTPException(401, "the token is not right")
            body = await request.json() if await request.body() else {}
            given = {**request.query_params, **request.path_params, "bearer": _bearer(request)}
            return await run_in_threadpool(_answer, engine, work, given, body)

        return Route(path, endpoint, methods=[method])

    routes = [
        route("/users", "GET", _users),
        route("/users", "POST", _create_user),
        route("/users/{id}", "GET", lambda db, given, _: _person(_one(db, users, given["id"]))),
        route("/users/{id}", "PATCH", _update_user),
        route("/users/{id}", "DELETE", lambda db, given, _: _removed(db, users, given["id"])),
        route("/users/{id}/sessions", "DELETE", _end_sessions),
        route("/users/{id}/api_tokens", "POST", _make_token),
        route("/users/{id}/api_tokens/revoke", "POST", _revoke_tokens),
        route("/teams", "GET", lambda db, given, _: _page(db, teams, given, ("name",), dict)),
        route("/teams", "POST", lambda db, _, body: (201, _insert(db, teams, {"name": _text(body, "name")}))),
        route("/teams/{id}", "GET", lambda db, given, _: _one(db, teams, given["id"])),
        route("/teams/{id}", "PATCH", _update_team),
        route("/teams/{id}", "DELETE", lambda db, given, _: _removed(db, teams, given["id"])),
        route("/teams/{id}/members", "GET", _members),
        route("/teams/{id}/members/{user}", "PUT", _join),
        route("/teams/{id}/members/{user}", "DELETE", _leave),
        route("/login", "POST", _login, admin=False),
        route("/me", "GET", _me, admin=False),
    ]
    return Starlette(routes=routes, exception_handlers={HTTPException: _refused})


def _answer(engine: Engine, work: Work, given: dict[str, str], body: Row) -> Response:
    try:
        with engine.begin() as connection:
            found = work(connection, given, body)
    except IntegrityError:
        raise HTTPException(409, "the name is taken") from None
    status, found = found if isinstance(found, tuple) else (200, found)
    return Response(status_code=204) if found is None else JSONResponse(found, status)


async def _refused(_: Request, error: Any) -> Response:
    return JSONResponse({"error": {"message": error.detail}}, error.status_code)


def _bearer(request: Request) -> str:
    return request.headers.get("Authorization", "").removeprefix("Bearer ")


def _is(request: Request, token: str) -> bool:
    return hmac.compare_digest(_bearer(request).encode(), token.encode())


# -- rows -------------------------------------------------------------------------


def _one(db: Connection, table: Table, id: str) -> Row:
    row = db.execute(select(table).where(table.c.id == id)).mappings().first()
    if row is None:
        raise HTTPException(404, f"no such {table.name[:-1]}")
    return dict(row)


def _insert(db: Connection, table: Table, values: Row) -> Row:
    row = {"id": str(uuid.uuid4()), **values}
    db.execute(insert(table).values(row))
    return _one(db, table, row["id"])


def _removed(db: Connection, table: Table, id: str) -> None:
    _one(db, table, id)
    db.execute(delete(table).where(table.c.id == id))


def _page(db: Connection, table: Table, given: dict[str, str], by: tuple[str, ...], shown: Callable[[Row], Row]) -> Row:
    """``{"data": [...], "meta": {"next": cursor or null, "total": n}}``, in the order of ids."""
    size = min(int(given.get("limit", PAGE)), PAGE)
    wanted = [func.lower(table.c[name]) == given[name].lower() for name in by if name in given]
    total = db.execute(select(func.count()).select_from(table).where(*wanted)).scalar_one()
    after = [table.c.id > given["cursor"]] if given.get("cursor") else []
    found = db.execute(select(table).where(*wanted, *after).order_by(table.c.id).limit(size + 1)).mappings().all()
    rows = [dict(row) for row in found[:size]]
    following = rows[-1]["id"] if len(found) > size else None
    return {"data": [shown(row) for row in rows], "meta": {"next": following, "total": total}}


def _text(body: Row, name: str) -> str:
    if not isinstance(body.get(name), str) or not body[name].strip():
        raise HTTPException(422, f"{name} must be text")
    return str(body[name])


# -- people -----------------------------------------------------------------------


def _person(row: Row) -> Row:
    role = {"name": row["role"], "label": ROLES.get(row["role"], row["role"])}
    return {"id": row["id"], **{name: row[name] for name in FIELDS}, "role": role}


def _users(db: Connection, given: dict[str, str], _: Row) -> Row:
    return _page(db, users, given, ("email", "state", "idp_id"), _person)


def _values(body: Row) -> Row:
    values = {name: body[name] for name in FIELDS if name in body}
    if values.get("state", "active") not in STATES:
        raise HTTPException(422, f"state must be one of {', '.join(STATES)}")
    if "role" in body:
        values["role"] = (body["role"] or {}).get("name")
        if values["role"] not in ROLES:
            raise HTTPException(422, f"role.name must be one of {', '.join(ROLES)}")
    return values


def _create_user(db: Connection, _: dict[str, str], body: Row) -> tuple[int, Row]:
    email = _text(body, "email")
    there = db.execute(select(users.c.organization).where(func.lower(users.c.email) == email.lower())).scalar()
    if there is not None:
        raise HTTPException(409, f"the e-mail address is taken by an account of the organization {there}")
    return 201, _person(_insert(db, users, {"created_by": "api", **_values(body)}))


def _update_user(db: Connection, given: dict[str, str], body: Row) -> Row:
    _one(db, users, given["id"])
    values = _values(body)
    if values:
        db.execute(update(users).where(users.c.id == given["id"]).values(values))
    return _person(_one(db, users, given["id"]))


def _end_sessions(db: Connection, given: dict[str, str], _: Row) -> None:
    _one(db, users, given["id"])
    db.execute(delete(sessions).where(sessions.c.user_id == given["id"]))


def _make_token(db: Connection, given: dict[str, str], _: Row) -> tuple[int, Row]:
    return 201, _insert(db, api_tokens, {"user_id": _one(db, users, given["id"])["id"]})


def _revoke_tokens(db: Connection, given: dict[str, str], _: Row) -> Row:
    _one(db, users, given["id"])
    changed = update(api_tokens).where(api_tokens.c.user_id == given["id"]).values(revoked=True)
    return {"revoked": db.execute(changed).rowcount}


def _login(db: Connection, _: dict[str, str], body: Row) -> tuple[int, Row]:
    """Sign in as SAML does it: whoever is unknown gets an account (just in time); the first time ends ``invited``."""
    email = _text(body, "email")
    row = db.execute(select(users).where(func.lower(users.c.email) == email.lower())).mappings().first()
    person = dict(row) if row else _insert(db, users, {"email": email, "state": "active", "created_by": "jit"})
    if person["state"] == "deactivated":
        raise HTTPException(403, "this account is deactivated")
    db.execute(update(users).where(users.c.id == person["id"]).values(state="active"))
    return 201, {"session": _insert(db, sessions, {"user_id": person["id"]})["id"]}


def _me(db: Connection, given: dict[str, str], _: Row) -> Row:
    """Who the bearer of a session or an API token is."""
    held = select(sessions.c.user_id).where(sessions.c.id == given["bearer"])
    tokens = select(api_tokens.c.user_id).where(api_tokens.c.id == given["bearer"], ~api_tokens.c.revoked)
    id = db.execute(held.union(tokens)).scalar()
    if id is None:
        raise HTTPException(401, "no session and no token")
    return _person(_one(db, users, id))


# -- teams ------------------------------------------------------------------------


def _update_team(db: Connection, given: dict[str, str], body: Row) -> Row:
    _one(db, teams, given["id"])
    db.execute(update(teams).where(teams.c.id == given["id"]).values(name=_text(body, "name")))
    return _one(db, teams, given["id"])


def _members(db: Connection, given: dict[str, str], _: Row) -> Row:
    _one(db, teams, given["id"])
    found = db.execute(select(team_members.c.user_id).where(team_members.c.team_id == given["id"])).scalars()
    return {"data": [{"user_id": id} for id in sorted(found)]}


def _join(db: Connection, given: dict[str, str], _: Row) -> None:
    _one(db, teams, given["id"])
    if _one(db, users, given["user"])["state"] != "active":
        raise HTTPException(422, "only somebody who has signed in can be in a team")
    row = {"team_id": given["id"], "user_id": given["user"]}
    if db.execute(select(team_members).filter_by(**row)).first() is None:
        db.execute(insert(team_members).values(row))


def _leave(db: Connection, given: dict[str, str], _: Row) -> None:
    _one(db, teams, given["id"])
    gone = delete(team_members).filter_by(team_id=given["id"], user_id=given["user"])
    if db.execute(gone).rowcount == 0:
        raise HTTPException(404, "not a member")
