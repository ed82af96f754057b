"""A private MariaDB server: started by a test, killed with it.

Fixtures: ``mariadb`` (one server for the session) and ``mariadb_url`` (an empty database in it, for one test).
MariaDB refuses to run as root, so root runs it as its package's user.
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
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pymysql
import pytest

from tests.backends.ports import lasting_ports

SEARCHED = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
INSTALL = shutil.which("mariadb-install-db", path=SEARCHED)
SERVER = shutil.which("mariadbd", path=SEARCHED)
USER = "mysql"
DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of prctl(2)"""
SMALL = ("--innodb-log-file-size=8M", "--innodb-buffer-pool-size=16M", "--innodb-flush-method=nosync")


class Mariadb:
    """One server in ``folder``, on a loopback port and a socket.

    :param sync: commit so that even a power cut loses nothing; without it a crash of the server alone loses nothing.
    """

    def __init__(self, folder: Path, *, sync: bool = False) -> None:
        self.folder = folder
        self._sync = sync
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)
        self.port = lasting_ports(1)[0]
        if os.geteuid() == 0:
            shutil.chown(folder, USER)
        self._initialise()

    @property
    def url(self) -> str:
        """The URL of the database ``mysql``, as config.toml would say it."""
        return self.url_of("mysql")

    def url_of(self, database: str, user: str = "root") -> str:
        return f"mariadb+pymysql://{user}@127.0.0.1:{self.port}/{database}"

    def database(self) -> str:
        """Create an empty database and return its URL."""
        name = f"test_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        return self.url_of(name)

    def execute(self, statement: str, url: str | None = None, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement beside the gateway (``%s`` marks values) and return its rows."""
        with contextlib.closing(connect(url or self.url)) as connection, connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return list(cursor.fetchall())

    # ---------------------------------------------------------------- life

    def start(self) -> None:
        """Start and wait until it answers. Does nothing when it runs."""
        if self._process is not None and self._process.poll() is None:
            return
        assert SERVER is not None
        command = [SERVER, "--no-defaults", f"--datadir={self.folder / 'db'}", f"--port={self.port}", *self._small()]
        command += ["--bind-address=127.0.0.1", f"--socket={self.folder / 'socket'}", f"--tmpdir={self.folder}"]
        command += [f"--pid-file={self.folder / 'pid'}", "--max-connections=80", "--skip-name-resolve"]
        command += [f"--innodb-flush-log-at-trx-commit={1 if self._sync else 2}", "--character-set-server=utf8mb4"]
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=_die_with_parent, **_identity()
            )
        self._await()

    def stop(self) -> None:
        """End it in order: transactions are rolled back, sessions closed."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a crash does, nothing said to anybody."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        self.stop()
        self.start()

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def pause(self) -> None:
        """Freeze it: connections stay open and nothing answers."""
        self._signal(signal.SIGSTOP)

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        self.pause()
        try:
            yield
        finally:
            self.resume()

    # ---------------------------------------------------------------- within

    def _initialise(self) -> None:
        assert INSTALL is not None
        command = [INSTALL, "--no-defaults", f"--datadir={self.folder / 'db'}", "--skip-test-db", *self._small()]
        command += ["--auth-root-authentication-method=normal", "--skip-name-resolve", f"--tmpdir={self.folder}"]
        own = {**os.environ, "TMPDIR": str(self.folder)}  # in one folder two servers remove one another's tables
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=own, **_identity())
        if done.returncode != 0:
            raise RuntimeError(f"mariadb-install-db failed: {done.stdout.strip()} {done.stderr.strip()}")

    def _small(self) -> Sequence[str]:
        return SMALL[:2] if self._sync else SMALL

    def _await(self) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                break
            with contextlib.suppress(pymysql.OperationalError):
                self.execute("SELECT 1")
                return
            time.sleep(0.05)
        raise RuntimeError(f"MariaDB did not start: {(self.folder / 'server.log').read_text()[-2000:]}")

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._signal(how)
            self._process.wait(30)
            self._process = None

    def _signal(self, what: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(what)


def connect(url: str) -> Any:
    """Open a connection of the tests' own, committing every statement."""
    address, _, database = url.rpartition("/")
    user, _, place = address.partition("://")[2].partition("@")
    host, _, port = place.partition(":")
    return pymysql.connect(host=host, port=int(port), user=user, database=database, autocommit=True, ssl_disabled=True)


@contextlib.contextmanager
def running(*, sync: bool = False) -> Iterator[Mariadb]:
    """A started server, stopped and removed afterwards; skips where MariaDB is not installed."""
    if SERVER is None or INSTALL is None:
        pytest.skip("backend missing: mariadbd (Debian package mariadb-server)")
    folder = Path(tempfile.mkdtemp(prefix="dirbridge-my-"))  # a short path: sockets bound the length of theirs
    folder.chmod(0o755)
    try:
        server = Mariadb(folder, sync=sync)
        try:
            server.start()
            yield server
        finally:
            server.kill()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def mariadb() -> Iterator[Mariadb]:
    """One server for the whole session."""
    with running() as server:
        yield server


@pytest.fixture
def mariadb_url(mariadb: Mariadb) -> Iterator[str]:
    """An empty database of the running server, for one test."""
    mariadb.resume()
    mariadb.start()
    url = mariadb.database()
    yield url
    mariadb.resume()
    mariadb.start()
    mariadb.execute(f"DROP DATABASE {url.rpartition('/')[2]}")


def _identity() -> dict[str, Any]:
    return {"user": USER, "group": USER, "extra_groups": []} if os.geteuid() == 0 else {}


def _die_with_parent() -> None:
    """Have the kernel end the server with us, however we end; called in the child, after its user was changed."""
    ctypes.CDLL(None).prctl(DEATH_SIGNAL, signal.SIGKILL)
