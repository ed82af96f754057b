"""Two gateways over one PostgreSQL ledger: the lock of an object reaches both (semantics, rule 12)."""

import asyncio
from pathlib import Path

import pytest
from scim2_models import UniquenessException

from gateway.ledger import Ledger
from gateway.provisioning.errors import Unavailable503
from tests.provisioning.site import Site, build, site

pytestmark = pytest.mark.anyio


def twin(here: Site, ledger: Ledger) -> Site:
    """Another process of the same gateway, as far as one process can be another."""
    where = (here.path, here.text, here.memory, here.weather, ledger, here.clock, here.chooses)
    provisioner = build(*where, "okta", here.options)
    return Site(provisioner, ledger, here.memory, here.weather, here.clock, here.text, here.path, here.chooses)


async def test_rule_12_replicas_make_one_entry_and_lose_no_change(tmp_path: Path, postgres_url: str) -> None:
    async with site(tmp_path, ledger_url=postgres_url) as here:
        ledger = await Ledger.open(postgres_url)
        try:
            there = twin(here, ledger)
            posts = [one.post({"userName": f"user{number}"}) for number in range(5) for one in (here, there)]
            results = await asyncio.gather(*posts, return_exceptions=True)
            assert sum(isinstance(result, UniquenessException) for result in results) == 5
            assert len(here.entries()) == 5
            ann = next(result["id"] for result in results if isinstance(result, dict))
            await asyncio.gather(
                *(one.patch(ann, {path: path}) for one, path in ((here, "title"), (there, "displayName"))),
            )
            assert (here.entry(ann)["title"], here.entry(ann)["name"]) == (("title",), ("displayName",))
        finally:
            await ledger.close()


async def test_rule_16_pending_work_is_done_once_by_whichever_replica(tmp_path: Path, postgres_url: str) -> None:
    async with site(tmp_path, ledger_url=postgres_url) as here:
        ledger = await Ledger.open(postgres_url)
        try:
            there = twin(here, ledger)
            ann = (await here.post({"userName": "ann"}))["id"]
            here.weather.coming = ["before"] * 3
            with pytest.raises(Unavailable503):
                await here.patch(ann, {"active": False})
            here.clock.forward(60)
            here.weather.clear()
            await asyncio.gather(here.worker().work(), there.worker().work())
            assert here.weather.writes == [("update", "User")]
            assert here.entry(ann)["state"] == ("off",)
            assert await here.ledger.pending() == []
        finally:
            await ledger.close()
