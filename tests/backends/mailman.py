"""A private GNU Mailman core: addresses and mailing lists behind its REST API, with one domain for the lists."""

import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.backends import applications
from tests.backends.served import Served, alive, require

USER, PASSWORD = "restadmin", "correct-horse-battery"
DATABASE = "mailman.db"


class Mailman(Served):
    """One Mailman."""

    name = "mailman"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        shutil.copytree(applications.home(self.name) / "set-up", folder, dirs_exist_ok=True)
        self.url = f"{self.address}/3.1"
        self._client = httpx2.Client(timeout=30, auth=(USER, PASSWORD))

    def command(self) -> Sequence[str]:
        script = [str(applications.python_of(self.name)), "-I", "-W", "ignore", str(applications.SCRIPTS[self.name])]
        return [*script, "serve", str(self.folder), str(self.port)]

    def options(self, password: str = PASSWORD) -> dict[str, Any]:
        """What ``[target.NAME]`` says, beside ``kind``."""
        return {"base": self.url, "auth": {"basic": {"user": USER, "password": password}}}

    def ask(self, method: str, path: str, form: Mapping[str, Any] | None = None) -> Any:
        """Ask beside the gateway. :return: the JSON of the answer; None for none, and for 404."""
        answer = self._client.request(method, f"{self.url}{path}", data=form)
        assert answer.is_success or answer.status_code == 404, answer.text
        return answer.json() if answer.content and answer.is_success else None

    def entries(self, path: str) -> list[dict[str, Any]]:
        """All elements of a list; Mailman leaves an empty one out."""
        return list(self.ask("GET", path).get("entries", ()))

    def clear(self) -> None:
        """Put back the tables as they were set up; by Mailman's own API that takes a tenth of a second an entry."""
        tables = (applications.home("mailman") / "set-up", self.folder)
        with (
            closing(sqlite3.connect(tables[0] / DATABASE)) as empty,
            closing(sqlite3.connect(tables[1] / DATABASE)) as it,
        ):
            empty.backup(it)

    def close(self) -> None:
        self._client.close()
        super().close()


@contextmanager
def running(folder: Path) -> Iterator[Mailman]:
    """A started server, killed afterwards; skips where Mailman is not installed."""
    require("mailman", "run tests/backends/install.py", applications.python_of("mailman") is not None)
    with alive(Mailman(folder)) as server:
        yield server


@pytest.fixture(scope="session")
def shared_mailman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mailman]:
    """One server for the session."""
    with running(tmp_path_factory.mktemp("mailman")) as server:
        yield server


@pytest.fixture
def mailman(shared_mailman: Mailman) -> Mailman:
    """The session's server, emptied."""
    shared_mailman.clear()
    return shared_mailman
