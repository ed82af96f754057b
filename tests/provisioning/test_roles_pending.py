"""A role that followed from a group goes with the membership, also where the target was away just then (rule 16)."""

from pathlib import Path

import pytest

from gateway.provisioning.errors import Unavailable503
from tests.provisioning.site import mapping_text, site

pytestmark = pytest.mark.anyio

ROLE = '[user.set]\nrole = { by_group = [["Admins", "admin"]], else = "viewer" }\n'
TEXT = mapping_text(rows=ROLE)
AWAY = ("before",) * 3


@pytest.mark.parametrize("way", ["remove", "delete"])
@pytest.mark.parametrize("coming", [("fine", *AWAY), AWAY, ("fine", "lost", "lost", "lost")])
async def test_rule_16_a_role_that_was_lost_is_taken_away_later(
    tmp_path: Path, way: str, coming: tuple[str, ...]
) -> None:
    async with site(tmp_path, TEXT) as here:
        ann, ben = [(await here.post({"userName": name}))["id"] for name in ("ann", "ben")]
        admins = (await here.post({"displayName": "Admins"}, "Group"))["id"]
        await here.add(admins, ann, ben)
        assert here.entry(ann)["role"] == ("admin",)
        here.weather.coming = list(coming)
        with pytest.raises(Unavailable503):
            await (here.remove(admins, ann, ben) if way == "remove" else here.delete(admins, "Group"))
        assert here.entry(ann)["role"] == ("admin",)
        assert await here.later() > 0
        assert [here.entry(id)["role"] for id in (ann, ben)] == [("viewer",), ("viewer",)]
        assert await here.ledger.pending() == []


async def test_rule_16_a_change_of_somebody_does_not_forget_the_role_that_they_lost(tmp_path: Path) -> None:
    async with site(tmp_path, TEXT) as here:
        ann = (await here.post({"userName": "ann"}))["id"]
        admins = (await here.post({"displayName": "Admins"}, "Group"))["id"]
        await here.add(admins, ann)
        here.weather.coming = ["fine", *AWAY]
        with pytest.raises(Unavailable503):
            await here.remove(admins, ann)
        await here.patch(ann, {"title": "T"})
        await here.later()
        assert here.entry(ann)["role"] == ("viewer",)


async def test_rule_16_a_role_that_was_gained_is_never_given_unasked(tmp_path: Path) -> None:
    async with site(tmp_path, TEXT) as here:
        ann = (await here.post({"userName": "ann"}))["id"]
        admins = (await here.post({"displayName": "Admins"}, "Group"))["id"]
        here.weather.coming = ["fine", *AWAY]
        with pytest.raises(Unavailable503):
            await here.add(admins, ann)
        assert await here.later() == 0
        assert here.entry(ann)["role"] == ("viewer",)
        await here.add(admins, ann)
        assert here.entry(ann)["role"] == ("admin",)
        line = (await here.ledger.audit())[-1]
        assert line.operation == "role"
        assert [(each.attribute, each.before, each.after) for each in line.changes] == [("role", "viewer", "admin")]
