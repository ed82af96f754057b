"""``dirbridge`` as a process of its own that does not import everything again: forked from one that has it all.

Importing is nine tenths of what a verb costs, and the tests start some hundreds. What is under test is the same: words,
folder, environment, standard streams, signals and exit code are a process's own, and ``gateway.cli`` is imported by it,
since that looks at the terminal. How a start from nothing goes is shown where ``PROGRAM`` itself is run: the first
tutorial, the examples, the demonstration, ``tests/cli/test_start.py``.
"""

import atexit
import gc
import json
import os
import secrets
import select
import shutil
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
_opening = threading.Lock()
_addresses: list[str] = []
_folders: list[Path] = []


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


def start(words: list[str], cwd: Path, streams: Streams, env: Mapping[str, str], address: str = "") -> Warm:
    """Start ``dirbridge`` with these words. :param streams: standard input, output and error."""
    request = json.dumps({"words": words, "cwd": str(cwd), "env": dict(env)}).encode()
    assert len(request) < REQUEST
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as origin:
        origin.connect(address or _address())
        socket.send_fds(origin, [request], [each if isinstance(each, int) else each.fileno() for each in streams])
        return Warm(int(origin.recv(32)), origin.detach())


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


def on_path() -> Path:
    """A folder to begin a ``PATH`` with: the ``dirbridge`` in it starts one of these, hands signals on, ends as it."""
    address = _address()
    with _opening:
        if not _folders:
            folder = Path(tempfile.mkdtemp(prefix="dirbridge-warm-"))
            atexit.register(shutil.rmtree, folder)
            lines = (f"#!{sys.executable} -I", "import sys", f"sys.path.insert(0, {str(ROOT)!r})")
            last = ("from tests.warm import stand_in", f"stand_in({address!r})")
            (folder / "dirbridge").write_text("\n".join((*lines, *last)))
            (folder / "dirbridge").chmod(0o755)
            _folders.append(folder)
        return _folders[0]


def stand_in(address: str) -> None:
    """Be that ``dirbridge``."""
    process = start(sys.argv[1:], Path.cwd(), (0, 1, 2), os.environ, address)

    def hand_on(which: int, _frame: object) -> None:
        with suppress(ProcessLookupError):
            os.kill(process.pid, which)

    for which in (signal.SIGTERM, signal.SIGINT):
        signal.signal(which, hand_on)
    code = process.wait()
    sys.exit(code if code >= 0 else 128 - code)


def _address() -> str:
    """Where the process listens that others are forked from. Starts it if need be; it ends with this one."""
    with _opening:
        if _addresses:
            return _addresses[0]
        address = f"\0dirbridge-warm-{secrets.token_hex(8)}"
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
            listening.bind(address)
            listening.listen(64)
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.warm", str(listening.fileno())],
                cwd=ROOT, pass_fds=[listening.fileno()], stdin=subprocess.PIPE,
            )  # fmt: skip
        atexit.register(process.communicate, timeout=30)
        _addresses.append(address)
        return address


# -------------------------------------------------------------------- in the process that others are forked from


def _fork_for(listening: socket.socket) -> bool:
    """Start what is asked for, until standard input ends. :return: whether this is one of the started."""
    wake, woken = socket.socketpair()
    woken.setblocking(False)
    signal.set_wakeup_fd(woken.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    running: dict[int, int] = {}
    awaited: list[Any] = [0, listening, wake]
    while True:
        ready, _, _ = select.select(awaited, [], [])
        if wake in ready:
            wake.recv(4096)
            _bury(running)
        if 0 in ready:
            for pid in running:
                os.kill(pid, signal.SIGKILL)
            return False
        if listening in ready:
            asking, _ = listening.accept()
            request, streams, _, _ = socket.recv_fds(asking, REQUEST, 3)
            pid = os.fork()
            if pid == 0:
                _become(json.loads(request), streams)
                return True
            for each in streams:
                os.close(each)
            asking.send(str(pid).encode())
            running[pid] = asking.detach()


def _bury(running: dict[int, int]) -> None:
    for pid, tell in list(running.items()):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            with suppress(BrokenPipeError):  # nobody wants to know
                os.write(tell, STATUS.pack(status))
            os.close(tell)
            del running[pid]


def _become(request: dict[str, Any], streams: list[int]) -> None:
    """Be as a program that was just started."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number, each in enumerate(streams):
        os.dup2(each, number)
    os.closerange(3, 1024)
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
