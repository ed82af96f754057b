"""A verb run in this process: a second cheaper than the real command, where only its words and its end matter."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import screen
from gateway.cli.program import program


@dataclass(frozen=True, slots=True)
class Ended:
    """How a verb ended, and what it said."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Shell:
    """Runs verbs in ``cwd``."""

    cwd: Path

    def __call__(self, *words: str, given: str | None = None) -> Ended:
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.cwd)
            patch.delenv("DIRBRIDGE_CONFIG", raising=False)
            patch.setattr(screen.out, "_width", screen.WIDE)
            patch.setattr(screen.err, "_width", screen.WIDE)
            done = CliRunner().invoke(program, list(words), input=given, catch_exceptions=True)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise AssertionError(f"{words} ended in a traceback") from done.exception
        return Ended(done.exit_code, done.stdout, done.stderr)
