"""Workrooms to provision into: one process for each kind of database, empty for each test."""

from collections.abc import Iterator

import pytest

from tests.backends.postgres import Postgres
from tests.backends.workroom import TOKEN, Workroom, running

WAYS = ["rest", "sql-sqlite", "sql-postgresql"]
"""how the application is provisioned: through its API, or into its tables"""


@pytest.fixture(scope="session")
def _on_postgresql(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workroom]:
    with running(tmp_path_factory.mktemp("workroom"), postgres.database()) as room:
        yield room


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    """Every test with this fixture runs once for each way."""
    return str(request.param)


@pytest.fixture
def room(way: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Workroom:
    """An empty application, running."""
    monkeypatch.setenv("WORKROOM_TOKEN", TOKEN)
    found: Workroom = request.getfixturevalue("_on_postgresql" if way == "sql-postgresql" else "workroom")
    found.clear()
    return found
