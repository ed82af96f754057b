"""A server of the tests' own: a process on a loopback port, frozen, killed and started again at will."""

import contextlib
import ctypes
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.backends.ports import lasting_ports

DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of prctl(2)"""


class Served:
    """One process. ``{port}`` in the command stands for the port."""

    def __init__(self, command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.port = lasting_ports(1)[0]
        self.command = [part.replace("{port}", str(self.port)) for part in command]
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, patience: float = 60) -> None:
        """Start, and wait until somebody listens. Does nothing where it runs."""
        if self._process is not None and self._process.poll() is None:
            return
        with (self.folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self._environment,
                preexec_fn=_die_with_parent,
            )
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline and self._process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.05)
        raise RuntimeError(f"it did not start: {(self.folder / 'output').read_text(errors='replace')[-2000:]}")

    def kill(self) -> None:
        """End it as a crash does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(30)
            self._process = None

    def pause(self) -> None:
        """Freeze it: connections stay open, and nothing answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, what: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(what)


def _die_with_parent() -> None:
    """Have the kernel end the server with us, however we end."""
    ctypes.CDLL(None).prctl(DEATH_SIGNAL, signal.SIGKILL)
