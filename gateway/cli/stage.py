"""Where the demonstration plays: the embedded default, served for real on a free port of this machine."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import uvicorn

from gateway.app.asgi import create_app
from gateway.app.ledgers import ledger_of
from gateway.cli.serve import first_token
from gateway.cli.server import bound, settings
from gateway.config import Address, Config, embedded_config
from gateway.ledger.model import AuditLine

Rows = list[tuple[str, ...]]
USERS = "SELECT user_name, given_name, family_name, title, active FROM scim_users ORDER BY created_at"
GROUPS = """
SELECT display_name, COALESCE((SELECT group_concat(user_name, ', ') FROM (
    SELECT user_name FROM scim_members JOIN scim_users ON scim_users.id = member_id
    WHERE group_id = scim_groups.id ORDER BY user_name)), '')
FROM scim_groups ORDER BY created_at
"""
PATIENCE = 10.0
"""seconds to wait for the server to answer"""


@dataclass(frozen=True, slots=True)
class Stage:
    """A gateway that is up: where it is, the token for it, and what can be seen of it from outside."""

    config: Config
    directory: Path
    port: int
    token: str

    @property
    def mount(self) -> str:
        (connection,) = self.config.connection.values()
        return connection.mount

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.mount}"

    def rows(self) -> tuple[Rows, Rows]:
        """Read users and groups from the target's own file, past the gateway."""
        with closing(sqlite3.connect(f"file:{self.directory / 'directory.db'}?mode=ro", uri=True)) as target:
            return _read(target, USERS), _read(target, GROUPS)

    def audit(self) -> list[AuditLine]:
        """Read the gateway's audit, the oldest line first."""

        async def read() -> list[AuditLine]:
            async with ledger_of(self.config) as ledger:
                return await ledger.audit(limit=1000)

        return asyncio.run(read())


def _read(target: sqlite3.Connection, query: str) -> Rows:
    try:
        found = target.execute(query).fetchall()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return []  # nothing was provisioned yet
        raise
    return [tuple("" if cell is None else str(cell) for cell in row) for row in found]


@contextmanager
def stage() -> Iterator[Stage]:
    """Raise the curtain, and leave nothing behind."""
    with TemporaryDirectory(prefix="dirbridge-demo-") as directory:
        config = embedded_config(directory)
        token = asyncio.run(first_token(config))
        with bound(Address("127.0.0.1", 0)) as listening:
            server = uvicorn.Server(settings(config, create_app(config, test_mappings=False)))
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
            thread.start()
            try:
                _wait(server, thread)
                yield Stage(config, Path(directory), listening.getsockname()[1], str(token))
            finally:
                server.should_exit = True
                thread.join(PATIENCE)


def _wait(server: uvicorn.Server, thread: threading.Thread) -> None:
    end = time.monotonic() + PATIENCE
    while not server.started:
        if not thread.is_alive() or time.monotonic() > end:
            raise RuntimeError("the gateway did not start")
        time.sleep(0.01)
