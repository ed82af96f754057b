"""The REST connector keeps the contract before a SCIM service, with the preset ``scim``."""

from dataclasses import replace

import pytest

from connectors.contract import Connector, Query
from connectors.entry import MEMBERS, Attributes, Change, Kind, Ref
from connectors.filters import Compare, Operator
from connectors.rest import RestConnector
from connectors.testing import ContractTests, Ground, Specimen
from gateway.mapping.compiled import compile_mapping
from gateway.mapping.load import load
from tests.backends.scim_server import ScimServer
from tests.connectors.away import rest_away

ENTERPRISE = '"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"'


def _person(n: int) -> Attributes:
    return {"userName": (f"person{n}",)}


SPECS = {
    name: replace(spec, attributes=frozenset(each for each in spec.attributes if not each.startswith("meta.")))
    for name, spec in compile_mapping(load("scim")).specs.items()
}
"""without the times, which change with everything else"""


class TestScim(ContractTests):
    """This service keeps naming a manager who was deleted; RFC 7643 says nothing of it. Nothing there has
    several values that are not complex."""

    test_a_reference_to_the_deleted_is_not_shown = None
    test_a_reference_to_the_deleted_is_not_to_their_namesake = None

    specimen = Specimen(
        specs=SPECS,
        fill=_person,
        fill_group=lambda n: {"displayName": (f"team {n}",)},
        name="displayName",
        text="title",
        unique="userName",
        boolean="active",
        child="emails",
        reference=f"{ENTERPRISE}.manager.value",
        secret="password",
        bad=("active", ("ten",)),
        crowd=12,
    )

    @pytest.fixture
    def connector(self, scim_server: ScimServer) -> Connector:
        return RestConnector.from_options("test", scim_server.options())

    @pytest.fixture
    def unreachable(self) -> Connector:
        return rest_away()

    async def test_a_value_stays_one_value_within_a_filter(self, ground: Ground) -> None:
        await ground.person(userName='x"y\\z')
        await ground.person()
        for value, number in (('x"y\\z', 1), ('x" or userName pr or userName eq "', 0)):
            page = await ground.people.search(Query(Compare("userName", Operator.EQ, value)))
            assert len(page.entries) == number

    async def test_an_id_stays_one_id_within_a_path(self, ground: Ground) -> None:
        one, two = await ground.persons(2)
        group = await ground.group(one, two)
        wicked = 'x"] or members[value pr or value eq "'
        await ground.groups.update(group.id, [Change(Kind.REMOVE, MEMBERS, (Ref(wicked), Ref(one.id)))])
        assert await ground.members(group) == {two.id}
