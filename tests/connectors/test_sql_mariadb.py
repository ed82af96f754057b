"""The SQL connector on a private MariaDB proves the contract."""

from collections.abc import Callable

import pytest

from connectors.sql import SqlConnector
from connectors.testing import ContractTests
from tests.connectors.counting import counted
from tests.connectors.foreign import FOREIGN, Foreign
from tests.connectors.specimens import SPECIMEN


class TestMariadb(ContractTests):
    specimen = SPECIMEN

    @pytest.fixture
    def connector(self, mariadb_url: str) -> SqlConnector:
        return SqlConnector.from_options("test", {"url": mariadb_url})

    @pytest.fixture
    def unreachable(self) -> SqlConnector:
        return SqlConnector.from_options("test", {"url": "mariadb://gateway@127.0.0.1:1/app", "timeout": 5})

    @pytest.fixture
    def operations(self, connector: SqlConnector) -> Callable[[], int]:
        return counted(connector)


class TestForeignMariadb(ContractTests):
    specimen = FOREIGN

    @pytest.fixture
    def connector(self, mariadb_url: str) -> SqlConnector:
        return Foreign(mariadb_url).connector()

    @pytest.fixture
    def unreachable(self) -> SqlConnector:
        return SqlConnector.from_options("away", {"url": "mariadb://gateway@127.0.0.1:1/app", "timeout": 5})
