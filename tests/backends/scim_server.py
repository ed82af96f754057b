"""A private scim2-server: a strict SCIM service to provision into. It keeps everything in memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.backends import applications
from tests.backends.served import Served

TOKEN = "correct-horse-battery"


class ScimServer:
    """One running service."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self._client = httpx2.Client(base_url=served.url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30)

    @property
    def url(self) -> str:
        return self.served.url

    def options(self) -> dict[str, Any]:
        """What ``[target.NAME]`` says, beside ``kind``."""
        return {"base": self.url, "auth": {"bearer": TOKEN}}

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Ask beside the gateway. :return: the JSON of the answer; None for none."""
        answer = self._client.request(method, path, json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def everything(self, path: str) -> list[dict[str, Any]]:
        """All of ``/Users`` or ``/Groups``."""
        return list(self.ask("GET", f"{path}?count=1000").get("Resources", ()))

    def clear(self) -> None:
        for path in ("/Groups", "/Users"):
            for each in self.everything(path):
                self.ask("DELETE", f"{path}/{each['id']}")

    def close(self) -> None:
        self._client.close()


@contextmanager
def running(folder: Path) -> Iterator[ScimServer]:
    """A started service, killed afterwards; skips where it is not installed."""
    python = applications.python_of("scim2-server")
    if python is None:
        pytest.skip("backend missing: scim2-server (run tests/backends/install.py)")
    command = [str(python), "-I", str(python.parent / "scim2-server"), "--bearer-token", TOKEN, "--port", "{port}"]
    served = Served(command, folder)
    try:
        served.start()
        server = ScimServer(served)
        yield server
        server.close()
    finally:
        served.kill()


@pytest.fixture(scope="session")
def shared_scim_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScimServer]:
    """One process for the session."""
    with running(tmp_path_factory.mktemp("scim")) as server:
        yield server


@pytest.fixture
def scim_server(shared_scim_server: ScimServer) -> ScimServer:
    """The session's service, empty."""
    shared_scim_server.clear()
    return shared_scim_server
