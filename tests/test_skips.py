"""A test whose backend is missing is skipped at home, fails in CI, and is counted aloud in both."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEST = 'import pytest\n\ndef test_needs_it():\n    pytest.skip("backend missing: slapd (Debian package slapd)")\n'
OTHER = 'import pytest\n\ndef test_other():\n    pytest.skip("not on this system")\n'


def run(folder: Path, text: str, ci: str) -> tuple[int, str]:
    (folder / "test_it.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "tests.conftest", str(folder)]
    environment = {**os.environ, "CI": ci, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)
    return done.returncode, done.stdout


@pytest.mark.parametrize(("ci", "code"), [("", 0), ("true", 1)])
def test_a_missing_backend(ci: str, code: int, tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    done, said = run(tmp_path, TEST, ci)
    assert done == code, said
    assert "backend missing: slapd" in said
    assert ("with CI=true every backend is required" in said) == bool(ci)
    assert ("NOT RUN: 1 tests, backend missing: slapd" in said) == (not ci)


def test_any_other_skip_is_just_a_skip(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    assert run(tmp_path, OTHER, "true")[0] == 0
