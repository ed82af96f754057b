"""What a write plans, and what it leaves alone (semantics, rules 7 to 11)."""

from pathlib import Path

import pytest
from scim2_models import SCIMException

from tests.provisioning.site import mapping_text, site

pytestmark = pytest.mark.anyio

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
ANN = {"userName": "ann", "displayName": "Ann Lee", "name": {"givenName": "Ann", "familyName": "Lee"}}


async def test_rule_07_a_patch_never_reverts_what_the_directory_changed(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann = await here.post({**ANN, ENTERPRISE: {"department": "IT"}, "title": "Clerk"})
        await here.touch(ann["id"], title="Chief", name="Annie")
        await here.patch(ann["id"], {f"{ENTERPRISE}:department": "HR"})
        held = here.entry(ann["id"])
        assert (held["dept"], held["title"], held["name"]) == (("HR",), ("Chief",), ("Annie",))


async def test_rule_07_no_difference_is_no_write_and_no_new_version(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann = await here.post(ANN)
        here.weather.clear()
        again = await here.put(ann["id"], {**ANN, "userName": " ANN "})
        assert here.weather.writes == []
        assert again["meta"] == ann["meta"]
        assert [line.outcome for line in await here.ledger.audit()] == ["done", "unchanged"]


async def test_rule_08_a_put_clears_only_what_it_had_asserted(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann = await here.post({**ANN, "title": "Clerk"})
        await here.touch(ann["id"], dept="IT")
        await here.put(ann["id"], ANN)
        held = here.entry(ann["id"])
        assert "title" not in held
        assert held["dept"] == ("IT",)


async def test_rule_08_null_clears(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann = await here.post({**ANN, "title": "Clerk"})
        await here.patch(ann["id"], {"title": None})
        assert "title" not in here.entry(ann["id"])


async def test_rule_08_on_clear_keep_keeps(tmp_path: Path) -> None:
    text = mapping_text(rows='nickName = { attr = "nick", on_clear = "keep" }')
    async with site(tmp_path, text) as here:
        ann = await here.post({**ANN, "nickName": "annie"})
        await here.patch(ann["id"], {"nickName": None})
        assert here.entry(ann["id"])["nick"] == ("annie",)


async def test_rule_08_active_and_password_omitted_or_null_are_no_change(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann = await here.post({**ANN, "active": False, "password": "s3cret!"})
        here.weather.clear()
        await here.put(ann["id"], {**ANN, "active": None, "password": None})
        await here.put(ann["id"], ANN)
        assert here.weather.writes == []
        assert here.entry(ann["id"])["state"] == ("off",)


async def test_rule_08_active_is_true_on_create_when_absent(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann = await here.post(ANN)
        assert ann["active"] is True
        assert here.entry(ann["id"])["state"] == ("on",)


async def test_rule_08_an_empty_list_of_members_is_an_empty_replace(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann = await here.post(ANN)
        team = await here.post({"displayName": "Team", "members": [{"value": ann["id"]}]}, "Group")
        assert here.members(team["id"]) == {ann["id"]}
        await here.put(team["id"], {"displayName": "Team", "members": None}, "Group")
        await here.put(team["id"], {"displayName": "Team"}, "Group")
        assert here.members(team["id"]) == {ann["id"]}
        await here.put(team["id"], {"displayName": "Team", "members": []}, "Group")
        assert here.members(team["id"]) == set()


async def test_rule_09_active_false_is_always_enforced(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann = await here.post({**ANN, "active": False})
        await here.touch(ann["id"], state="on")
        answer = await here.patch(ann["id"], {"active": False})
        assert answer is not None
        assert answer["active"] is False
        assert here.entry(ann["id"])["state"] == ("off",)


async def test_rule_09_a_lock_set_by_the_helpdesk_stays(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann = await here.post(ANN)
        await here.touch(ann["id"], state="locked")
        answer = await here.put(ann["id"], {**ANN, "active": True})
        assert answer["active"] is False
        assert here.entry(ann["id"])["state"] == ("locked",)


async def test_rule_09_active_true_undoes_what_this_connection_did(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann = await here.post(ANN)
        for active, state in ((False, "off"), (False, "off"), (True, "on"), (True, "on")):
            await here.patch(ann["id"], {"active": active})
            assert here.entry(ann["id"])["state"] == (state,)


async def test_rule_10_on_change_compares_with_what_was_confirmed(tmp_path: Path) -> None:
    text = mapping_text(rows='userType = { attr = "sort", apply = "on-change" }')
    async with site(tmp_path, text) as here:
        ann = await here.post({**ANN, "userType": "Viewer"})
        await here.touch(ann["id"], sort="Editor")
        await here.put(ann["id"], {**ANN, "userType": "Viewer"})
        assert here.entry(ann["id"])["sort"] == ("Editor",), "the IdP's own value did not change"
        here.weather.down = True
        with pytest.raises(SCIMException):
            await here.put(ann["id"], {**ANN, "userType": "Admin"})
        here.weather.down = False
        await here.put(ann["id"], {**ANN, "userType": "Admin"})
        assert here.entry(ann["id"])["sort"] == ("Admin",), "a write answered 503 counted as confirmed"


async def test_rule_10_default_acts_at_creation(tmp_path: Path) -> None:
    text = mapping_text(rows='userType = { attr = "sort", default = "Viewer" }')
    async with site(tmp_path, text) as here:
        ann = await here.post(ANN)
        assert here.entry(ann["id"])["sort"] == ("Viewer",)
        await here.touch(ann["id"], sort=None)
        await here.put(ann["id"], ANN)
        assert "sort" not in here.entry(ann["id"])


async def test_rule_11_a_write_swaps_only_its_own_value(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann = await here.post({**ANN, "displayName": "Ann"})
        await here.touch(ann["id"], name=("Ann", "Annchen"))
        await here.patch(ann["id"], {"displayName": "Anna"})
        assert set(here.entry(ann["id"])["name"]) == {"Anna", "Annchen"}


async def test_a_put_of_many_values_removes_only_what_was_asserted(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann = await here.post({**ANN, "emails": [{"value": "a@x", "type": "work"}, {"value": "b@x", "type": "work"}]})
        await here.touch(ann["id"], mail=("a@x", "b@x", "helpdesk@x"))
        await here.put(ann["id"], {**ANN, "emails": [{"value": "a@x", "type": "work"}]})
        assert set(here.entry(ann["id"])["mail"]) == {"a@x", "helpdesk@x"}
