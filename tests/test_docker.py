"""The Dockerfile, which is not built here: a linter's opinion, and the promises it makes."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "Dockerfile").read_text()
STAGES = re.split(r"^(?=FROM )", TEXT, flags=re.MULTILINE)[1:]
LINTER = Path(sys.executable).parent / "hadolint"


def lint(text: str) -> str:
    if not LINTER.exists():
        pytest.skip("hadolint is published for Linux on x86-64 only")
    done = subprocess.run([LINTER, "--no-color", "-"], input=text, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_the_linter_finds_nothing() -> None:
    assert lint(TEXT) == ""


def test_the_linter_would_find_something() -> None:
    assert "DL3007" in lint(TEXT.replace("python:3.12-slim-bookworm", "python:latest"))


def test_it_is_slim_locked_and_nobody_in_particular() -> None:
    build, final = STAGES
    assert "--require-hashes -r requirements.lock" in build
    assert "pip" not in final
    assert "-slim" in final.splitlines()[0]
    assert re.search(r"^USER (?!0|root)", final, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK ", final, re.MULTILINE)


def test_what_it_copies_is_there_and_let_through() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {name for line in re.findall(r"^COPY (?!--)(.+) \S+$", TEXT, re.MULTILINE) for name in line.split()}
    assert copied == allowed
    assert all((ROOT / name).exists() for name in copied)


def test_the_command_is_one_that_there_is() -> None:
    dirbridge = shutil.which("dirbridge", path=str(LINTER.parent))
    assert dirbridge is not None
    done = subprocess.run([dirbridge, "serve", "--help"], capture_output=True, text=True, check=False)
    assert "--listen" in done.stdout
