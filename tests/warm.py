"""``dirbridge`` as a process of its own that does not import everything again: forked from one that has it all.

Importing is nine tenths of what a verb costs, and the tests start some hundreds. What is under test is the same: words,
folder, environment, standard streams, signals and exit code are a process's own, and ``gateway.cli`` is imported by it,
since that looks at the terminal. How a start from nothing goes is shown where ``PROGRAM`` itself is run: the
documentation, the examples, the demonstration, ``tests/cli/test_start.py``.
"""

import atexit
import gc
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).parents[1]
LOADED = (
    "gateway.app.asgi", "gateway.app.online", "gateway.app.relinking", "gateway.app.trying", "gateway.ledger.postgres",
    "gateway.ledger.sqlite", "connectors.ldap", "connectors.memory", "connectors.rest", "connectors.sql",
    "sqlalchemy.dialects.mysql", "sqlalchemy.dialects.postgresql", "uvicorn", "uvloop", "httptools", "typer",
    "rich.console", "rich.table",
)  # fmt: skip
Streams = tuple[int | IO[Any], int | IO[Any], int | IO[Any]]
STATUS = struct.Struct("i")
REQUEST = 1 << 18
"""bytes that words, folder and environment may take"""
_starting = threading.Lock()
_origin: list[socket.socket] = []


class Warm:
    """One started program; as much of ``subprocess.Popen`` as the tests use."""

    def __init__(self, pid: int, ended: int) -> None:
        self.pid, self._ended = pid, ended
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit code; None while it runs."""
        with suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. :raises subprocess.TimeoutExpired:"""
        if self.returncode is None:
            if not select.select([self._ended], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("dirbridge", timeout or 0)
            said = os.read(self._ended, STATUS.size)
            os.close(self._ended)
            assert said, "the process that starts others has gone"
            self.returncode = os.waitstatus_to_exitcode(*STATUS.unpack(said))
        return self.returncode

    def send_signal(self, which: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, which)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


def start(words: list[str], cwd: Path, streams: Streams, env: Mapping[str, str]) -> Warm:
    """Start ``dirbridge`` with these words. :param streams: standard input, output and error."""
    request = json.dumps({"words": words, "cwd": str(cwd), "env": dict(env)}).encode()
    assert len(request) < REQUEST
    ended, tell = os.pipe()
    with _starting:
        origin = _origin[0] if _origin else _open()
        socket.send_fds(
            origin, [request], [*(each if isinstance(each, int) else each.fileno() for each in streams), tell]
        )
        os.close(tell)
        return Warm(int(origin.recv(32)), ended)


def run(
    words: list[str], cwd: Path, env: Mapping[str, str], given: str | None = None, timeout: float = 120
) -> "subprocess.CompletedProcess[str]":
    """Run one verb to its end, as ``subprocess.run`` does. :raises subprocess.TimeoutExpired:"""
    with tempfile.TemporaryFile("w+") as stdin, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        stdin.write(given or "")
        stdin.seek(0)
        process = start(words, cwd, (stdin, out, err), env)
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            raise
        said = [(stream.seek(0), stream.read().decode())[1] for stream in (out, err)]
    return subprocess.CompletedProcess(["dirbridge", *words], code, *said)


def _open() -> socket.socket:
    """Start the process that others are forked from; it ends with this one."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.warm", str(theirs.fileno())],
            cwd=ROOT, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL,
        )  # fmt: skip
    _origin.append(ours)

    @atexit.register
    def end() -> None:
        ours.close()
        process.wait(30)

    return ours


# -------------------------------------------------------------------- in the process that others are forked from


def _fork_for(control: socket.socket) -> bool:
    """Start what is asked for, until nobody can ask any more. :return: whether this is one of the started."""
    wake, woken = socket.socketpair()
    woken.setblocking(False)
    signal.set_wakeup_fd(woken.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    running: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([control, wake], [], [])
        if wake in ready:
            wake.recv(4096)
            _bury(running)
        if control in ready:
            request, passed, _, _ = socket.recv_fds(control, REQUEST, 4)
            if not request:
                for pid in running:
                    os.kill(pid, signal.SIGKILL)
                return False
            pid = os.fork()
            if pid == 0:
                _become(json.loads(request), passed)
                return True
            for each in passed[:3]:
                os.close(each)
            running[pid] = passed[3]
            control.send(str(pid).encode())


def _bury(running: dict[int, int]) -> None:
    for pid, tell in list(running.items()):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            with suppress(BrokenPipeError):  # nobody wants to know
                os.write(tell, STATUS.pack(status))
            os.close(tell)
            del running[pid]


def _become(request: dict[str, Any], passed: list[int]) -> None:
    """Be as a program that was just started."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number, each in enumerate(passed[:3]):
        os.dup2(each, number)
    os.closerange(3, max(passed) + 64)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    sys.argv = ["dirbridge", *request["words"]]
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", buffering=1 if os.isatty(1) else -1, closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", buffering=1, closefd=False)  # noqa: SIM115


if __name__ == "__main__":
    gc.disable()
    for name in LOADED:
        import_module(name)
    gc.freeze()
    gc.enable()
    if _fork_for(socket.socket(fileno=int(sys.argv[1]))):
        from gateway.cli import main

        main()
