"""A server of the tests' own: a process on a loopback port, frozen, killed and started again at will.

The one place where the processes of all backends are started, awaited and ended.
"""

import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.backends.ports import lasting_ports

DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of prctl(2)"""
PATIENCE = 60
"""seconds to wait for a server that starts"""


class Served:
    """One process in ``folder``. Subclasses say its command, and may say when it is up and who runs it.

    :param port: where it listens; none: a port that stays free while it is down.
    """

    name = "server"
    user: str | None = None
    """whom root lends it to, where it refuses to run as root"""
    death: signal.Signals = signal.SIGKILL
    """what the kernel sends it when we end"""
    gently: signal.Signals = signal.SIGTERM
    """what ends it in good order"""

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.folder = folder
        self.port = port or lasting_ports(1)[0]
        self.log = folder / "server.log"
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> Sequence[str]:
        """The command that starts it in the foreground."""
        raise NotImplementedError

    def environment(self) -> Mapping[str, str]:
        return os.environ

    def answers(self) -> bool:
        """Whether it is up: somebody listens."""
        return listens("127.0.0.1", self.port)

    @property
    def address(self) -> str:
        """Where it speaks HTTP."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start, and wait until it answers. Does nothing where it runs."""
        if self.running:
            return
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment(),
                preexec_fn=_dying_with_us(self.death),
                **self.identity(),
            )
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.running:
            if self.answers():
                return
            time.sleep(0.02)
        raise RuntimeError(f"{self.name} did not start: {self.log.read_text(errors='replace')[-3000:]}")

    def kill(self) -> None:
        """End it as a crash does, nothing said to anybody."""
        self._end(signal.SIGKILL, everybody=True)

    def stop(self) -> None:
        """End it in good order."""
        self.resume()
        self._end(self.gently)

    def restart(self) -> None:
        """Start it on the same ports and content, ending it first if it runs."""
        self.stop()
        self.start()

    def awake(self) -> None:
        """See that it runs, whatever a test did to it."""
        self.resume()
        self.start()

    def close(self) -> None:
        """The tests need it no more."""
        self.kill()

    def pause(self) -> None:
        """Freeze it: connections stay open, nothing is answered."""
        assert self._process is not None
        assert self.running
        self._signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WNOWAIT)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        self.pause()
        try:
            yield
        finally:
            self.resume()

    # ---------------------------------------------------------------- within

    def identity(self) -> dict[str, Any]:
        """As whom it runs, for ``subprocess``."""
        return {"user": self.user, "group": self.user, "extra_groups": []} if self.user and not os.geteuid() else {}

    def children(self) -> list[int]:
        """Processes of its own, which are frozen and killed with it."""
        return []

    def _signal(self, what: signal.Signals) -> None:
        if self._process is not None and self.running:
            for pid in (self._process.pid, *self.children()):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, what)

    def _end(self, how: signal.Signals, everybody: bool = False) -> None:
        if self._process is None:
            return
        if self.running:
            for pid in (*(self.children() if everybody else ()), self._process.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, how)
        self._process.wait(30)
        self._process = None


S = TypeVar("S", bound=Served)


@contextlib.contextmanager
def alive(server: S) -> Iterator[S]:
    """Start a server, and end it afterwards."""
    try:
        server.start()
        yield server
    finally:
        server.close()


@contextlib.contextmanager
def near_folder(prefix: str) -> Iterator[Path]:
    """A folder with a short path, which others may enter: sockets bound the length of theirs."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def require(what: str, how: str, found: bool) -> None:
    """Skip where a backend is not installed; in CI that is a failure (``tests/conftest.py``)."""
    if not found:
        pytest.skip(f"backend missing: {what} ({how})")


def listens(host: str, port: int) -> bool:
    """Whether somebody listens there."""
    with contextlib.suppress(OSError), socket.create_connection((host, port), 1):
        return True
    return False


def _dying_with_us(what: signal.Signals) -> Callable[[], None]:
    """Have the kernel end the server with us, however we end; called in the child, after its user was changed."""
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(DEATH_SIGNAL, what)
