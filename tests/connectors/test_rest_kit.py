"""The REST connector keeps the contract, on Workroom (``examples/application``)."""

import pytest

from connectors.contract import Connector
from connectors.entry import Attributes
from connectors.rest import RestConnector
from connectors.testing import ContractTests, Specimen
from tests.backends.workroom import Workroom
from tests.connectors.away import rest_away
from tests.connectors.rest_mapping import GROUP, USER


def _person(n: int) -> Attributes:
    return {"email": (f"person{n}@example.com",), "first_name": (f"Person {n}",), "state": ("active",)}


class TestWorkroom(ContractTests):
    """Cursors, ETags, idempotency keys; teams by Link header."""

    specimen = Specimen(
        specs={"User": USER, "Group": GROUP},
        fill=_person,
        fill_group=lambda n: {"name": (f"team {n}",)},
        name="first_name",
        text="title",
        unique="email",
        boolean="saml_enabled",
        number="logins",
        moment="last_seen",
        many="tags",
        child="emails",
        reference="manager_id",
        secret="password",
        bad=("logins", ("ten",)),
        crowd=45,
    )

    @pytest.fixture
    def connector(self, workroom: Workroom) -> Connector:
        return RestConnector.from_options("test", workroom.options())

    @pytest.fixture
    def unreachable(self) -> Connector:
        return rest_away()
