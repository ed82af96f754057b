"""The example plugin is found through its entry point, and its own tests pass."""

import importlib
import os
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from connectors.contract import Connector

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "connector-plugin"


def test_the_entry_point_leads_to_a_connector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLE))
    declared = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]["entry-points"]
    (name, value), *others = declared["dirbridge.connectors"].items()
    assert not others
    kind = EntryPoint(name, value, "dirbridge.connectors").load()
    assert isinstance(kind.from_options("people", {"path": "people.json"}), Connector)
    assert f'kind = "{name}"' in (EXAMPLE / "README.md").read_text()
    importlib.invalidate_caches()


def test_its_own_tests_pass() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(EXAMPLE), str(EXAMPLE)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(EXAMPLE)])}
    done = subprocess.run(command, cwd=EXAMPLE, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert " passed" in done.stdout
