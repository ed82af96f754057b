"""The three laws, tried in a process of their own: they take seconds of a processor that a gateway needs for serving.

``python -m gateway.mapping.trial`` takes a mapping file as ``load`` made it on standard input, and answers on standard
output what is wrong with it.
"""

import json
import os
import pickle
import subprocess
import sys

from gateway.mapping.model import MappingFile

NICE = 10
"""how far it stands back behind those who serve"""


class Trial:
    """One trial, which may be given up from another thread."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self.stopped = False

    def broken_laws(self, file: MappingFile) -> list[str]:
        """Return what ``check`` would say of the laws of a file that compiles. Takes seconds.

        :raises RuntimeError: it was given up, or ended without a verdict.
        """
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway.mapping.trial"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is meant for the gateway, which then ends this
        )
        self._process = process
        if self.stopped:
            process.kill()
        out, err = process.communicate(pickle.dumps(file))
        if process.returncode != 0:
            raise RuntimeError(f"the laws of {file.name} could not be tried: {err.decode().strip()[-500:]}")
        found: list[str] = json.loads(out)
        return found

    def stop(self) -> None:
        """Give up."""
        self.stopped = True
        if self._process is not None and self._process.poll() is None:
            self._process.kill()


def _main() -> None:
    from gateway.mapping.check import broken_laws

    os.nice(NICE)
    file = pickle.loads(sys.stdin.buffer.read())  # noqa: S301 - from the process that started this one
    sys.stdout.write(json.dumps([str(message) for message in broken_laws(file)]))


if __name__ == "__main__":
    _main()
