"""A private OpenStack Keystone: users and groups behind a token, in a domain of its own for each test."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.backends import applications
from tests.backends.served import Served

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


class Keystone:
    """One running Keystone."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self._numbers = count(1)
        self._client = httpx2.Client(base_url=served.url, timeout=30)

    def options(self, domain: str = "default") -> dict[str, Any]:
        """What ``[target.NAME]`` says, beside ``kind``."""
        return {"base": self.served.url, "auth": {"login": LOGIN}, "variables": {"domain": domain}}

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

    def domain(self) -> str:
        """Make an empty domain and return its id."""
        body = {"domain": {"name": f"test {next(self._numbers)} {os.getpid()}"}}
        return str(self.ask("POST", "/v3/domains", body)["domain"]["id"])


@contextmanager
def running(folder: Path, expiration: int = 3600) -> Iterator[Keystone]:
    """A started server, killed afterwards; skips where Keystone is not installed.

    :param expiration: seconds that its tokens live.
    """
    python = applications.python_of("keystone")
    if python is None:
        pytest.skip("backend missing: keystone (run tests/backends/install.py)")
    shutil.copytree(applications.home("keystone") / "set-up", folder, dirs_exist_ok=True)
    command = [str(python), "-I", "-W", "ignore", str(SCRIPT), "serve", str(folder), "{port}", str(expiration)]
    served = Served(command, folder)
    try:
        served.start()
        server = Keystone(served)
        yield server
        server.close()
    finally:
        served.kill()


@pytest.fixture(scope="session")
def keystone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keystone]:
    """One server for the session."""
    with running(tmp_path_factory.mktemp("keystone")) as server:
        yield server
