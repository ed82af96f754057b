"""The JSON file proves the contract: this is all the test that a connector needs."""

from pathlib import Path

import pytest
from dirbridge_jsonfile import JsonFileConnector

from connectors.contract import CollectionSpec
from connectors.testing import ContractTests, Specimen

ATTRIBUTES = frozenset({"login", "title", "enabled", "tags", "token"})


class TestJsonFile(ContractTests):
    specimen = Specimen(
        specs={"User": CollectionSpec("User", "id", attributes=ATTRIBUTES, secrets=frozenset({"token"}))},
        fill=lambda n: {"login": (f"person{n}",)},
        name="login",
        text="title",
        boolean="enabled",
        many="tags",
        secret="token",
    )

    @pytest.fixture
    def connector(self, tmp_path: Path) -> JsonFileConnector:
        return JsonFileConnector.from_options("test", {"path": str(tmp_path / "people.json")})

    @pytest.fixture
    def unreachable(self, tmp_path: Path) -> JsonFileConnector:
        return JsonFileConnector.from_options("test", {"path": str(tmp_path / "no such folder" / "people.json")})
