"""Somebody deleted the entry of a live object in the target itself, or restored the target with other ids."""

from pathlib import Path

import pytest
from scim2_models import NotFoundException, UniquenessException

from connectors.entry import MEMBERS
from gateway.provisioning.errors import Unavailable503
from tests.provisioning.site import Site, site

pytestmark = pytest.mark.anyio

ANN = {"userName": "ann", "externalId": "e-ann", "displayName": "Ann"}


async def taken_away(here: Site, id: str) -> None:
    """The entry goes, with its memberships, and nobody tells the gateway."""
    for group in here.entries("Group").values():
        group[MEMBERS] = tuple(ref for ref in group.get(MEMBERS, ()) if getattr(ref, "id", None) != id)
    del here.memory.store["User"][id]
    here.clock.forward(60)
    with pytest.raises(NotFoundException):
        await here.get(id)


async def test_who_was_deleted_in_the_target_is_made_again_by_a_post_with_the_same_id(tmp_path: Path) -> None:
    async with site(tmp_path, chooses=False) as here:
        ann = (await here.post(ANN))["id"]
        team = (await here.post({"displayName": "Team", "members": [{"value": ann}]}, "Group"))["id"]
        await taken_away(here, ann)
        again = await here.post(ANN)
        assert (again["id"], again["active"]) == (ann, True)
        (anchor,) = here.entries()
        assert anchor != ann
        assert (await here.get(ann))["displayName"] == "Ann"
        assert here.members(team) == {anchor}, "nobody took back the membership"
        with pytest.raises(UniquenessException, match="externalId"):
            await here.post(ANN)


async def test_an_entry_that_came_back_with_another_id_is_the_same_person(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann = (await here.post({**ANN, "active": False}))["id"]
        await taken_away(here, ann)
        anchor = await here.plant(id="restored", uid="ann", ext="e-ann", name="Ann", state="off")
        again = await here.post({**ANN, "active": False})
        assert again["id"] == ann
        assert list(here.entries()) == [anchor]
        await here.patch(ann, {"title": "Clerk"})
        assert here.entry(anchor)["title"] == ("Clerk",)
        assert (await here.get(ann))["active"] is False


async def test_an_entry_of_somebody_else_is_not_taken_for_the_same_person(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann = (await here.post(ANN))["id"]
        other = here.connect("other")
        await taken_away(here, ann)
        theirs = await other.create("User", {"userName": "ann"})
        with pytest.raises(UniquenessException):
            await here.post(ANN)
        assert here.entry(theirs["id"]).get("ext") is None


async def test_rule_02_who_was_there_a_moment_ago_is_not_made_again(tmp_path: Path) -> None:
    async with site(tmp_path, settle=300.0) as here:
        ann = (await here.post(ANN))["id"]
        del here.memory.store["User"][ann]
        with pytest.raises(Unavailable503):
            await here.post(ANN)
        assert here.entries() == {}
        here.clock.forward(301)
        assert (await here.post(ANN))["id"] == ann


async def test_a_group_that_is_made_again_has_the_members_of_the_post_and_no_claim_on_others(tmp_path: Path) -> None:
    async with site(tmp_path, chooses=False) as here:
        ann, bob = [(await here.post({"userName": name, "externalId": f"e-{name}"}))["id"] for name in ("ann", "bob")]
        body = {"displayName": "Team", "externalId": "g"}
        team = (await here.post({**body, "members": [{"value": ann}, {"value": bob}]}, "Group"))["id"]
        del here.memory.store["Group"][team]
        here.clock.forward(60)
        again = await here.post({**body, "members": [{"value": bob}]}, "Group")
        assert again["id"] == team
        (anchor,) = here.entries("Group")
        assert here.members(anchor) == {bob}
        await taken_away(here, ann)
        assert (await here.post({"userName": "ann", "externalId": "e-ann"}))["id"] == ann
        assert here.members(anchor) == {bob}, "the last word on the group left her out"
