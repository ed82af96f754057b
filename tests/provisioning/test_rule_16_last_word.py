"""What a crash left open is settled by whoever comes to the object next: the IdP's last word holds (rule 16)."""

import asyncio
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest
from scim2_models import NotFoundException

from tests.provisioning.site import Site, site

pytestmark = pytest.mark.anyio
ANN = {"userName": "ann", "externalId": "e-ann"}
CRASHES = pytest.mark.parametrize("word", ["crash", "crash after"])


async def cut_off(here: Site, word: str, request: Awaitable[Any]) -> None:
    """The gateway ends before, or after, the target has done it; its successor takes requests before it has looked."""
    here.weather.coming = [word]
    with pytest.raises(asyncio.CancelledError):
        await request
    here.weather.clear()
    here.restarted()


async def in_peace(here: Site) -> None:
    """The successor looks around, and does what is due."""
    await here.worker().recover()
    await here.later()
    assert await here.ledger.unsettled() == []
    assert await here.ledger.pending() == []


@CRASHES
async def test_who_is_switched_on_again_stays_on(tmp_path: Path, word: str) -> None:
    async with site(tmp_path) as here:
        ann = (await here.post(ANN))["id"]
        await cut_off(here, word, here.patch(ann, {"active": False}))
        answer = await here.patch(ann, {"active": True})
        assert answer is not None
        assert answer["active"] is True
        await in_peace(here)
        assert here.entry(ann)["state"] == ("on",), "a 200 was undone by an earlier request that nobody answered"


@CRASHES
async def test_who_is_put_back_into_a_group_stays_in(tmp_path: Path, word: str) -> None:
    async with site(tmp_path) as here:
        ann = (await here.post(ANN))["id"]
        team = (await here.post({"displayName": "T", "members": [{"value": ann}]}, "Group"))["id"]
        await cut_off(here, word, here.remove(team, ann))
        await here.add(team, ann)
        await in_peace(here)
        assert here.members(team) == {ann}


@CRASHES
async def test_who_is_created_again_after_a_deletion_stays(tmp_path: Path, word: str) -> None:
    async with site(tmp_path) as here:
        ann = (await here.post(ANN))["id"]
        await cut_off(here, word, here.delete(ann))
        await here.delete(ann)
        again = await here.post(ANN)
        assert again["id"] == ann
        await in_peace(here)
        assert here.entry(ann)["state"] == ("on",)
        assert (await here.get(ann))["active"] is True


@CRASHES
async def test_what_nobody_takes_back_is_done(tmp_path: Path, word: str) -> None:
    """Another word about the object is no other word about that."""
    async with site(tmp_path) as here:
        ann, bob = [(await here.post({"userName": name}))["id"] for name in ("ann", "bob")]
        await cut_off(here, word, here.patch(ann, {"active": False}))
        answer = await here.patch(ann, {"title": "T"})
        assert answer is not None
        assert answer["active"] is False
        await cut_off(here, word, here.delete(bob))
        await in_peace(here)
        assert here.entry(ann)["state"] == here.entry(bob)["state"] == ("off",)
        with pytest.raises(NotFoundException):
            await here.get(bob)
