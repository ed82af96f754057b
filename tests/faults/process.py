"""The real gateway in a process of its own, which can be killed and started again on the same port."""

import contextlib
import hashlib
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.ledger import Ledger
from gateway.ledger.model import Intent, Pending
from tests import warm
from tests.journeys.player import _toml as toml

TOKEN = "dbr-scim-faults"
ROOT = "/scim/v2"


@dataclass(frozen=True)
class Answer:
    """What a client got. ``status`` 0: no answer at all."""

    status: int
    body: Any
    retry_after: str | None

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


NOTHING = Answer(0, None, None)


def configured(
    folder: Path,
    target: Mapping[str, Any],
    mapping: str,
    ledger: str | None = None,
    more: Mapping[str, Mapping[str, Any]] | None = None,
) -> Path:
    """Write config.toml and the bind password beside it. ``more``: tables; every connection takes the same token."""
    (folder / "password").write_text("correct-horse-battery")
    token = {"name": "faults", "sha256": hashlib.sha256(TOKEN.encode()).hexdigest()}
    tables: dict[str, Mapping[str, Any]] = {
        "server": {"ledger": ledger or "sqlite:///ledger.db"},
        "target.it": target,
        "connection.idp": {
            "path": ROOT,
            "target": "it",
            "mapping": mapping,
        },
        **(more or {}),
    }
    tables = {name: {**table, "tokens": [token]} if "path" in table else table for name, table in tables.items()}
    lines = [f"[{name}]\n" + "\n".join(f"{k} = {toml(v)}" for k, v in table.items()) for name, table in tables.items()]
    path = folder / "config.toml"
    path.write_text("\n".join(lines))
    return path


def quiet_port() -> int:
    """A free port that no outgoing connection takes while the gateway is down."""
    while True:
        port = random.randrange(20_000, 32_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


class Process:
    """``dirbridge serve`` on a port that stays the same."""

    def __init__(self, config: Path, ledger: str | None = None) -> None:
        self.config = config
        self.ledger = ledger or f"sqlite:///{config.parent}/ledger.db"
        self.log = config.parent / "serve.log"
        self._process: warm.Warm | None = None
        self.port = quiet_port()
        self._clients = ThreadPoolExecutor(16)

    def start(self) -> None:
        """Start, and wait until it answers."""
        command = ["serve", "--config", str(self.config), "--listen", f"127.0.0.1:{self.port}", "--skip-mapping-tests"]
        environment = {key: value for key, value in os.environ.items() if key != "DIRBRIDGE_CONFIG"}
        with self.log.open("ab") as log, open(os.devnull) as nothing:
            self._process = warm.start(command, self.config.parent, (nothing, log, log), environment)
        for _ in range(400):
            if self.ask("GET", "/ServiceProviderConfig").status == 200:
                return
            assert self._process.poll() is None, self.log.read_text()
            time.sleep(0.05)
        raise AssertionError(f"the gateway did not come up:\n{self.log.read_text()}")

    def kill(self) -> None:
        """SIGKILL: it has no time to finish anything."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def close(self) -> None:
        self.kill()
        self._clients.shutdown()

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(30)
            self._process = None

    def verb(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run another verb of the command beside it, with its configuration."""
        return warm.run([*words, "--config", str(self.config)], self.config.parent, os.environ)

    # ------------------------------------------------------------- as a client

    def ask(self, method: str, path: str, body: Any = None, token: str = TOKEN, patience: float = 40) -> Answer:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=patience)
        try:
            headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/scim+json"}
            place = path if path.startswith("/scim/") else ROOT + path
            connection.request(method, place, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read()
            return Answer(answer.status, json.loads(text) if text else None, answer.getheader("Retry-After"))
        except (OSError, http.client.HTTPException):
            return NOTHING
        finally:
            connection.close()

    def begin(self, method: str, path: str, body: Any = None) -> "Future[Answer]":
        """One request beside others."""
        return self._clients.submit(self.ask, method, path, body)

    # ------------------------------------------------------------- the ledger, from beside

    async def left(self) -> tuple[list[Pending], list[Intent]]:
        """What the ledger still owes."""
        ledger = await Ledger.open(self.ledger)
        try:
            return await ledger.pending(), await ledger.unsettled()
        finally:
            await ledger.close()
