"""The memory connector proves the contract."""

from dataclasses import replace

import pytest

from connectors.entry import Change, Kind
from connectors.memory import MemoryConnector
from connectors.testing import ContractTests
from tests.connectors.specimens import SPECIMEN


class TestMemory(ContractTests):
    specimen = replace(SPECIMEN, many="tags", bad=("name", ()))

    @pytest.fixture
    def connector(self) -> MemoryConnector:
        return MemoryConnector(required=["name"])


@pytest.mark.anyio
async def test_times_of_creation_and_change_are_kept_where_asked() -> None:
    user = SPECIMEN.specs["User"]
    spec = replace(
        user, attributes=user.attributes | {"born", "changed"}, options={"created": "born", "modified": "changed"}
    )
    people = MemoryConnector().collections({"User": spec})["User"]
    entry = await people.create({"name": ("Ann",)})
    assert entry.attributes["born"] == entry.attributes["changed"]
    same = await people.update(entry.id, [Change(Kind.REPLACE, "name", ("Ann",))])
    assert same == entry
    later = await people.update(entry.id, [Change(Kind.REPLACE, "name", ("Anna",))])
    assert later is not None
    assert later.attributes["born"] == entry.attributes["born"]
    assert later.attributes["changed"] > entry.attributes["changed"]
