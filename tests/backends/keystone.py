"""A private OpenStack Keystone: users and groups behind a token, in a domain of its own for each test."""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.backends import applications
from tests.backends.served import Served, alive, require

SCRIPT = applications.SCRIPTS["keystone"]
PASSWORD = "secret"
LOGIN = {
    "post": "/v3/auth/tokens",
    "header": "X-Subject-Token",
    "expires": "token.expires_at",
    "send": "X-Auth-Token",
    "body": {
        "auth": {
            "identity": {
                "methods": ["password"],
                "password": {"user": {"name": "admin", "domain": {"id": "default"}, "password": PASSWORD}},
            },
            "scope": {"system": {"all": True}},
        }
    },
}


class Keystone(Served):
    """One Keystone. :param expiration: seconds that its tokens live."""

    name = "keystone"

    def __init__(self, folder: Path, expiration: int = 3600) -> None:
        super().__init__(folder)
        shutil.copytree(applications.home(self.name) / "set-up", folder, dirs_exist_ok=True)
        self._expiration = expiration
        self._numbers = count(1)
        self._client = httpx2.Client(base_url=self.address, timeout=30)

    def command(self) -> Sequence[str]:
        script = [str(applications.python_of(self.name)), "-I", "-W", "ignore", str(SCRIPT)]
        return [*script, "serve", str(self.folder), str(self.port), str(self._expiration)]

    def options(self, domain: str = "default") -> dict[str, Any]:
        """What ``[target.NAME]`` says, beside ``kind``."""
        return {"base": self.address, "auth": {"login": LOGIN}, "variables": {"domain": domain}}

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Ask beside the gateway, as the administrator."""
        if "X-Auth-Token" not in self._client.headers:
            answer = self._client.post(LOGIN["post"], json=LOGIN["body"])  # type: ignore[arg-type]
            self._client.headers["X-Auth-Token"] = answer.headers["X-Subject-Token"]
        answer = self._client.request(method, path, json=body)
        if answer.status_code == 401:
            del self._client.headers["X-Auth-Token"]
            return self.ask(method, path, body)
        assert answer.is_success or answer.status_code == 404, answer.text
        return answer.json() if answer.content else None

    def close(self) -> None:
        self._client.close()
        super().close()

    def domain(self) -> str:
        """Make an empty domain and return its id."""
        body = {"domain": {"name": f"test {next(self._numbers)} {os.getpid()}"}}
        return str(self.ask("POST", "/v3/domains", body)["domain"]["id"])


@contextmanager
def running(folder: Path, expiration: int = 3600) -> Iterator[Keystone]:
    """A started server, killed afterwards; skips where Keystone is not installed."""
    require("keystone", "run tests/backends/install.py", applications.python_of("keystone") is not None)
    with alive(Keystone(folder, expiration)) as server:
        yield server


@pytest.fixture(scope="session")
def keystone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keystone]:
    """One server for the session."""
    with running(tmp_path_factory.mktemp("keystone")) as server:
        yield server
