"""Scope and protection also hold for what a request sets going in other objects (semantics, rules 5, 18 and 25)."""

from pathlib import Path

import pytest

from gateway.mapping.compiled import parse_filter
from gateway.provisioning.model import Search
from tests.provisioning.site import mapping_text, site

pytestmark = pytest.mark.anyio

PROTECTED = """protect = ['target:admincount eq "1"']"""
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
ROLE = '[user.set]\nrole = { by_group = [["Admins", "admin"]], else = "viewer" }\n'


async def test_a_reference_that_waited_is_not_written_into_what_is_protected_by_now(tmp_path: Path) -> None:
    """And whoever it waited for is created all the same: its own request is not refused."""
    async with site(tmp_path, mapping_text(user=PROTECTED)) as here:
        ann = await here.post({"userName": "ann", ENTERPRISE: {"manager": {"value": "e-boss"}}})
        await here.touch(ann["id"], admincount="1")
        boss = await here.post({"userName": "boss", "externalId": "e-boss"})
        assert boss["userName"] == "boss"
        assert "boss" not in here.entry(ann["id"])


async def test_nobody_who_waited_joins_a_group_that_is_protected_by_now(tmp_path: Path) -> None:
    text = mapping_text(members='when_inactive = "hold"', group=PROTECTED)
    async with site(tmp_path, text) as here:
        ann = (await here.post({"userName": "ann", "active": False}))["id"]
        team = (await here.post({"displayName": "Team"}, "Group"))["id"]
        await here.add(team, ann)
        await here.touch(team, "Group", admincount="1")
        await here.patch(ann, {"active": True})
        assert (await here.get(ann))["active"] is True
        assert here.members(team) == set()


async def test_the_role_of_a_protected_user_follows_no_group(tmp_path: Path) -> None:
    async with site(tmp_path, mapping_text(user=PROTECTED, rows=ROLE)) as here:
        ann = (await here.post({"userName": "ann"}))["id"]
        admins = (await here.post({"displayName": "Admins"}, "Group"))["id"]
        await here.touch(ann, admincount="1")
        await here.add(admins, ann)
        assert here.entry(ann)["role"] == ("viewer",)


async def test_who_is_deleted_is_not_taken_out_of_a_group_that_is_protected_by_now(tmp_path: Path) -> None:
    async with site(tmp_path, mapping_text(group=PROTECTED)) as here:
        ann = (await here.post({"userName": "ann"}))["id"]
        team = (await here.post({"displayName": "Team", "members": [{"value": ann}]}, "Group"))["id"]
        await here.touch(team, "Group", admincount="1")
        await here.delete(ann)
        assert here.members(team) == {ann}


async def test_who_waited_and_is_gone_by_now_does_not_spoil_the_arrival(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann = await here.post({"userName": "ann", ENTERPRISE: {"manager": {"value": "e-boss"}}})
        here.memory.store["User"].pop(ann["id"])
        here.clock.forward(3600)
        assert (await here.post({"userName": "boss", "externalId": "e-boss"}))["userName"] == "boss"


@pytest.mark.parametrize("by", ["groups.value", "groups", "groups.display", "groups[value eq]"])
async def test_rule_5_a_filter_does_not_tell_who_is_in_a_group_outside_the_scope(tmp_path: Path, by: str) -> None:
    async with site(tmp_path, mapping_text(group="scope = 'displayName sw \"Team\"'")) as here:
        ann = (await here.post({"userName": "ann"}))["id"]
        other = here.connect("other", text=mapping_text())
        secret = (await other.create("Group", {"displayName": "Secret", "members": [{"value": ann}]}))["id"]
        assert "groups" not in await here.get(ann)
        texts = {
            "groups.value": f'groups.value eq "{secret}"',
            "groups": "groups pr",
            "groups.display": 'groups.display eq "Secret"',
            "groups[value eq]": f'groups[value eq "{secret}"]',
        }
        found = await here.provisioner.search(Search(types=("User",), filter=parse_filter(texts[by])))
        assert (found.total, list(found.resources)) == (0, [])


@pytest.mark.parametrize("text", ['password eq "hunter2"', "password pr", 'password sw "h"', 'password co "u"'])
async def test_a_filter_does_not_tell_a_password(tmp_path: Path, text: str) -> None:
    async with site(tmp_path) as here:
        await here.post({"userName": "ann", "password": "hunter2"})
        found = await here.provisioner.search(Search(types=("User",), filter=parse_filter(text)))
        assert found.total == 0
