"""The application of ``examples/rest-app``, as a process of its own: users, sessions, API tokens, teams."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.backends.served import Served

FOLDER = Path(__file__).parents[2] / "examples" / "rest-app"
TOKEN = "correct-horse-battery"
CLIENT, SECRET = "gateway", "client-secret-of-the-tests"


class RestApp:
    """One running application on an empty file."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self._client = httpx2.Client(base_url=served.url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30)

    def kill(self) -> None:
        self.served.kill()

    def start(self) -> None:
        self.served.start()

    def pause(self) -> None:
        self.served.pause()

    def resume(self) -> None:
        self.served.resume()

    @property
    def port(self) -> int:
        return self.served.port

    @property
    def url(self) -> str:
        return self.served.url

    def options(self) -> dict[str, Any]:
        """What ``[target.NAME]`` says, beside ``kind``."""
        return {"base": self.url, "auth": {"bearer": TOKEN}}

    def oauth2(self) -> dict[str, Any]:
        """The same with a token that is fetched."""
        client = {"token_url": f"{self.url}/oauth/token", "client_id": CLIENT, "client_secret": SECRET, "in_body": True}
        return {"base": self.url, "auth": {"oauth2": client}}

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Ask beside the gateway. :return: the JSON of the answer; None for none, and for 404."""
        answer = self._client.request(method, path, json=body)
        assert answer.is_success or answer.status_code == 404, answer.text
        return answer.json() if answer.content and answer.is_success else None

    def everything(self, path: str) -> list[dict[str, Any]]:
        """All of ``/users`` or ``/teams``."""
        return list(self.ask("GET", f"{path}?limit=200")["data"])

    def clear(self) -> None:
        """Delete every user and every team."""
        for path in ("/teams", "/users"):
            while part := self.everything(path):
                for each in part:
                    self.ask("DELETE", f"{path}/{each['id']}")

    def close(self) -> None:
        self._client.close()


@contextmanager
def running(folder: Path, **settings: str) -> Iterator[RestApp]:
    """A started application, killed afterwards. :param settings: environment, without ``REST_APP_``."""
    told = {"token": TOKEN, "file": str(folder / "app.db"), "client": CLIENT, "secret": SECRET, **settings}
    environment = {**os.environ, **{f"REST_APP_{key.upper()}": value for key, value in told.items()}}
    command = [sys.executable, "-m", "uvicorn", "--app-dir", str(FOLDER), "--port", "{port}", "--log-level", "warning"]
    served = Served([*command, "rest_app:app"], folder, environment)
    try:
        served.start()
        app = RestApp(served)
        yield app
        app.close()
    finally:
        served.kill()


@pytest.fixture(scope="session")
def shared_rest_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RestApp]:
    """One process for the session."""
    with running(tmp_path_factory.mktemp("rest-app")) as app:
        yield app


@pytest.fixture
def rest_app(shared_rest_app: RestApp) -> RestApp:
    """The session's application, running and empty."""
    shared_rest_app.resume()
    shared_rest_app.start()
    shared_rest_app.clear()
    return shared_rest_app
