"""The SQL connector on SQLite proves the contract."""

from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.sql import SqlConnector
from connectors.testing import ContractTests
from tests.connectors.counting import counted
from tests.connectors.specimens import SPECIMEN


class TestSqlite(ContractTests):
    specimen = SPECIMEN

    @pytest.fixture
    def connector(self, tmp_path: Path) -> SqlConnector:
        return SqlConnector.from_options("test", {"url": f"sqlite:///{tmp_path}/app.db"})

    @pytest.fixture
    def unreachable(self, tmp_path: Path) -> SqlConnector:
        return SqlConnector.from_options("test", {"url": f"sqlite:///{tmp_path}/no/such/folder/app.db"})

    @pytest.fixture
    def operations(self, connector: SqlConnector) -> Callable[[], int]:
        return counted(connector)


class TestSqliteInMemory(ContractTests):
    specimen = SPECIMEN

    @pytest.fixture
    def connector(self) -> SqlConnector:
        return SqlConnector.from_options("test", {"url": "sqlite://"})
