"""A client of an endpoint over fresh parts."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.scim.wire import Wire, wire


@pytest.fixture
async def tolerant(tmp_path: Path, anyio_backend: str) -> AsyncIterator[Wire]:
    async with wire(tmp_path) as client:
        yield client


@pytest.fixture
async def strict(tmp_path: Path, anyio_backend: str) -> AsyncIterator[Wire]:
    async with wire(tmp_path, dialect="strict") as client:
        yield client
