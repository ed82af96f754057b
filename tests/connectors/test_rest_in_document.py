"""Members that stand in the document of the group: read, changed, and written back with If-Match."""

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from connectors.contract import Connector, Reference
from connectors.entry import MEMBERS
from connectors.rest import RestConnector
from connectors.testing import failures
from connectors.testing.membership import MemberTests
from connectors.testing.writing import WriteTests
from tests.backends.scim_server import ScimServer
from tests.connectors.test_rest_scim import SPECS
from tests.connectors.test_rest_scim import TestScim as Scim

GROUP = replace(
    SPECS["Group"],
    members={"ref": "user", "attr": "members", "value": "value"},
    references={MEMBERS: Reference(("User",), {"User": ("displayName",)})},
)
SPECIMEN = replace(Scim.specimen, specs={**SPECS, "Group": GROUP})
MEMBER_TESTS = [name for name, _ in inspect.getmembers(MemberTests, inspect.iscoroutinefunction)]


@pytest.fixture
def opening(scim_server: ScimServer) -> Callable[[], Any]:
    def anew() -> tuple[Connector, None, None]:
        scim_server.clear()
        return RestConnector.from_options("test", scim_server.options()), None, None

    return anew


def test_members_keep_the_contract(opening: Callable[[], Any]) -> None:
    assert len(MEMBER_TESTS) > 8
    assert failures(MemberTests(), SPECIMEN, opening, MEMBER_TESTS) == {}


def test_an_update_of_members_is_all_or_nothing(opening: Callable[[], Any]) -> None:
    only = ["test_an_unknown_member_refuses_the_whole_update", "test_a_group_with_an_unknown_member_is_not_created"]
    assert failures(WriteTests(), SPECIMEN, opening, only) == {}
