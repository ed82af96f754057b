"""Fixtures that every room's tests share."""

import pytest


@pytest.fixture
def anyio_backend() -> str:
    """Asyncio is what uvicorn runs, so it is what the tests run."""
    return "asyncio"
