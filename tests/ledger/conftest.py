"""A ledger on each of its databases."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.ledger import Ledger


@pytest.fixture(params=["file", "memory", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new, empty ledger's URL."""
    if request.param == "postgresql":
        fresh: str = request.getfixturevalue("postgres_url")
        return fresh
    return "sqlite://" if request.param == "memory" else f"sqlite:///{tmp_path}/in/a/folder/ledger.db"


@pytest.fixture(params=["file", "postgresql"])
def durable_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A ledger that outlives its process."""
    if request.param == "postgresql":
        fresh: str = request.getfixturevalue("postgres_url")
        return fresh
    return f"sqlite:///{tmp_path}/ledger.db"


@pytest.fixture
async def ledger(url: str) -> AsyncIterator[Ledger]:
    opened = await Ledger.open(url)
    yield opened
    await opened.close()
