"""A private PostgreSQL server: started by a test, killed with it.

Fixtures: ``postgres`` (one server for the session) and ``postgres_url`` (an empty database in it, for one test).
"""

import itertools
import os
import shutil
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.backends.database import Database, an_empty_one
from tests.backends.served import alive, near_folder, require

PACKAGED = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
SEARCHED = os.pathsep.join([os.environ.get("PATH", ""), *map(str, PACKAGED)])
INITDB = shutil.which("initdb", path=SEARCHED)
SERVER = shutil.which("postgres", path=SEARCHED)


class Postgres(Database):
    """See ``Database``."""

    name = user = "postgres"
    death = signal.SIGQUIT  # which it passes on to its children
    gently = signal.SIGINT  # transactions are rolled back, sessions closed
    drops = "DROP DATABASE {} WITH (FORCE)"
    lost = psycopg.OperationalError

    def url_of(self, database: str) -> str:
        return f"postgresql+psycopg://gateway@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str, url: str | None = None) -> list[tuple[Any, ...]]:
        with psycopg.connect((url or self.url).replace("+psycopg", ""), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def command(self) -> Sequence[str]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self.folder,
            "fsync": "on" if self.sync else "off",
            "shared_buffers": "32MB",
            "max_connections": 60,
            "jit": "off",
        }
        told = itertools.chain.from_iterable(("-c", f"{key}={value}") for key, value in settings.items())
        return [str(SERVER), "-D", str(self.folder / "db"), *told]

    def set_up(self) -> tuple[Sequence[str], Mapping[str, str]]:
        command = [str(INITDB), "-D", str(self.folder / "db"), "-U", "gateway", "-A", "trust", "-E", "UTF8"]
        return [*command, "--locale=C.UTF-8", "--no-sync", "--no-instructions"], {}

    def children(self) -> list[int]:
        assert self._process is not None
        listed = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        return [int(pid) for pid in listed.read_text().split()] if listed.exists() else []


@contextmanager
def running(*, sync: bool = False) -> Iterator[Postgres]:
    """A started server, stopped and removed afterwards; skips where PostgreSQL is not installed."""
    require("postgres", "Debian package postgresql", SERVER is not None and INITDB is not None)
    with near_folder("dirbridge-pg-") as folder, alive(Postgres(folder, sync=sync)) as server:
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One server for the whole session."""
    with running() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """An empty database of the running server, for one test."""
    yield from an_empty_one(postgres)
