"""A private scim2-server: a strict SCIM service to provision into. It keeps everything in memory."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.backends import applications
from tests.backends.served import Served, alive, require

TOKEN = "correct-horse-battery"


class ScimServer(Served):
    """One service."""

    name = "scim2-server"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._client = httpx2.Client(base_url=self.address, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30)

    def command(self) -> Sequence[str]:
        home = applications.home(self.name) / "bin"
        command = [str(home / "python"), "-I", str(home / self.name), "--bearer-token", TOKEN]
        return [*command, "--port", str(self.port)]

    def options(self) -> dict[str, Any]:
        """What ``[target.NAME]`` says, beside ``kind``."""
        return {"base": self.address, "auth": {"bearer": TOKEN}}

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
        super().close()


@contextmanager
def running(folder: Path) -> Iterator[ScimServer]:
    """A started service, killed afterwards; skips where it is not installed."""
    require("scim2-server", "run tests/backends/install.py", applications.python_of("scim2-server") is not None)
    with alive(ScimServer(folder)) as server:
        yield server


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
