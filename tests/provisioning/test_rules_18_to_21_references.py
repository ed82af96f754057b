"""Single references to somebody who goes for a while, for good, or to another entry (rules 1, 18, 20, 21, 24)."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from connectors.entry import Ref
from gateway.provisioning.model import ANY
from gateway.provisioning.operations import updating
from tests.provisioning.site import Site, mapping_text, replacing, site

pytestmark = pytest.mark.anyio

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
VANISHING = mapping_text(lifecycle='deactivate = "delete"\ndelete = "delete"')
_ROW = 'userName          = { attr = "uid", via = ["trim", "lower"], required = true'
RECREATING = mapping_text(lifecycle='delete = "delete"').replace(_ROW, _ROW + ', immutable = "recreate"')
BOSS = {"userName": "boss", "externalId": "e-boss", "active": True}


async def staff(here: Site, named: str = "id") -> tuple[str, str]:
    """A manager and somebody who reports to them."""
    boss: str = (await here.post(BOSS))["id"]
    value = boss if named == "id" else "e-boss"
    ann = await here.post({"userName": "ann", "externalId": "e-ann", ENTERPRISE: {"manager": {"value": value}}})
    return boss, ann["id"]


async def manager(here: Site, id: str) -> Any:
    return (await here.get(id)).get(ENTERPRISE, {}).get("manager", {}).get("value")


@pytest.mark.parametrize("named", ["id", "externalId"])
@pytest.mark.parametrize("returns", ["patch", "post"])
async def test_rule_21_a_manager_without_an_entry_is_shown_and_set_again(
    tmp_path: Path, named: str, returns: str
) -> None:
    async with site(tmp_path, VANISHING, chooses=False) as here:
        boss, ann = await staff(here, named)
        await here.patch(boss, {"active": False})
        assert "boss" not in here.entry(ann)
        assert await manager(here, ann) == boss
        await here.put(ann, {"userName": "ann", "externalId": "e-ann", ENTERPRISE: {"manager": {"value": boss}}})
        assert await manager(here, ann) == boss
        if returns == "patch":
            await here.patch(boss, {"active": True})
        else:
            assert (await here.post(BOSS))["id"] == boss
        (anchor,) = set(here.entries()) - {ann}
        assert anchor != boss
        assert here.entry(ann)["boss"] == (Ref(anchor),)
        assert await manager(here, ann) == boss


async def test_rule_18_a_manager_named_while_without_an_entry_arrives_with_it(tmp_path: Path) -> None:
    async with site(tmp_path, VANISHING, chooses=False) as here:
        boss = (await here.post(BOSS))["id"]
        await here.patch(boss, {"active": False})
        ann = (await here.post({"userName": "ann", ENTERPRISE: {"manager": {"value": boss}}}))["id"]
        await here.patch(boss, {"active": True})
        (anchor,) = set(here.entries()) - {ann}
        assert here.entry(ann)["boss"] == (Ref(anchor),)


async def test_rule_20_after_a_delete_no_reference_is_left(tmp_path: Path) -> None:
    async with site(tmp_path, VANISHING) as here:
        boss, ann = await staff(here)
        await here.patch(boss, {"active": False})
        await here.delete(boss)
        assert await manager(here, ann) is None
        assert "boss" not in here.entry(ann)
        assert await here.ledger.special(here.provisioner.grounds["User"].scope) == []
        await here.post({**BOSS, "externalId": "another"})
        assert await manager(here, ann) is None


async def test_a_reference_that_somebody_else_changed_does_not_come_back(tmp_path: Path) -> None:
    async with site(tmp_path, VANISHING) as here:
        boss, ann = await staff(here)
        other = (await here.post({"userName": "other"}))["id"]
        await here.touch(ann, boss=Ref(other))
        await here.patch(boss, {"active": False})
        assert await manager(here, ann) == other
        await here.patch(boss, {"active": True})
        assert await manager(here, ann) == other


async def test_a_reference_survives_a_crash_while_the_entry_goes(tmp_path: Path) -> None:
    async with site(tmp_path, VANISHING, chooses=False) as here:
        boss, ann = await staff(here)
        here.weather.coming = ["crash after"]
        with pytest.raises(asyncio.CancelledError):
            await here.patch(boss, {"active": False})
        here.restarted()
        await here.worker().recover()
        await here.later()
        assert await manager(here, ann) == boss
        await here.patch(boss, {"active": True})
        (anchor,) = set(here.entries()) - {ann}
        assert here.entry(ann)["boss"] == (Ref(anchor),)


@pytest.mark.parametrize("way", ["disable", "delete"])
async def test_rule_24_a_new_entry_takes_references_and_memberships_along(tmp_path: Path, way: str) -> None:
    text = RECREATING.replace('delete = "delete"', f'delete = "{way}"')
    async with site(tmp_path, text, chooses=False) as here:
        boss, ann = await staff(here)
        team = (await here.post({"displayName": "Team", "members": [{"value": boss}]}, "Group"))["id"]
        before = set(here.entries())
        await here.patch(boss, {"userName": "chief"})
        (anchor,) = set(here.entries()) - before
        assert here.entry(ann)["boss"] == (Ref(anchor),)
        assert await manager(here, ann) == boss
        assert anchor in here.members(team)
        assert [each["value"] for each in (await here.get(team, "Group"))["members"]] == [boss]


RETURNS = {
    "again": (VANISHING, {"active": False}, {"active": True}),
    "anew": (RECREATING, {"title": "Chief"}, {"userName": "chief"}),
}


@pytest.mark.parametrize("how", RETURNS)
async def test_a_crash_after_a_return_loses_neither_references_nor_memberships(tmp_path: Path, how: str) -> None:
    """What follows a confirmed return is found again in the ledger."""
    text, before, after = RETURNS[how]
    async with site(tmp_path, text, chooses=False) as here:
        boss, ann = await staff(here)
        team = (await here.post({"displayName": "Team", "members": [{"value": boss}]}, "Group"))["id"]
        await here.patch(boss, before)
        old = set(here.entries())
        users = here.provisioner.grounds["User"]
        await updating.update(users, boss, updating.patched(replacing(after)), ANY)  # and the gateway ends here
        (anchor,) = set(here.entries()) - old
        assert here.members(team) == set()
        here.restarted()
        await here.worker().admit()
        assert here.members(team) == {anchor}
        assert here.entry(ann)["boss"] == (Ref(anchor),)
