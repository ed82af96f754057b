"""The real command, as a person would start it."""

import fcntl
import json
import os
import pty
import re
import signal
import ssl
import struct
import subprocess
import sys
import termios
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import warm

PROGRAM = Path(sys.executable).parent / "dirbridge"


def dirbridge(
    *words: str, cwd: Path, given: str | None = None, env: dict[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run one verb to its end."""
    environment = {key: value for key, value in os.environ.items() if key != "DIRBRIDGE_CONFIG"} | (env or {})
    return warm.run([*words], cwd, environment, given)


def on_terminal(*words: str, cwd: Path, columns: int = 80) -> str:
    """Run one verb on a terminal of so many columns; return what stands on it, without colours."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    environment = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "DIRBRIDGE_CONFIG")}
    process = warm.start([*words], cwd, (theirs, theirs, theirs), environment)
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # how Linux says that the last writer has gone
        while piece := os.read(ours, 65536):
            shown += piece
    process.wait(30)
    os.close(ours)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode()).replace("\r", "")


@dataclass
class Served:
    """A gateway that is up."""

    process: "warm.Warm | subprocess.Popen[bytes]"
    url: str
    said: str
    token: str
    trust: ssl.SSLContext | None = None

    def ask(self, method: str, path: str, body: Any = None, token: str | None = None) -> tuple[int, Any]:
        """Send one request; return status and body."""
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {token or self.token}", "Content-Type": "application/scim+json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30, context=self.trust) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    def stop(self) -> int:
        """Ask it to stop, and wait."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


@contextmanager
def serving(
    *words: str,
    cwd: Path,
    env: dict[str, str] | None = None,
    trust: ssl.SSLContext | None = None,
    cold: bool = False,
) -> Iterator[Served]:
    """Start ``dirbridge serve`` on a free port.

    :param trust: for a gateway that serves HTTPS. :param cold: the installed program itself, from nothing.
    """
    log = cwd / "serve.log"
    command, environment = ["serve", "--listen", "127.0.0.1:0", *words], {**os.environ, **(env or {})}
    with log.open("w") as sink, open(os.devnull) as nothing:
        process: warm.Warm | subprocess.Popen[bytes]
        if cold:
            process = subprocess.Popen([PROGRAM, *command], cwd=cwd, stdout=sink, stderr=sink, env=environment)
        else:
            process = warm.start(command, cwd, (nothing, sink, sink), environment)
        try:
            yield _up(process, log, trust)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(30)


def _up(process: "warm.Warm | subprocess.Popen[bytes]", log: Path, trust: ssl.SSLContext | None) -> Served:
    for _ in range(1500):
        said = log.read_text()
        found = re.search(r"(https?://[0-9.:]+)(/\S+)  →", said)
        if found and _answers(found[1], trust):
            token = re.search(r"^    (dbr-scim-\S+)$", said, re.MULTILINE)
            return Served(process, found[1] + found[2], said, token[1] if token else "", trust)
        if process.poll() is not None:
            break
        time.sleep(0.02)
    raise AssertionError(f"the gateway did not come up:\n{log.read_text()}")


def _answers(root: str, trust: ssl.SSLContext | None) -> bool:
    try:
        with urllib.request.urlopen(f"{root}/healthz", timeout=5, context=trust) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
