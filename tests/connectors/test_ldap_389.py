"""The LDAP connector keeps the contract, on a real 389 Directory Server."""

import socket
from collections.abc import Callable
from dataclasses import replace

import pytest

from connectors.contract import Connector
from connectors.ldap import LdapConnector
from connectors.testing import ContractTests, Specimen
from tests.backends.ds389 import Ds389
from tests.connectors.ldap_mapping import GROUP, USER
from tests.connectors.test_ldap_kit import Kit as OpenLdapKit

_ABSENT = {"pwdAccountLockedTime", "testAscii", "testBytes"}
USER_389 = replace(USER, anchor="nsUniqueId", attributes=USER.attributes - _ABSENT | {"nsAccountLock"})
GROUP_389 = replace(GROUP, anchor="nsUniqueId", members={"attr": "member", "ref": "user"})


class TestKit(ContractTests):
    """The kit with this server's specimen."""

    specimen: Specimen = replace(
        OpenLdapKit.specimen,
        specs={"User": USER_389, "Group": GROUP_389},
    )

    @pytest.fixture
    def connector(self, directory_389: Ds389) -> Connector:
        return LdapConnector.from_options("test", directory_389.options)

    @pytest.fixture
    def unreachable(self) -> Connector:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            port = unused.getsockname()[1]
        return LdapConnector.from_options("away", {"urls": [f"ldaps://127.0.0.1:{port}"], "base": "dc=example"})

    @pytest.fixture
    def operations(self, directory_389: Ds389) -> Callable[[], int]:
        return directory_389.asked


@pytest.mark.anyio
async def test_a_server_that_counts_no_versions_is_found_out(directory_389: Ds389) -> None:
    """The plug-in USN is off by default; an attribute that is not there looks the same."""
    connector = LdapConnector.from_options("test", directory_389.options)
    users = connector.collections({"User": USER_389, "Group": GROUP_389})["User"]
    ann = await users.create({"uid": ("ann",), "cn": ("Ann",), "sn": ("Lee",), "@parent": ("ou=people,{base}",)})
    assert ann.version is not None
    assert ann.version.partition("@")[2], "two servers count by themselves"
    lacking = replace(USER_389, version="carLicense")
    for spec, expected in ((USER_389, 0), (lacking, 1)):
        findings = await connector.check({"User": spec})
        assert sum("no version" in each.message for each in findings) == expected
    await connector.close()
