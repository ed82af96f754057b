"""What may come between: a worker that is late, a backend that refuses half way (rules 16, 20 and 24)."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from scim2_models import ForbiddenException, NotFoundException

from connectors.entry import Change, Entry
from connectors.errors import Refused
from gateway.provisioning.errors import Unavailable503
from gateway.provisioning.worker import finish
from tests.provisioning.site import Site, mapping_text, site

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
