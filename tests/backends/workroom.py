"""A private Workroom (``examples/application``): the application behind a REST API, as a process of its own."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import create_engine, text

from tests.backends.ports import lasting_ports
from tests.backends.postgres import _die_with_parent

HOME = Path(__file__).parents[2] / "examples" / "application"
TOKEN = "workroom-administrator"
TABLES = ("team_members", "teams", "api_tokens", "sessions", "users")
Rows = list[dict[str, Any]]


class Workroom:
    """One process on a loopback port. :param url: its database, as SQLAlchemy names it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.port = lasting_ports(1)[0]
        self.address = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        self._engine = create_engine(url)

    def start(self) -> None:
        """Start it and wait until it answers."""
        environment = {
            **os.environ,
            "PYTHONPATH": str(HOME),
            "WORKROOM_DB": self.url,
            "WORKROOM_TOKEN": TOKEN,
            "WORKROOM_PORT": str(self.port),
        }
        command = [sys.executable, "-m", "workroom"]
        self._process = subprocess.Popen(command, env=environment, preexec_fn=_die_with_parent)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self._process.poll() is None:
            with contextlib.suppress(httpx2.TransportError):
                self.ask("GET", "/users?limit=1")
                return
            time.sleep(0.05)
        raise RuntimeError("Workroom did not start")

    def kill(self) -> None:
        """End it as a crash does."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait(10)

    def pause(self) -> None:
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, what: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(what)

    def close(self) -> None:
        """End it, and let go of its database."""
        self.kill()
        self._engine.dispose()

    # ---------------------------------------------------------------- beside the gateway

    def ask(self, method: str, path: str, body: Any = None, token: str = TOKEN) -> httpx2.Response:
        """Send one request with a bearer token: the administrator's, a session, or somebody's API token."""
        headers = {"Authorization": f"Bearer {token}"}
        return httpx2.request(method, self.address + path, json=body, headers=headers, timeout=10)

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


@contextlib.contextmanager
def running(url: str) -> Iterator[Workroom]:
    """A started application on an empty database, ended afterwards."""
    server = Workroom(url)
    try:
        server.start()
        yield server
    finally:
        server.close()
