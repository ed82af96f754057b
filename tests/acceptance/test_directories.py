"""The directories' presets before the servers they are for: locks that hold, leavers, administrators (H12)."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import ldap3
import pytest

from connectors.errors import Unavailable
from connectors.ldap.messages import Control, Response
from connectors.ldap.pool import Link
from tests.acceptance.ground import Site, gateway, only
from tests.backends.ds389 import Ds389
from tests.backends.samba import Samba
from tests.backends.slapd import Slapd
from tests.journeys.directories import Directory
from tests.journeys.in_389 import In389
from tests.journeys.in_samba import InSamba
from tests.journeys.in_slapd import InSlapd

pytestmark = pytest.mark.anyio
PASSWORD = "Kn0wn-to-her"
ADD_REQUEST = 0x68
"""RFC 4511 §4.7"""
ANN = "ann@example.com"
POSIX = 'format = 1\nextends = "openldap-posix"\n'


@pytest.fixture
async def site(backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Site]:
    directory: Directory
    if backend == "389ds":
        server: Ds389 = request.getfixturevalue("directory_389")
        directory = In389(server)
    elif backend == "samba":
        domain: Samba = request.getfixturevalue("domain")
        directory = InSamba(domain)
    else:
        slapd: Slapd = request.getfixturevalue("directory")
        directory = InSlapd(slapd)
    async with gateway(directory, tmp_path) as found:
        yield found


def samba(site: Site) -> Samba:
    assert isinstance(site.directory, InSamba)
    return site.directory.server


def set_active(value: object) -> dict[str, object]:
    return {"op": "replace", "path": "active", "value": value}


@only("slapd", "389ds", "samba")
async def test_h12_whoever_is_deactivated_cannot_log_in(site: Site) -> None:
    ann = await site.user(password=PASSWORD)
    assert site.directory.logs_in(ANN, PASSWORD)
    await site.patch(f"/Users/{ann}", set_active(False))
    assert site.directory.logs_in(ANN, PASSWORD) is False
    assert (await site.get(f"/Users/{ann}"))["active"] is False
    assert [each["id"] for each in await site.found("Users", "active eq false")] == [ann]
    assert await site.found("Users", "active eq true") == []
    await site.patch(f"/Users/{ann}", {"op": "replace", "path": "password", "value": f"{PASSWORD}-2"})
    assert site.directory.logs_in(ANN, f"{PASSWORD}-2") is False, "a new password opened the account"
    await site.patch(f"/Users/{ann}", set_active(True))
    assert site.directory.logs_in(ANN, f"{PASSWORD}-2")


@only("slapd", "389ds", "samba")
async def test_a_deleted_user_is_in_no_group_and_cannot_log_in(site: Site) -> None:
    ann = await site.user(password=PASSWORD)
    ben = await site.user("ben@example.com")
    await site.group("Staff", ann, ben)
    await site.send("DELETE", f"/Users/{ann}", status=204)
    assert site.directory.logs_in(ANN, PASSWORD) is False
    assert site.members("Staff") == {"ben@example.com"}
    await site.send("GET", f"/Users/{ann}", status=404)


async def test_an_account_of_unix_has_a_number_a_home_and_its_groups(directory: Slapd, tmp_path: Path) -> None:
    async with gateway(InSlapd(directory), tmp_path, whole=POSIX) as site:
        ann = await site.user()
        group = await site.group("staff", ann)
        await site.patch(f"/Users/{ann}", {"op": "replace", "path": "userName", "value": "moss"})
        (held,) = directory.search("(uid=moss)").values()
        assert (held["uidNumber"], held["homeDirectory"], held["loginShell"]) == (
            ["10000"],
            ["/home/ann"],
            ["/bin/bash"],
        )
        (team,) = directory.search("(cn=staff)").values()
        assert (team["gidNumber"], team["memberUid"]) == (["10000"], ["moss"])
        assert [each["value"] for each in (await site.get(f"/Groups/{group}"))["members"]] == [ann]
        await site.send("DELETE", f"/Users/{ann}", status=204)
        (team,) = directory.search("(cn=staff)").values()
        assert "memberUid" not in team


@only("samba")
async def test_a_leaver_is_moved_and_comes_back(site: Site) -> None:
    ann = await site.user()
    await site.send("DELETE", f"/Users/{ann}", status=204)
    term = "(cn=ann@example.com)"
    assert [*samba(site).search(term)] == [f"CN=ann@example.com,OU=disabled,{samba(site).base}"]
    assert await site.user() == ann
    assert [*samba(site).search(term)] == [f"CN=ann@example.com,OU=people,{samba(site).base}"]


@only("samba")
async def test_an_administrator_may_be_read_and_not_changed(site: Site) -> None:
    site.directory.add("user", {"userName": "root@example.com", "active": True})
    dn = f"CN=root@example.com,OU=people,{samba(site).base}"
    assert samba(site).raw.modify(dn, {"adminCount": [(ldap3.MODIFY_REPLACE, ["1"])]})
    root = site.directory.id_of("user", "root@example.com")
    assert (await site.get(f"/Users/{root}"))["userName"] == "root@example.com"
    await site.patch(f"/Users/{root}", set_active(False), status=403)
    await site.send("DELETE", f"/Users/{root}", status=403)
    assert site.users()["root@example.com"]["active"] is True


@only("samba")
async def test_whom_the_idp_gives_no_password_has_one_that_nobody_knows(site: Site) -> None:
    ann = await site.user()
    (held,) = samba(site).search("(cn=ann@example.com)").values()
    assert held["userAccountControl"] == ["512"]
    assert held["pwdLastSet"] != ["0"]
    await site.patch(f"/Users/{ann}", {"op": "replace", "path": "displayName", "value": "Ann"})
    (after,) = samba(site).search("(cn=ann@example.com)").values()
    assert after["pwdLastSet"] == held["pwdLastSet"]


@only("samba")
async def test_a_name_that_windows_does_not_take_is_refused_by_name(site: Site) -> None:
    body = {"userName": "a+b@example.com", "name": {"familyName": "Lee"}}
    answer = (await site.send("POST", "/Users", body, 400)).json()
    assert answer["scimType"] == "invalidValue"
    assert "sAMAccountName" in answer["detail"]
    assert site.users() == {}


@only("samba")
async def test_a_nested_group_is_shown(site: Site) -> None:
    inner = await site.group("Inner", await site.user())
    outer = await site.group("Outer", inner)
    members = (await site.get(f"/Groups/{outer}"))["members"]
    assert [(each["value"], each["type"]) for each in members] == [(inner, "Group")]


@pytest.mark.parametrize("arrives", [True, False])
@only("389ds", "samba")
async def test_a_create_whose_answer_is_lost_is_finished(
    site: Site, arrives: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection ends after the request was sent; whether it arrived is not known."""
    lost: list[bytes] = []
    send = Link.write

    async def write(link: Link, operation: bytes, controls: Sequence[Control] = ()) -> Response:
        if operation[0] != ADD_REQUEST or lost:
            return await send(link, operation, controls)
        lost.append(operation)
        if arrives:
            assert (await send(link, operation, controls)).code == 0
        raise Unavailable("the directory's connection was lost", uncertain=True)

    monkeypatch.setattr(Link, "write", write)
    ann = await site.user(password=PASSWORD)
    assert lost
    assert site.directory.id_of("user", ANN) == ann
    assert site.users()[ANN]["active"] is True
    assert site.directory.logs_in(ANN, PASSWORD)
