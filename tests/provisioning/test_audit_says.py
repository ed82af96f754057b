"""What the audit tells of the writes that a list of changed rows does not tell: who lost an entry, and how."""

from pathlib import Path

import pytest

from gateway.ledger.model import AuditLine
from gateway.provisioning.errors import Unavailable503
from tests.provisioning.site import Site, mapping_text, site
from tests.provisioning.test_after_and_overtaking import Sessions

pytestmark = pytest.mark.anyio

ANN = {"userName": "ann", "externalId": "e-ann"}
TOMBSTONE = "0" * 32 + "ann"


async def last(here: Site) -> AuditLine:
    return (await here.ledger.audit())[-1]


def told(line: AuditLine) -> list[tuple[str, object, object]]:
    return [(change.path or change.attribute, change.before, change.after) for change in line.changes]


async def test_a_deactivation_that_removes_says_so(tmp_path: Path) -> None:
    async with site(tmp_path, mapping_text(lifecycle='deactivate = "delete"')) as here:
        ann = (await here.post(ANN))["id"]
        await here.patch(ann, {"active": False})
        assert "removed" in (await last(here)).detail
        await here.patch(ann, {"title": "T"})
        assert "kept here" in (await last(here)).detail


@pytest.mark.parametrize("way", ["disable", "delete"])
async def test_a_deletion_says_what_became_of_the_entry(tmp_path: Path, way: str) -> None:
    async with site(tmp_path, mapping_text(lifecycle=f'delete = "{way}"')) as here:
        await here.delete((await here.post(ANN))["id"])
        line = await last(here)
        if way == "delete":
            assert line.detail == "the entry was removed"
        else:
            assert told(line) == [("state", "on", "off")]


async def test_a_deletion_of_whom_nothing_is_changed_says_that_too(tmp_path: Path) -> None:
    async with site(tmp_path, mapping_text(lifecycle='delete = "disable"')) as here:
        ann = (await here.post(ANN))["id"]
        await here.patch(ann, {"active": False})
        await here.delete(ann)
        line = await last(here)
        assert (told(line), line.detail) == ([], "the entry stays as it was")


async def test_a_stamp_and_a_move_are_changes(tmp_path: Path) -> None:
    lifecycle = 'deactivate = "move"\nmove_to = "leavers"\nstamp = { on = "deactivate", attr = "gone" }'
    text = mapping_text(user='parent = "people"', rows='nickName = "gone"', lifecycle=lifecycle)
    async with site(tmp_path, text) as here:
        await here.patch((await here.post(ANN))["id"], {"active": False})
        changes = {name: (before, after) for name, before, after in told(await last(here))}
        assert changes["parent"][1] == "leavers"
        assert set(changes) == {"parent", "active", "gone"}


async def test_a_new_entry_for_the_same_person_names_the_old_one(tmp_path: Path) -> None:
    row = 'userName          = { attr = "uid", via = ["trim", "lower"], required = true'
    text = mapping_text(lifecycle='delete = "delete"').replace(row, row + ', immutable = "recreate"')
    async with site(tmp_path, text) as here:
        ann = (await here.post(ANN))["id"]
        await here.patch(ann, {"userName": "anna"})
        assert (await last(here)).detail == f"a new entry; the old one, {ann}, was removed"


async def test_a_name_that_is_kept_and_not_written_is_told(tmp_path: Path) -> None:
    async with site(tmp_path, dialect="entra") as here:
        ann = (await here.post(ANN))["id"]
        await here.patch(ann, {"active": False, "userName": TOMBSTONE})
        line = await last(here)
        assert told(line) == [("active", "on", "off")]
        assert f"userName {TOMBSTONE} is kept here" in line.detail


@pytest.mark.parametrize("verb", ["deactivate", "delete"])
async def test_what_is_pending_shows_what_it_takes_away(tmp_path: Path, verb: str) -> None:
    sessions = Sessions()
    async with site(tmp_path, after=sessions) as here:
        ann = (await here.post({**ANN, "title": "T"}))["id"]
        sessions.down = True
        with pytest.raises(Unavailable503):
            await (here.patch(ann, {"active": False, "title": "U"}) if verb == "deactivate" else here.delete(ann))
        line = await last(here)
        assert line.outcome == "pending"
        assert told(line) == [("active" if verb == "deactivate" else "state", "on", "off")]


async def test_a_group_that_is_given_back_says_who_left_it(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann = (await here.post(ANN))["id"]
        team = await here.plant("Group", cn="Team")
        await here.add(team, ann)
        await here.delete(team, "Group")
        line = await last(here)
        assert told(line) == [("members", None, {"removed": [ann]})]
        assert "adopted" in line.detail


async def test_a_reference_that_waited_is_told_when_it_is_set(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
        await here.post({**ANN, enterprise: {"manager": {"value": "e-boss"}}})
        await here.post({"userName": "boss", "externalId": "e-boss"})
        line = await last(here)
        assert line.operation == "resolve"
        assert told(line) == [(f"{enterprise}:manager.value", None, "e-boss")]
