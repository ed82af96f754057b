"""A role that hangs on a group goes with the membership, whatever happens between the two (rule 16; H15)."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.provisioning.errors import Unavailable503
from tests.provisioning.site import Site, mapping_text, site

pytestmark = pytest.mark.anyio

ROLE = '[user.set]\nrole = { by_group = [["Admins", "admin"]], else = "viewer" }\n'
ANN = {"userName": "ann", "externalId": "e-ann"}
CHANGES: dict[str, Callable[[Site, str, str], Awaitable[Any]]] = {
    "remove": lambda here, admins, ann: here.remove(admins, ann),
    "replace": lambda here, admins, ann: here.put(admins, {"displayName": "Admins", "members": []}, "Group"),
    "rename": lambda here, admins, ann: here.patch(admins, {"displayName": "Former admins"}, "Group"),
    "delete": lambda here, admins, ann: here.delete(admins, "Group"),
}


async def admin(here: Site) -> tuple[str, str]:
    ann = (await here.post(ANN))["id"]
    admins = (await here.post({"displayName": "Admins", "members": [{"value": ann}]}, "Group"))["id"]
    assert here.entry(ann)["role"] == ("admin",)
    return admins, ann


@pytest.mark.parametrize("how", CHANGES)
async def test_rule_16_a_role_is_taken_away_after_an_outage(tmp_path: Path, how: str) -> None:
    async with site(tmp_path, mapping_text(rows=ROLE)) as here:
        admins, ann = await admin(here)
        here.weather.coming = ["fine", "before", "before", "before"]
        with pytest.raises(Unavailable503):
            await CHANGES[how](here, admins, ann)
        assert here.entry(ann)["role"] == ("admin",)
        await here.later()
        assert here.entry(ann)["role"] == ("viewer",)
        assert await here.ledger.pending() == []


@pytest.mark.parametrize("how", CHANGES)
async def test_rule_16_a_role_is_taken_away_after_a_crash(tmp_path: Path, how: str) -> None:
    async with site(tmp_path, mapping_text(rows=ROLE)) as here:
        admins, ann = await admin(here)
        here.weather.coming = ["fine", "crash"]
        with pytest.raises(asyncio.CancelledError):
            await CHANGES[how](here, admins, ann)
        here.restarted()
        await here.worker().recover()
        await here.later()
        assert here.entry(ann)["role"] == ("viewer",)
        assert (await here.ledger.pending(), await here.ledger.unsettled()) == ([], [])


async def test_rule_16_nothing_is_owed_once_the_roles_are_right(tmp_path: Path) -> None:
    async with site(tmp_path, mapping_text(rows=ROLE)) as here:
        for how, change in CHANGES.items():
            ann = (await here.post({"userName": how}))["id"]
            admins = (await here.post({"displayName": "Admins", "members": [{"value": ann}]}, "Group"))["id"]
            await change(here, admins, ann)
            assert here.entry(ann)["role"] == ("viewer",)
            assert await here.ledger.pending() == []
            if how in ("remove", "replace"):
                await here.delete(admins, "Group")


async def test_rule_16_an_outage_of_one_change_is_not_forgotten_with_the_next(tmp_path: Path) -> None:
    async with site(tmp_path, mapping_text(rows=ROLE)) as here:
        admins, ann = await admin(here)
        bob = (await here.post({"userName": "bob"}))["id"]
        here.weather.coming = ["fine", "before", "before", "before"]
        with pytest.raises(Unavailable503):
            await here.remove(admins, ann)
        await here.add(admins, bob)
        await here.later()
        assert (here.entry(ann)["role"], here.entry(bob)["role"]) == (("viewer",), ("admin",))


@pytest.mark.parametrize("way", ["delete", "recreate"])
async def test_rule_16_a_role_comes_back_with_the_membership(tmp_path: Path, way: str) -> None:
    row = 'userName          = { attr = "uid", via = ["trim", "lower"], required = true'
    text = mapping_text(rows=ROLE, lifecycle='deactivate = "delete"').replace(row, row + ', immutable = "recreate"')
    async with site(tmp_path, text) as here:
        _, ann = await admin(here)
        if way == "delete":
            await here.patch(ann, {"active": False})
            await here.patch(ann, {"active": True})
        else:
            await here.patch(ann, {"userName": "anna"})
        shown = [held["role"] for held in here.entries().values() if held["state"] == ("on",)]
        assert shown == [("admin",)]


async def test_rule_20_whoever_is_restored_has_no_role_of_the_groups_that_they_left(tmp_path: Path) -> None:
    async with site(tmp_path, mapping_text(rows=ROLE)) as here:
        _, ann = await admin(here)
        await here.delete(ann)
        assert (await here.post(ANN))["id"] == ann
        assert here.entry(ann)["role"] == ("viewer",)
        assert here.entry(ann)["state"] == ("on",)
