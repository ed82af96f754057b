"""A private Workroom (``examples/application``): users, sessions, API tokens and teams behind a REST API.

Fixtures: ``shared_workroom`` (one process for the session, on SQLite) and ``workroom`` (the same, empty).
"""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import create_engine, text

from tests.backends.served import Served, alive

HOME = Path(__file__).parents[2] / "examples" / "application"
TOKEN = "correct-horse-battery"
CLIENT, SECRET = "gateway", "client-secret-of-the-tests"
TABLES = ("team_members", "teams", "api_tokens", "sessions", "users")
Rows = list[dict[str, Any]]


class Workroom(Served):
    """One process.

    :param url: its database, as SQLAlchemy names it; none: a file. :param words: further ones of uvicorn's.
    :param settings: environment, without ``WORKROOM_``.
    """

    name = "Workroom"

    def __init__(self, folder: Path, url: str = "", words: Sequence[str] = (), **settings: str) -> None:
        super().__init__(folder)
        self._words = words
        self.url = url or f"sqlite:///{folder}/workroom.db"
        self._settings = {"db": self.url, "token": TOKEN, "client": CLIENT, "secret": SECRET, **settings}
        self._engine = create_engine(self.url, pool_pre_ping=True)  # others kill the server
        self._client = httpx2.Client(base_url=self.address, timeout=30)

    def command(self) -> Sequence[str]:
        served = ["--app-dir", str(HOME), "--factory", "workroom.api:from_environment", "--port", str(self.port)]
        return [sys.executable, "-m", "uvicorn", *served, "--log-level", "warning", *self._words]

    def environment(self) -> Mapping[str, str]:
        return {**os.environ, **{f"WORKROOM_{key.upper()}": value for key, value in self._settings.items()}}

    def options(self) -> dict[str, Any]:
        """What ``[target.NAME]`` says, beside ``kind``."""
        return {"base": self.address, "auth": {"bearer": TOKEN}}

    def oauth2(self) -> dict[str, Any]:
        """The same with a token that is fetched."""
        client = {"client_id": CLIENT, "client_secret": SECRET, "in_body": True}
        return {"base": self.address, "auth": {"oauth2": {"token_url": f"{self.address}/oauth/token", **client}}}

    def close(self) -> None:
        self._client.close()
        super().close()
        self._engine.dispose()

    # ---------------------------------------------------------------- beside the gateway

    def ask(self, method: str, path: str, body: Any = None, token: str = TOKEN) -> httpx2.Response:
        """Send one request with a bearer token: the administrator's, a session, or somebody's API token."""
        return self._client.request(method, path, json=body, headers={"Authorization": f"Bearer {token}"})

    def said(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON that a request is answered with; None for nothing. It must be good."""
        answer = self.ask(method, path, body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def everything(self, path: str) -> Rows:
        """All of ``/users`` or ``/teams``, as the API shows them."""
        return list(self.said("GET", f"{path}?limit=200")["data"])

    def login(self, email: str) -> httpx2.Response:
        """Sign in; 201 with a ``session``, or 403."""
        return self.ask("POST", "/login", {"email": email})

    def lets_in(self, bearer: str) -> bool:
        """Whether a session or an API token is good for anything."""
        return self.ask("GET", "/me", token=bearer).status_code == 200

    def sql(self, statement: str, **values: Any) -> Rows:
        """Run one statement in its database."""
        with self._engine.begin() as connection:
            found = connection.execute(text(statement), values)
            return [dict(row) for row in found.mappings()] if found.returns_rows else []

    def person(self, email: str) -> dict[str, Any]:
        """The row of one account."""
        return self.sql("SELECT * FROM users WHERE email = :email", email=email)[0]

    def clear(self) -> None:
        """Take everything away."""
        for table in TABLES:
            self.sql(f"DELETE FROM {table}")


@contextmanager
def running(folder: Path, url: str = "", words: Sequence[str] = (), **settings: str) -> Iterator[Workroom]:
    """A started application on an empty database, ended afterwards."""
    with alive(Workroom(folder, url, words, **settings)) as server:
        yield server


@pytest.fixture(scope="session")
def shared_workroom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workroom]:
    """One process for the session, on SQLite."""
    with running(tmp_path_factory.mktemp("workroom")) as room:
        yield room


@pytest.fixture
def workroom(shared_workroom: Workroom) -> Workroom:
    """The session's application, running and empty."""
    shared_workroom.awake()
    shared_workroom.clear()
    return shared_workroom
