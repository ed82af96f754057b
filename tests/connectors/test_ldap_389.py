"""The LDAP connector keeps the contract, on a real 389 Directory Server."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import ldap3
import pytest

from connectors.contract import Connector
from connectors.entry import MEMBERS, Change, Kind, Ref
from connectors.ldap import LdapConnector
from connectors.ldap.messages import Control, Response
from connectors.ldap.pool import Link
from connectors.testing import ContractTests, Specimen
from tests.backends.ds389 import Ds389
from tests.connectors.away import ldap_away
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
        return ldap_away()

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


@pytest.mark.anyio
async def test_members_are_changed_by_what_is_named_alone(directory_389: Ds389) -> None:
    """A replace of the whole list would take 6 seconds for 3,000, and lose whom somebody else added meanwhile."""
    connector = LdapConnector.from_options("test", directory_389.options)
    collections = connector.collections({"User": USER_389, "Group": GROUP_389})
    people = [
        await collections["User"].create({"uid": (n,), "cn": (n,), "sn": (n,), "@parent": ("ou=people,{base}",)})
        for n in ("ann", "ben", "cat")
    ]
    ann, ben, cat = (Ref(each.id) for each in people)
    staff = {"cn": ("staff",), "@parent": ("ou=groups,{base}",), MEMBERS: (ann,)}
    group = await collections["Group"].create(staff)
    sent: list[bytes] = []
    write = Link.write

    async def beside(link: Link, operation: bytes, controls: Sequence[Control] = ()) -> Response:
        sent.append(operation)
        assert directory_389.raw.modify(group.name, {"member": [(ldap3.MODIFY_ADD, [people[1].name])]})
        return await write(link, operation, controls)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Link, "write", beside)
        await collections["Group"].update(group.id, [Change(Kind.ADD, MEMBERS, (cat,))])
    assert len(sent) == 1
    read = await collections["Group"].read(group.id, frozenset({MEMBERS}))
    assert {each.id for each in read.attributes[MEMBERS] if isinstance(each, Ref)} == {ann.id, ben.id, cat.id}
    await connector.close()
