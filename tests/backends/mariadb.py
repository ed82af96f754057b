"""A private MariaDB server: started by a test, killed with it.

Fixtures: ``mariadb`` (one server for the session) and ``mariadb_url`` (an empty database in it, for one test).
"""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any

import pymysql
import pytest

from tests.backends.database import Database, an_empty_one
from tests.backends.served import alive, near_folder, require

SEARCHED = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
INSTALL = shutil.which("mariadb-install-db", path=SEARCHED)
SERVER = shutil.which("mariadbd", path=SEARCHED)
SMALL = ("--innodb-log-file-size=8M", "--innodb-buffer-pool-size=16M", "--innodb-flush-method=nosync")


class Mariadb(Database):
    """See ``Database``."""

    name = "mariadbd"
    user = "mysql"
    creates = "CREATE DATABASE {} CHARACTER SET utf8mb4"
    lost = pymysql.OperationalError

    def url_of(self, database: str, user: str = "root") -> str:
        return f"mariadb+pymysql://{user}@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str, url: str | None = None, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The same; ``%s`` marks values."""
        with closing(connect(url or self.url)) as connection, connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return list(cursor.fetchall())

    def command(self) -> Sequence[str]:
        command = [str(SERVER), "--no-defaults", f"--datadir={self.folder / 'db'}", f"--port={self.port}"]
        command += [*self._small(), "--bind-address=127.0.0.1", f"--socket={self.folder / 'socket'}"]
        command += [f"--tmpdir={self.folder}", f"--pid-file={self.folder / 'pid'}", "--max-connections=80"]
        command += [f"--innodb-flush-log-at-trx-commit={1 if self.sync else 2}", "--character-set-server=utf8mb4"]
        return [*command, "--skip-name-resolve"]

    def set_up(self) -> tuple[Sequence[str], Mapping[str, str]]:
        command = [str(INSTALL), "--no-defaults", f"--datadir={self.folder / 'db'}", "--skip-test-db", *self._small()]
        command += ["--auth-root-authentication-method=normal", "--skip-name-resolve", f"--tmpdir={self.folder}"]
        return command, {"TMPDIR": str(self.folder)}  # in one folder two servers remove one another's tables

    def _small(self) -> Sequence[str]:
        return SMALL[:2] if self.sync else SMALL


def connect(url: str) -> Any:
    """Open a connection of the tests' own, committing every statement."""
    address, _, database = url.rpartition("/")
    user, _, place = address.partition("://")[2].partition("@")
    host, _, port = place.partition(":")
    return pymysql.connect(host=host, port=int(port), user=user, database=database, autocommit=True, ssl_disabled=True)


@contextmanager
def running(*, sync: bool = False) -> Iterator[Mariadb]:
    """A started server, stopped and removed afterwards; skips where MariaDB is not installed."""
    require("mariadbd", "Debian package mariadb-server", SERVER is not None and INSTALL is not None)
    with near_folder("dirbridge-my-") as folder, alive(Mariadb(folder, sync=sync)) as server:
        yield server


@pytest.fixture(scope="session")
def mariadb() -> Iterator[Mariadb]:
    """One server for the whole session."""
    with running() as server:
        yield server


@pytest.fixture
def mariadb_url(mariadb: Mariadb) -> Iterator[str]:
    """An empty database of the running server, for one test."""
    yield from an_empty_one(mariadb)
