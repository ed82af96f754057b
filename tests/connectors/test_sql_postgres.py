"""The SQL connector on a private PostgreSQL proves the contract."""

from collections.abc import Callable

import pytest

from connectors.sql import SqlConnector
from connectors.testing import ContractTests
from tests.connectors.counting import counted
from tests.connectors.specimens import SPECIMEN


class TestPostgres(ContractTests):
    specimen = SPECIMEN

    @pytest.fixture
    def connector(self, postgres_url: str) -> SqlConnector:
        return SqlConnector.from_options("test", {"url": postgres_url})

    @pytest.fixture
    def unreachable(self) -> SqlConnector:
        return SqlConnector.from_options("test", {"url": "postgresql+psycopg://gateway@127.0.0.1:1/app", "timeout": 5})

    @pytest.fixture
    def operations(self, connector: SqlConnector) -> Callable[[], int]:
        return counted(connector)
