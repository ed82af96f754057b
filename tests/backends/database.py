"""What the private database servers of the tests have in common.

They refuse to run as root, so root runs them as their package's user.
"""

import itertools
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.backends.served import Served


class Database(Served):
    """One server in ``folder``, on a loopback port and a socket.

    :param sync: commit so that even a power cut loses nothing; without it a crash of the server alone loses nothing.
    """

    creates, drops = "CREATE DATABASE {}", "DROP DATABASE {}"
    lost: type[Exception]
    """what the driver raises where nobody answers"""

    def __init__(self, folder: Path, *, sync: bool = False) -> None:
        super().__init__(folder)
        self.sync = sync
        self._numbers = itertools.count(1)
        if self.user and os.geteuid() == 0:
            shutil.chown(folder, self.user)
        self._initialise()

    def url_of(self, database: str) -> str:
        """The URL of a database, as config.toml would say it."""
        raise NotImplementedError

    @property
    def url(self) -> str:
        """The URL of the database that is always there."""
        return self.url_of(str(self.user))

    def execute(self, statement: str, url: str | None = None) -> list[tuple[Any, ...]]:
        """Run one statement beside the gateway and return its rows."""
        raise NotImplementedError

    def database(self) -> str:
        """Create an empty database and return its URL."""
        name = f"test_{next(self._numbers)}"
        self.execute(self.creates.format(name))
        return self.url_of(name)

    def drop(self, url: str) -> None:
        """Drop a database, whoever uses it."""
        self.execute(self.drops.format(url.rpartition("/")[2]))

    def answers(self) -> bool:
        try:
            self.execute("SELECT 1")
        except self.lost:
            return False
        return True

    def set_up(self) -> tuple[Sequence[str], Mapping[str, str]]:
        """The command that lays out its files, and the environment for it."""
        raise NotImplementedError

    def _initialise(self) -> None:
        command, environment = self.set_up()
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env={**os.environ, **environment}, **self.identity()
        )
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]} failed: {done.stdout.strip()} {done.stderr.strip()}")


def an_empty_one(server: Database) -> Iterator[str]:
    """The URL of a database for one test, dropped afterwards."""
    server.awake()
    url = server.database()
    yield url
    server.awake()
    server.drop(url)
