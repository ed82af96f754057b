"""scim2-server's storage contract on our storage, over real provisioning and SQLite."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from scim2_models import ScimProvider
from scim2_server.storage import AsyncScimStorage, ScimStorage
from scim2_server.testing import AsyncScimStorageContract, BlockingStorage

from tests.scim.wire import endpoint


class TestStorageContract(AsyncScimStorageContract):
    """All of it, in one event loop a test."""

    @pytest.fixture
    def runner(self) -> Iterator[asyncio.Runner]:
        with asyncio.Runner() as runner:
            yield runner

    @pytest.fixture
    def built(self, tmp_path: Path, runner: asyncio.Runner) -> Iterator[AsyncScimStorage]:
        async def open_endpoint() -> tuple[object, AsyncIterator[object]]:
            context = endpoint(tmp_path)
            return await context.__aenter__(), context  # type: ignore[return-value]

        app, context = runner.run(open_endpoint())
        self.service = app.service  # type: ignore[attr-defined]
        yield app.handler.storage  # type: ignore[attr-defined]
        runner.run(context.__aexit__(None, None, None))  # type: ignore[attr-defined]

    @pytest.fixture
    def async_storage(self, built: AsyncScimStorage) -> AsyncScimStorage:
        return built

    @pytest.fixture
    def storage(self, built: AsyncScimStorage, runner: asyncio.Runner) -> ScimStorage:
        return BlockingStorage(built, runner)

    @pytest.fixture
    def provider(self, built: AsyncScimStorage) -> ScimProvider:
        return self.service.provider  # type: ignore[no-any-return]
