"""What may come between: a worker that is late, a backend that refuses half way (rules 16, 20 and 24)."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from scim2_models import ForbiddenException, NotFoundException, UniquenessException

from connectors.entry import Change, Entry
from connectors.errors import Refused
from gateway.provisioning.errors import Unavailable503
from gateway.provisioning.model import MemberChange
from gateway.provisioning.worker import finish
from tests.provisioning.site import ONCE, Site, mapping_text, site

pytestmark = pytest.mark.anyio

ANN = {"userName": "ann", "externalId": "e-ann"}


async def team(here: Site, name: str, *members: str) -> str:
    body = {"displayName": name, "members": [{"value": id} for id in members]}
    return str((await here.post(body, "Group"))["id"])


def refusing(here: Site, kind: str, what: str) -> None:
    """From now on the backend refuses one entry's changes, as its own access control may."""
    collection = here.provisioner.grounds[kind].collection._collection
    update = collection.update

    async def guarded(id: str, changes: Sequence[Change], expected: str | None = None) -> Entry | None:
        if id == what:
            raise Refused("no rights on this one")
        return await update(id, changes, expected)

    collection.update = guarded  # type: ignore[method-assign]


async def test_rule_16_a_late_worker_deletes_nobody_whom_the_idp_switched_on_again(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann = (await here.post(ANN))["id"]
        here.weather.coming = ["before"] * 3
        with pytest.raises(Unavailable503):
            await here.delete(ann)
        here.clock.forward(3600)
        (due,) = await here.ledger.due(here.clock(), 10)
        await here.patch(ann, {"active": True})
        with pytest.raises(NotFoundException):  # by which the worker knows that nothing is left to do
            await finish(here.provisioner, due)
        assert here.entry(ann)["state"] == ("on",)
        assert (await here.get(ann))["active"] is True


@pytest.mark.parametrize("refused", [0, 1])
async def test_rule_20_one_group_that_refuses_keeps_nobody_in_the_others(tmp_path: Path, refused: int) -> None:
    async with site(tmp_path) as here:
        ann = (await here.post(ANN))["id"]
        groups = sorted([await team(here, "One", ann), await team(here, "Two", ann)])
        refusing(here, "Group", groups[refused])
        with pytest.raises(ForbiddenException):
            await here.delete(ann)
        assert here.entry(ann)["state"] == ("off",)
        assert here.members(groups[1 - refused]) == set()
        assert [line.outcome for line in await here.ledger.audit(resource=ann)][-1] == "refused"


async def test_rule_24_where_the_old_entry_may_not_be_switched_off_no_new_one_is_left(tmp_path: Path) -> None:
    row = 'userName          = { attr = "uid", via = ["trim", "lower"], required = true'
    text = mapping_text(lifecycle='delete = "disable"').replace(row, row + ', immutable = "recreate"')
    async with site(tmp_path, text) as here:
        ann = (await here.post(ANN))["id"]
        group = await team(here, "One", ann)
        refusing(here, "User", ann)
        with pytest.raises(ForbiddenException):
            await here.patch(ann, {"userName": "anna"})
        assert list(here.entries()) == [ann]
        assert here.members(group) == {ann}
        assert (await here.get(ann))["userName"] == "ann"
        assert await here.ledger.unsettled() == []


async def test_rule_23_two_connections_that_create_the_same_person_make_one(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        entra = here.connect("entra")
        here.weather.meanwhile(lambda: entra.create("User", dict(ANN)))
        ann = (await here.post(ANN))["id"]
        (answer,) = await here.weather.arrived()
        assert isinstance(answer, UniquenessException)
        assert "okta" in str(answer)
        assert list(here.entries()) == [ann]


async def test_rule_20_switched_on_while_they_are_deleted_and_the_other_way_round(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann, bob = [(await here.post({"userName": name, "active": False}))["id"] for name in ("ann", "bob")]
        here.weather.meanwhile(lambda: here.patch(bob, {"active": True}))
        await here.touch(bob, state="on")
        await here.delete(bob)
        (answer,) = await here.weather.arrived()
        assert isinstance(answer, NotFoundException)
        assert here.entry(bob)["state"] == ("off",)
        here.weather.meanwhile(lambda: here.delete(ann))
        await here.patch(ann, {"active": True})
        assert await here.weather.arrived() == [None]
        assert here.entry(ann)["state"] == ("off",)


async def test_rule_20_a_group_deleted_while_somebody_joins_it_and_the_other_way_round(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann = (await here.post(ANN))["id"]
        one, two = await team(here, "One"), await team(here, "Two")
        here.weather.meanwhile(lambda: here.delete(one, "Group"))
        await here.add(one, ann)
        assert await here.weather.arrived() == [None]
        here.weather.meanwhile(lambda: here.add(two, ann))
        await here.delete(two, "Group")
        (answer,) = await here.weather.arrived()
        assert isinstance(answer, NotFoundException)
        assert here.entries("Group") == {}
        assert await here.ledger.memberships(here.provisioner.grounds["Group"].scope, ann) == []


@pytest.mark.parametrize("word", ["after", "dies", "crash after"])
@pytest.mark.parametrize("way", ["put", "remove all", "delete"])
async def test_rule_17_whoever_came_in_unheard_goes_out_with_a_replace(tmp_path: Path, word: str, way: str) -> None:
    """Their coming was never answered, and the IdP asks for a group without them, or deletes them."""
    async with site(tmp_path, retry=ONCE) as here:
        ann, bob = [(await here.post({"userName": name}))["id"] for name in ("ann", "bob")]
        group = await team(here, "One", bob)
        here.weather.coming = [word]
        with pytest.raises((Unavailable503, asyncio.CancelledError)):
            await here.add(group, ann)
        here.weather.clear()
        here.restarted()
        assert here.members(group) == {ann, bob}
        if way == "put":
            await here.put(group, {"displayName": "One", "members": [{"value": bob}]}, "Group")
        elif way == "delete":
            await here.delete(ann)
        else:
            await here.change_members(group, MemberChange("remove", None), MemberChange("add", (bob,)))
        assert here.members(group) == {bob}


@pytest.mark.parametrize("word", ["lost", "before", "crash"])
async def test_rule_16_whoever_never_came_in_comes_in_by_nothing_else(tmp_path: Path, word: str) -> None:
    """Not with a new entry either, by which what was answered stands again."""
    async with site(tmp_path, mapping_text(lifecycle='deactivate = "delete"'), retry=ONCE) as here:
        ann = (await here.post(ANN))["id"]
        group = await team(here, "One")
        here.weather.coming = [word]
        with pytest.raises((Unavailable503, asyncio.CancelledError)):
            await here.add(group, ann)
        here.restarted()
        await here.patch(ann, {"active": False})
        assert "members" not in await here.get(group, "Group")
        await here.patch(ann, {"active": True})
        await here.worker().admit()
        assert here.members(group) == set()
        (anchor,) = here.entries()
        await here.put(group, {"displayName": "One", "members": [{"value": ann}]}, "Group")
        assert here.members(group) == {anchor}
        await here.patch(ann, {"active": False})
        await here.patch(ann, {"active": True})
        assert here.members(group) == set(here.entries()), "what was answered stands again"
