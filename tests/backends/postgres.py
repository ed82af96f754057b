"""A private PostgreSQL server: started by a test, killed with it.

Fixtures: ``postgres`` (one server for the session) and ``postgres_url`` (an empty database in it, for one test).
PostgreSQL refuses to run as root, so root runs it as its package's user.
"""

import contextlib
import ctypes
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.backends.ports import lasting_ports

PACKAGED = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
SEARCHED = os.pathsep.join([os.environ.get("PATH", ""), *map(str, PACKAGED)])
INITDB = shutil.which("initdb", path=SEARCHED)
SERVER = shutil.which("postgres", path=SEARCHED)
USER = "postgres"
DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of prctl(2)"""


class Postgres:
    """One server in ``folder``, on a loopback port and a socket. ``sync=True`` commits durably."""

    def __init__(self, folder: Path, *, sync: bool = False) -> None:
        self.folder = folder
        self._sync = sync
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)
        self.port = _free_port()
        if os.geteuid() == 0:
            shutil.chown(folder, USER)
        self._initialise()

    @property
    def url(self) -> str:
        """The URL of the database ``postgres``, as config.toml would say it."""
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        return f"postgresql+psycopg://gateway@127.0.0.1:{self.port}/{database}"

    def database(self) -> str:
        """Create an empty database and return its URL."""
        name = f"test_{next(self._numbers)}"
        self.execute(f'CREATE DATABASE "{name}"')
        return self.url_of(name)

    def execute(self, statement: str, url: str | None = None) -> list[tuple[Any, ...]]:
        """Run one statement beside the gateway and return its rows."""
        with psycopg.connect((url or self.url).replace("+psycopg", ""), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    # ---------------------------------------------------------------- life

    def start(self) -> None:
        """Start and wait until it answers. Does nothing when it runs."""
        if self._process is not None and self._process.poll() is None:
            return
        assert SERVER is not None
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self.folder,
            "fsync": "on" if self._sync else "off",
            "shared_buffers": "32MB",
            "max_connections": 60,
            "jit": "off",
        }
        command = [SERVER, "-D", str(self.folder / "db")]
        command += itertools.chain.from_iterable(("-c", f"{key}={value}") for key, value in settings.items())
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=_die_with_parent, **_identity()
            )
        self._await()

    def stop(self) -> None:
        """End it in order: transactions are rolled back, sessions closed."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """End it as a crash does: every process of it at once, nothing said to anybody."""
        for pid in self._children():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        self.stop()
        self.start()

    def pause(self) -> None:
        """Freeze it: connections stay open and nothing answers."""
        self._signal_all(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal_all(signal.SIGCONT)

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        self.pause()
        try:
            yield
        finally:
            self.resume()

    # ---------------------------------------------------------------- within

    def _initialise(self) -> None:
        assert INITDB is not None
        command = [INITDB, "-D", str(self.folder / "db"), "-U", "gateway", "-A", "trust", "-E", "UTF8"]
        command += ["--locale=C.UTF-8", "--no-sync", "--no-instructions"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, **_identity())
        if done.returncode != 0:
            raise RuntimeError(f"initdb failed: {done.stderr.strip()}")

    def _await(self) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                break
            with contextlib.suppress(psycopg.OperationalError):
                self.execute("SELECT 1")
                return
            time.sleep(0.05)
        raise RuntimeError(f"PostgreSQL did not start: {(self.folder / 'server.log').read_text()[-2000:]}")

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            if self._process.poll() is None:
                self._process.send_signal(how)
            self._process.wait(30)
            self._process = None

    def _signal_all(self, what: signal.Signals) -> None:
        if self._process is None:
            return
        for pid in [self._process.pid, *self._children()]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, what)

    def _children(self) -> list[int]:
        if self._process is None:
            return []
        listed = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        return [int(pid) for pid in listed.read_text().split()] if listed.exists() else []


@contextlib.contextmanager
def running(*, sync: bool = False) -> Iterator[Postgres]:
    """A started server, stopped and removed afterwards; skips where PostgreSQL is not installed."""
    if SERVER is None or INITDB is None:
        pytest.skip("backend missing: postgres (Debian package postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="dirbridge-pg-"))  # a short path: sockets bound the length of theirs
    folder.chmod(0o755)
    server = Postgres(folder, sync=sync)
    try:
        server.start()
        yield server
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One server for the whole session."""
    with running() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """An empty database of the running server, for one test."""
    postgres.resume()
    postgres.start()
    url = postgres.database()
    yield url
    postgres.resume()
    postgres.start()
    postgres.execute(f'DROP DATABASE "{url.rpartition("/")[2]}" WITH (FORCE)')


def _identity() -> dict[str, Any]:
    return {"user": USER, "group": USER, "extra_groups": []} if os.geteuid() == 0 else {}


def _die_with_parent() -> None:
    """Have the kernel end the server with us, however we end; called in the child, after its user was changed."""
    ctypes.CDLL(None).prctl(DEATH_SIGNAL, signal.SIGQUIT)


def _free_port() -> int:
    return lasting_ports(1)[0]
