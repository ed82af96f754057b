"""The LDAP connector keeps the contract, on a real slapd: over TLS, in the clear, and without the optional controls."""

from collections.abc import Callable
from typing import Any

import pytest

from connectors.contract import Connector
from connectors.entry import Attributes
from connectors.ldap import LdapConnector
from connectors.ldap.controls import NAMES
from connectors.testing import ContractTests, Specimen
from tests.backends.slapd import Slapd
from tests.connectors.away import ldap_away
from tests.connectors.ldap_mapping import GROUP, USER


def _person(n: int) -> Attributes:
    return {
        "uid": (f"person{n}",),
        "cn": (f"Person {n}",),
        "sn": (f"Number {n}",),
        "@parent": ("ou=people,{base}",),
    }


def _squeezed(text: str) -> str:
    """caseIgnoreMatch: surrounding spaces are nothing, several are one (RFC 4518 §2.6.1)."""
    return " ".join(part for part in text.split(" ") if part)


class Kit(ContractTests):
    """The kit with this connector's specimen."""

    specimen = Specimen(
        specs={"User": USER, "Group": GROUP},
        fill=_person,
        fill_group=lambda n: {"cn": (f"group {n}",), "@parent": ("ou=groups,{base}",)},
        name="uid",
        text="description",
        loose=_squeezed,
        unique="uid",
        boolean="testFlag",
        number="testNumber",
        many="title",
        reference="secretary",  # which the test directory does not look after by itself
        secret="userPassword",
        bad=("mail", ("not ascii: ü",)),
    )

    @pytest.fixture
    def connector(self, directory: Slapd) -> Connector:
        return LdapConnector.from_options("test", {**directory.options, **self.target(directory)})

    @pytest.fixture
    def unreachable(self) -> Connector:
        return ldap_away("ldap")

    @pytest.fixture
    def operations(self, directory: Slapd) -> Callable[[], int]:
        return directory.asked

    def target(self, directory: Slapd) -> dict[str, Any]:
        """Options beside the usual ones."""
        return {}


class TestInTheClear(Kit):
    """Loopback, all controls."""


class TestOverTls(Kit):
    """LDAPS, verified by the tests' own authority."""

    def target(self, directory: Slapd) -> dict[str, Any]:
        return {"urls": [directory.ldaps_url], "ca": directory.ca_file}


class TestWithoutControls(Kit):
    """A server that offers none of the optional controls."""

    def target(self, directory: Slapd) -> dict[str, Any]:
        return {"avoid": sorted(NAMES)}
