"""Somebody joins a group while they are being taken away: no access is left behind."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from scim2_models import InvalidValueException, NotFoundException

from connectors.entry import MEMBERS
from gateway.provisioning.model import MemberChange, Patch
from tests.provisioning.site import Site, mapping_text, replacing, site

pytestmark = pytest.mark.anyio

ANN = {"userName": "ann", "externalId": "e-ann"}
RECREATES = mapping_text(lifecycle='delete = "disable"').replace(
    "required = true }\nexternalId", 'required = true, immutable = "recreate" }\nexternalId', 1
)


async def person(here: Site, name: str) -> str:
    return str((await here.post({"userName": name, "externalId": f"e-{name}"}))["id"])


async def team(here: Site, *members: str, name: str = "Team") -> str:
    body = {"displayName": name, "members": [{"value": id} for id in members]}
    return str((await here.post(body, "Group"))["id"])


def by_patch(here: Site, group: str, *ids: str) -> Any:
    return here.add(group, *ids)


def by_put(here: Site, group: str, *ids: str) -> Any:
    return here.put(group, {"displayName": "Team", "members": [{"value": id} for id in ids]}, "Group")


def by_patch_with_a_name(here: Site, group: str, *ids: str) -> Any:
    rename = replacing({"displayName": "Crew"})
    return here.provisioner.patch("Group", group, Patch(rename.named, rename.apply, (MemberChange("add", ids),)))


def by_post(here: Site, group: str, *ids: str) -> Any:
    return here.post({"displayName": "New", "members": [{"value": id} for id in ids]}, "Group")


JOINS = [by_patch, by_put, by_patch_with_a_name, by_post]


async def in_no_group(here: Site, id: str, anchor: str | None = None) -> None:
    """Nothing of somebody is left: not in the target, not in the ledger, not in an answer."""
    for group, held in here.entries("Group").items():
        assert anchor not in {ref.id for ref in held.get(MEMBERS, ())}, held
        assert id not in {ref.id for ref in held.get(MEMBERS, ())}, held
        shown = await here.get(group, "Group")
        assert id not in {member["value"] for member in shown.get("members", ())}
    assert await here.ledger.memberships(here.provisioner.grounds["Group"].scope, id) == []
    assert await here.ledger.unsettled() == []
    assert await here.ledger.pending() == []


@pytest.mark.parametrize("join", JOINS)
@pytest.mark.parametrize("way", ["disable", "delete"])
async def test_rule_20_a_delete_that_comes_while_somebody_joins(
    tmp_path: Path, join: Callable[..., Any], way: str
) -> None:
    async with site(tmp_path, mapping_text(lifecycle=f'delete = "{way}"')) as here:
        ann, bob = await person(here, "ann"), await person(here, "bob")
        group = await team(here)
        here.weather.meanwhile(lambda: here.delete(ann))
        await join(here, group, ann, bob)
        assert await here.weather.arrived() == [None]
        await in_no_group(here, ann)
        (held,) = [held for held in here.entries("Group").values() if held.get(MEMBERS)]
        assert [ref.id for ref in held[MEMBERS]] == [bob]
        with pytest.raises(NotFoundException):
            await here.get(ann)


@pytest.mark.parametrize("join", JOINS)
@pytest.mark.parametrize("at", [1, 2])
async def test_rule_20_somebody_joins_while_they_are_deleted(tmp_path: Path, join: Callable[..., Any], at: int) -> None:
    """At the first write they are disabled, at the second they leave the group that they were in."""
    async with site(tmp_path) as here:
        ann = await person(here, "ann")
        await team(here, ann, name="Old")
        group = await team(here)
        here.weather.meanwhile(*[None] * (at - 1), lambda: join(here, group, ann))
        await here.delete(ann)
        (answer,) = await here.weather.arrived()
        assert isinstance(answer, InvalidValueException)
        assert ann in str(answer)
        await in_no_group(here, ann)


@pytest.mark.parametrize("join", JOINS)
async def test_rule_20_somebody_joins_while_a_deactivation_removes_them(
    tmp_path: Path, join: Callable[..., Any]
) -> None:
    """The membership was answered 2xx: it waits, is shown, and stands again when they are back."""
    async with site(tmp_path, mapping_text(lifecycle='deactivate = "delete"')) as here:
        ann = await person(here, "ann")
        group = await team(here)
        here.weather.meanwhile(lambda: join(here, group, ann))
        await here.patch(ann, {"active": False})
        (answer,) = await here.weather.arrived()
        assert not isinstance(answer, BaseException), answer
        await here.patch(ann, {"active": True})
        (anchor,) = here.entries()
        assert [[ref.id for ref in held[MEMBERS]] for held in here.entries("Group").values() if MEMBERS in held] == [
            [anchor]
        ]


@pytest.mark.parametrize("join", JOINS)
async def test_rule_20_a_deactivation_that_removes_comes_while_somebody_joins(
    tmp_path: Path, join: Callable[..., Any]
) -> None:
    async with site(tmp_path, mapping_text(lifecycle='deactivate = "delete"')) as here:
        ann = await person(here, "ann")
        group = await team(here)
        here.weather.meanwhile(lambda: here.patch(ann, {"active": False}))
        await join(here, group, ann)
        (answer,) = await here.weather.arrived()
        assert not isinstance(answer, BaseException), answer
        assert here.entries() == {}
        assert all(MEMBERS not in held for held in here.entries("Group").values())
        await here.patch(ann, {"active": True})
        (anchor,) = here.entries()
        assert [[ref.id for ref in held[MEMBERS]] for held in here.entries("Group").values() if MEMBERS in held] == [
            [anchor]
        ]


@pytest.mark.parametrize("first", ["join", "rename"])
@pytest.mark.parametrize("join", JOINS)
async def test_rule_24_somebody_joins_while_they_get_another_entry(
    tmp_path: Path, join: Callable[..., Any], first: str
) -> None:
    """The new entry is in the group and the old one in none, whoever comes first."""
    async with site(tmp_path, RECREATES) as here:
        ann = await person(here, "ann")
        group = await team(here)

        async def rename() -> None:
            await here.patch(ann, {"userName": "anna"})

        async def joins() -> None:
            await join(here, group, ann)

        begins, comes = (joins, rename) if first == "join" else (rename, joins)
        here.weather.meanwhile(comes)
        await begins()
        assert await here.weather.arrived() == [None]
        (new,) = set(here.entries()) - {ann}
        assert [[ref.id for ref in held[MEMBERS]] for held in here.entries("Group").values() if MEMBERS in held] == [
            [new]
        ]


async def test_s7_whoever_is_removed_while_they_are_admitted_stays_out(tmp_path: Path) -> None:
    """A held membership ends with the removal, also where somebody is on the way to make it stand."""
    async with site(tmp_path, mapping_text(members='when_inactive = "hold"')) as here:
        ann, bob = await person(here, "ann"), await person(here, "bob")
        await here.patch(ann, {"active": False})
        first, second = sorted([await team(here, ann, name="One"), await team(here, ann, bob, name="Two")])
        here.weather.meanwhile(None, lambda: here.remove(second, ann))
        await here.patch(ann, {"active": True})
        assert await here.weather.arrived() == [None]
        assert ann in here.members(first)
        assert ann not in here.members(second)


async def test_rule_20_whoever_is_deleted_while_they_are_admitted_is_in_no_group(tmp_path: Path) -> None:
    async with site(tmp_path, mapping_text(lifecycle='deactivate = "delete"')) as here:
        ann = await person(here, "ann")
        await team(here, ann, name="First")
        await team(here, ann, name="Second")
        await here.patch(ann, {"active": False})
        here.weather.meanwhile(None, lambda: here.delete(ann))
        answer = await here.patch(ann, {"active": True})
        assert answer is not None
        assert await here.weather.arrived() == [None]
        await in_no_group(here, ann)
        with pytest.raises(NotFoundException):
            await here.get(ann)


@pytest.mark.parametrize("at", ["crash", "crash after"])
async def test_rule_20_a_gateway_that_ended_while_somebody_joined_keeps_nobody_in(tmp_path: Path, at: str) -> None:
    import asyncio

    async with site(tmp_path) as here:
        ann = await person(here, "ann")
        group = await team(here)
        for join in (by_patch, by_post):
            here.weather.coming = [at]
            with pytest.raises(asyncio.CancelledError):
                await join(here, group, ann)
        here.restarted()
        await here.delete(ann)
        await in_no_group(here, ann)


async def test_rule_20_a_gateway_that_ended_while_it_deleted_lets_nobody_in(tmp_path: Path) -> None:
    import asyncio

    async with site(tmp_path) as here:
        ann = await person(here, "ann")
        group = await team(here)
        here.weather.coming = ["crash after"]
        with pytest.raises(asyncio.CancelledError):
            await here.delete(ann)
        here.restarted()
        await here.add(group, ann)  # the deletion was never answered: for the IdP ann is there
        await here.later()
        await in_no_group(here, ann)
        with pytest.raises(NotFoundException):
            await here.get(ann)


async def test_rule_21_nobody_is_a_member_by_an_anchor_that_is_no_id(tmp_path: Path) -> None:
    """Neither by that of somebody who has another id, nor by that of an entry that its object has left."""
    async with site(tmp_path, RECREATES) as here:
        ann = await person(here, "ann")
        group = await team(here)
        await here.patch(ann, {"userName": "anna"})
        (new,) = set(here.entries()) - {ann}
        with pytest.raises(InvalidValueException, match=new):
            await here.add(group, new)
        await here.add(group, ann)
        assert here.members(group) == {new}
