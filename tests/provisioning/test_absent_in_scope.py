"""Whoever was removed by ``deactivate = "delete"`` is still of the organization that they were of (rules 20, 25)."""

from pathlib import Path

import pytest
from scim2_models import NotFoundException

from gateway.provisioning.errors import Unavailable503
from tests.provisioning.site import mapping_text, site
from tests.provisioning.test_rules_20_to_24_lives import names

pytestmark = pytest.mark.anyio

ANN = {"userName": "ann", "externalId": "e-ann"}
OURS = (
    mapping_text(
        user="scope = 'target:org eq \"acme\"'",
        lifecycle='deactivate = "delete"\ndelete = "delete"',
    )
    + '\n[user.set]\norg = { value = "acme", apply = "create" }\n'
)


async def test_rule_25_scope_is_asked_of_the_entry_that_was(tmp_path: Path) -> None:
    async with site(tmp_path, OURS) as here:
        ann = (await here.post(ANN))["id"]
        await here.patch(ann, {"active": False})
        assert here.entries() == {}
        assert (await here.get(ann))["active"] is False
        assert await names(here) == [ann]
        await here.patch(ann, {"title": "T"})
        answer = await here.patch(ann, {"active": True})
        assert answer is not None
        assert (answer["id"], answer["active"], answer["title"]) == (ann, True, "T")
        ((_, entry),) = here.entries().items()
        assert entry["org"] == ("acme",)
        await here.touch(next(iter(here.entries())), org="globex")
        with pytest.raises(NotFoundException):
            await here.get(ann)


async def test_rule_25_scope_where_the_answer_of_the_removal_was_lost(tmp_path: Path) -> None:
    async with site(tmp_path, OURS) as here:
        ann = (await here.post(ANN))["id"]
        here.weather.coming = ["dies"]
        with pytest.raises(Unavailable503):
            await here.patch(ann, {"active": False})
        here.weather.clear()
        assert here.entries() == {}
        await here.patch(ann, {"active": False})
        assert (await here.get(ann))["active"] is False
        assert await names(here) == [ann]


async def test_a_deletion_of_whom_a_deactivation_removed(tmp_path: Path) -> None:
    async with site(tmp_path, OURS) as here:
        ann = (await here.post(ANN))["id"]
        await here.patch(ann, {"active": False})
        await here.delete(ann)
        assert await names(here) == []
        assert (await here.post(ANN))["id"] == ann
