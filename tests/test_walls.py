"""Each wall between the rooms is broken once, in a copy, and seen to fall."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LINT = Path(sys.executable).parent / "lint-imports"
CONTRACTS = [
    contract["name"]
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
]

# contract → the file that breaks it, and how
BREACHES = {
    "Imports run one way": [
        ("gateway/mapping/breach.py", "import gateway.provisioning"),
        ("gateway/scim/breach.py", "import gateway.http"),
        ("gateway/ledger/breach.py", "import gateway.mapping"),
        ("gateway/drawer/__init__.py", ""),
    ],
    "The rooms of the mapping engine run one way": [
        ("gateway/mapping/rows/breach.py", "import gateway.mapping.planning"),
        ("gateway/mapping/drawer.py", ""),
    ],
    "The rooms of provisioning run one way": [
        ("gateway/provisioning/reading/breach.py", "import gateway.provisioning.protocol"),
        ("gateway/provisioning/protocol/breach.py", "import gateway.provisioning.operations"),
    ],
    "Connectors never import the gateway": [("connectors/breach.py", "import gateway.mapping")],
    "Connectors do not know one another": [("connectors/sql/breach.py", "import connectors.ldap")],
    "The gateway knows backends by entry point only": [("gateway/mapping/breach.py", "import connectors.sql")],
    "Only connectors.ldap imports ldap3": [("connectors/breach.py", "import ldap3")],
    "Only connectors.sql and gateway.ledger import SQLAlchemy": [
        ("gateway/scim/breach.py", "import sqlalchemy"),
        ("connectors/ldap/breach.py", "import psycopg"),
    ],
    "Only connectors.rest imports httpx2": [("gateway/app/breach.py", "import httpx2")],
    "Only gateway.scim imports scim2_server": [("gateway/http/breach.py", "import scim2_server")],
    "Below the protocol nobody knows HTTP": [("gateway/provisioning/breach.py", "import starlette.requests")],
    "Only gateway.cli talks to a terminal": [("gateway/config/breach.py", "import rich")],
}


def lint(where: Path) -> str:
    command = [str(LINT), "--no-cache"]
    done = subprocess.run(command, cwd=where, capture_output=True, text=True, check=False, timeout=120)
    return done.stdout + done.stderr


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for package in ("gateway", "connectors"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_wall_is_tried() -> None:
    assert set(BREACHES) == set(CONTRACTS)


def test_the_walls_stand(copy: Path) -> None:
    said = lint(copy)
    assert f"Contracts: {len(CONTRACTS)} kept, 0 broken." in said, said


@pytest.mark.parametrize(
    ("contract", "file", "text"),
    [(contract, *breach) for contract, breaches in BREACHES.items() for breach in breaches],
)
def test_a_broken_wall_is_seen(copy: Path, contract: str, file: str, text: str) -> None:
    (copy / file).parent.mkdir(exist_ok=True)
    (copy / file).write_text(f'"""A breach."""\n\n{text}\n')
    said = lint(copy)
    assert f"{contract} BROKEN" in said, said
