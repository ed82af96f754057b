"""The pages about identity providers, each followed once on an empty directory; then the provider comes."""

import subprocess
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.docs.pages import JOURNEYS
from tests.docs.test_blocks import PROLOGUE, files_of, free_port, script, variables
from tests.journeys.dialogue import Journey, journey
from tests.journeys.in_embedded import InEmbedded
from tests.journeys.player import BASE, TOKEN, Player

pytestmark = pytest.mark.anyio


class Proxy(httpx2.AsyncHTTPTransport):
    """What stands before the gateway: the public name outside, the gateway's port inside. It puts the real token in."""

    def __init__(self, port: int, token: str) -> None:
        super().__init__()
        self._port, self._token = port, token

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Hand one request on."""
        request.url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self._port)
        request.headers["Authorization"] = request.headers["Authorization"].replace(TOKEN, self._token)
        return await super().handle_async_request(request)


@contextmanager
def followed(page: str, directory: Path, port: int) -> Iterator[list[str]]:
    """Do what the page says, and leave its gateway running meanwhile.

    :return: the lines that were said; the last one is the token.
    """
    commands = f'{PROLOGUE}{script(page, port)}\necho "$TOKEN"\necho ready\nread -r _ || true'
    log = directory / "errors.log"
    with log.open("w") as errors:
        process = subprocess.Popen(
            ["bash", "-c", commands], cwd=directory, env=variables(port),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
        )  # fmt: skip
    said: list[str] = []
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if line == "ready\n":
                break
            said.append(line.rstrip("\n"))
        assert line == "ready\n", "\n".join(said) + log.read_text()
        yield said
    finally:
        process.communicate(timeout=60)


def database(directory: Path, story: Journey) -> Path:
    """Where the page's configuration keeps people. :raises AssertionError: it is not one for this journey."""
    config = tomllib.loads((directory / "config.toml").read_text())
    assert config["server"]["base_url"] == BASE
    (connection,) = config["connection"].values()
    assert (connection["path"], connection["dialect"]) == ("/scim/v2", story.dialect)
    return directory / str(config["target"]["app"]["url"]).removeprefix("sqlite:///")


@pytest.mark.parametrize("page", sorted(JOURNEYS), ids=lambda page: Path(page).stem)
async def test_the_page_is_followed_and_the_provider_comes(page: str, tmp_path: Path) -> None:
    files_of(page, tmp_path)
    story, port = journey(JOURNEYS[page], "embedded"), free_port()
    directory = InEmbedded(database(tmp_path, story))
    with followed(page, tmp_path, port) as said:
        assert "config.toml: fine" in said
        assert any('"totalResults":0' in line for line in said)
        async with httpx2.AsyncClient(transport=Proxy(port, said[-1]), timeout=30) as client:
            player = Player(story, directory, client)
            await player.put_there()
            for step in story.step:
                await player.play(step)
