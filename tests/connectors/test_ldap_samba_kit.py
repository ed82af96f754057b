"""The LDAP connector keeps the contract, on a real Samba domain controller.

Nobody counts its operations, and its passwords have a form of their own: ``test_ldap_samba``.
"""

import unicodedata

import pytest

from connectors.contract import Connector
from connectors.ldap import LdapConnector
from connectors.testing import ContractTests, Specimen
from tests.backends.samba import Samba
from tests.connectors.away import ldap_away
from tests.connectors.ldap_samba import ACCOUNT, ROLE, account, role


def _loose(text: str) -> str:
    """Samba squeezes spaces."""
    return " ".join(part for part in unicodedata.normalize("NFKC", text).split(" ") if part)


class TestKit(ContractTests):
    """The kit with this server's specimen."""

    specimen = Specimen(
        specs={"User": ACCOUNT, "Group": ROLE},
        fill=account,
        fill_group=role,
        name="cn",
        text="employeeNumber",
        loose=_loose,
        unique="userPrincipalName",
        boolean="msNPAllowDialin",
        number="uidNumber",
        many="otherTelephone",
        reference="manager",
        bad=("uidNumber", ("ten",)),
    )

    @pytest.fixture
    def connector(self, domain: Samba) -> Connector:
        return LdapConnector.from_options("test", domain.options)

    @pytest.fixture
    def unreachable(self) -> Connector:
        return ldap_away()
