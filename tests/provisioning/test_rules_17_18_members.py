"""Members are deltas, unknown ones are named, managers may come later (semantics, rules 17 and 18; S7, H15)."""

from pathlib import Path

import pytest
from scim2_models import InvalidValueException, NotFoundException

from connectors.entry import MEMBERS, Ref
from gateway.mapping.compiled import parse_filter
from gateway.provisioning.model import MemberChange, Patch
from tests.provisioning.site import Site, mapping_text, site

pytestmark = pytest.mark.anyio

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


async def people(here: Site, *names: str) -> list[str]:
    return [(await here.post({"userName": name, "externalId": f"e-{name}"}))["id"] for name in names]


async def group(here: Site, *members: str, name: str = "Team") -> str:
    made = await here.post({"displayName": name, "members": [{"value": id} for id in members]}, "Group")
    return str(made["id"])


async def test_rule_17_a_patch_never_reads_the_group(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann, bob = await people(here, "ann", "bob")
        team = await group(here)
        here.weather.clear()
        await here.add(team, ann, bob)
        await here.remove(team, bob)
        await here.add(team, ann)
        assert ("read", "Group") not in here.weather.calls
        assert ("search", "Group") not in here.weather.calls
        assert here.members(team) == {ann}


async def test_rule_17_a_replace_removes_only_what_this_connection_asserted(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann, bob, eve, joe = await people(here, "ann", "bob", "eve", "joe")
        team = await group(here, ann, bob)
        await here.touch(team, "Group", **{MEMBERS: (Ref(ann), Ref(bob), Ref(eve))})
        answer = await here.put(team, {"displayName": "Team", "members": [{"value": joe}, {"value": ann}]}, "Group")
        assert here.members(team) == {ann, eve, joe}
        assert {member["value"] for member in answer["members"]} == {ann, eve, joe}, "nobody may believe that eve left"


async def test_rule_17_others_remove_takes_away_the_rest(tmp_path: Path) -> None:
    async with site(tmp_path, mapping_text(members='others = "remove"')) as here:
        ann, eve = await people(here, "ann", "eve")
        team = await group(here, ann)
        await here.touch(team, "Group", **{MEMBERS: (Ref(ann), Ref(eve))})
        await here.change_members(team, MemberChange("replace", (ann,)))
        assert here.members(team) == {ann}


async def test_rule_17_only_the_difference_is_written(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann, bob = await people(here, "ann", "bob")
        team = await group(here, ann, bob)
        here.weather.clear()
        await here.put(team, {"displayName": "Team", "members": [{"value": bob}, {"value": ann}]}, "Group")
        assert here.weather.writes == []


async def test_rule_17_a_named_member_is_removed_whoever_added_it(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann, eve = await people(here, "ann", "eve")
        team = await group(here, ann)
        await here.touch(team, "Group", **{MEMBERS: (Ref(ann), Ref(eve))})
        await here.remove(team, eve)
        assert here.members(team) == {ann}
        await here.remove(team, eve, "nobody")
        assert here.members(team) == {ann}


async def test_rule_17_adding_a_present_member_claims_it(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann, eve = await people(here, "ann", "eve")
        team = await group(here, ann)
        await here.touch(team, "Group", **{MEMBERS: (Ref(ann), Ref(eve))})
        await here.add(team, eve)
        await here.change_members(team, MemberChange("replace", ()))
        assert here.members(team) == set()


async def test_rule_17_operations_play_in_their_order(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann, bob, eve = await people(here, "ann", "bob", "eve")
        team = await group(here, ann)
        await here.change_members(
            team, MemberChange("add", (bob, eve)), MemberChange("remove", (bob, ann)), MemberChange("add", (ann,))
        )
        assert here.members(team) == {ann, eve}
        await here.change_members(team, MemberChange("replace", (bob,)), MemberChange("add", (ann,)))
        assert here.members(team) == {ann, bob}
        await here.change_members(team, MemberChange("remove", None))
        assert here.members(team) == set()


async def test_rule_17_a_filter_chooses_who_leaves(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann, bob = await people(here, "ann", "bob")
        team = await group(here, ann, bob)
        await here.change_members(team, MemberChange("remove", None, parse_filter(f'value eq "{ann}" or value pr')))
        assert here.members(team) == set()


async def test_members_beyond_one_portion(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ids = await people(here, *(f"user{number}" for number in range(23)))
        team = await group(here, *ids[:12])
        assert here.members(team) == set(ids[:12])
        await here.change_members(team, MemberChange("add", tuple(ids)), MemberChange("remove", tuple(ids[:11])))
        assert here.members(team) == set(ids[11:])
        with pytest.raises(InvalidValueException, match="nobody-here"):
            await here.add(team, *ids, "nobody-here")
        assert here.members(team) == set(ids[11:]), "a part was applied before the rest was refused"


async def test_rule_18_unknown_members_are_named_and_nothing_is_applied(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        (ann,) = await people(here, "ann")
        team = await group(here)
        with pytest.raises(InvalidValueException, match="nobody-1, nobody-2"):
            await here.add(team, ann, "nobody-2", "nobody-1")
        with pytest.raises(InvalidValueException, match="nobody"):
            await here.post({"displayName": "Other", "members": [{"value": "nobody"}]}, "Group")
        assert here.members(team) == set()
        assert len(here.entries("Group")) == 1


async def test_o14_the_audit_names_who_came_and_who_went(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ids = await people(here, *(f"p{number:02}" for number in range(25)))
        team = await group(here, ids[0])
        await here.add(team, *ids)
        here.weather.clear()
        await here.change_members(team, MemberChange("remove", (ids[0],)), MemberChange("add", (ids[1],)))
        assert ("read", "Group") not in here.weather.calls
        made, added, last = (await here.ledger.audit(resource=team, outcome="done"))[-3:]
        assert made.changes[-1].after == {"added": [ids[0]]}
        (change,) = added.changes
        assert change.path == "members"
        assert change.after == {"added": [*sorted(ids)[:20], "and 5 more"]}
        assert last.changes[0].after == {"added": [ids[1]], "removed": [ids[0]]}


async def test_rule_18_unknown_members_are_skipped_and_audited(tmp_path: Path) -> None:
    async with site(tmp_path, mapping_text(members='unknown = "skip"')) as here:
        (ann,) = await people(here, "ann")
        team = await group(here, ann, "nobody-1")
        await here.add(team, "nobody-2", ann)
        assert here.members(team) == {ann}
        told = " ".join(line.detail for line in await here.ledger.audit())
        assert "nobody-1" in told
        assert "nobody-2" in told


async def test_rule_18_a_member_left_out_is_never_answered_with_nothing(tmp_path: Path) -> None:
    async with site(tmp_path, mapping_text(members='unknown = "skip"')) as here:
        (ann,) = await people(here, "ann")
        team = await group(here)
        for named, shown in ((("nobody", ann), {ann}), ((ann,), None)):
            patch = Patch(members=(MemberChange("add", named),))
            stood = await here.provisioner.patch("Group", team, patch, wanted=None)
            assert (stood and {each["value"] for each in stood["members"]}) == shown


async def test_rule_18_a_deleted_user_is_nobody(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        (ann,) = await people(here, "ann")
        team = await group(here)
        await here.delete(ann)
        with pytest.raises(InvalidValueException, match=ann):
            await here.add(team, ann)


async def test_members_of_a_group_that_is_not_there(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        (ann,) = await people(here, "ann")
        for request in (here.add("no-group", ann), here.remove("no-group", ann)):
            with pytest.raises(NotFoundException):
                await request
        assert await here.ledger.unsettled() == []


async def test_a_group_patch_of_name_and_members_is_one_write(tmp_path: Path) -> None:
    from gateway.provisioning.model import ANY, EVERYTHING, Patch
    from tests.provisioning.site import replacing

    async with site(tmp_path) as here:
        ann, bob = await people(here, "ann", "bob")
        team = await group(here, ann)
        here.weather.clear()
        rename = replacing({"displayName": "Crew"})
        patch = Patch(rename.named, rename.apply, (MemberChange("add", (bob,)),))
        answer = await here.provisioner.patch("Group", team, patch, ANY, EVERYTHING)
        assert answer is not None
        assert answer["displayName"] == "Crew"
        assert here.members(team) == {ann, bob}
        assert len(here.weather.writes) == 1


async def test_rule_18_a_manager_may_come_later(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann = await here.post({"userName": "ann", ENTERPRISE: {"manager": {"value": "e-boss"}}})
        assert ann[ENTERPRISE]["manager"]["value"] == "e-boss"
        assert "boss" not in here.entry(ann["id"])
        (boss,) = await people(here, "boss")
        assert here.entry(ann["id"])["boss"] == (Ref(boss),)
        shown = await here.get(ann["id"])
        assert shown[ENTERPRISE]["manager"]["value"] == boss


async def test_rule_18_a_manager_by_id_or_by_external_id_and_away_again(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann, boss = await people(here, "ann", "boss")
        await here.patch(ann, {f"{ENTERPRISE}:manager": {"value": boss}})
        assert here.entry(ann)["boss"] == (Ref(boss),)
        here.weather.clear()
        await here.patch(ann, {f"{ENTERPRISE}:manager": {"value": "e-boss"}})
        assert here.weather.writes == [], "the same person under another name"
        await here.patch(ann, {f"{ENTERPRISE}:manager": {"value": "later"}})
        assert "boss" not in here.entry(ann), "the old manager stayed"
        await here.patch(ann, {f"{ENTERPRISE}:manager": None})
        assert ENTERPRISE not in await here.get(ann)


async def test_s7_a_membership_is_held_until_the_member_is_active(tmp_path: Path) -> None:
    async with site(tmp_path, mapping_text(members='when_inactive = "hold"')) as here:
        ann, bob = await people(here, "ann", "bob")
        await here.patch(ann, {"active": False})
        team = await group(here, ann, bob)
        assert here.members(team) == {bob}
        shown = await here.get(team, "Group")
        assert {member["value"] for member in shown["members"]} == {ann, bob}
        await here.patch(ann, {"active": True})
        assert here.members(team) == {ann, bob}


async def test_s7_an_invited_user_joins_once_they_have_signed_in(tmp_path: Path) -> None:
    async with site(tmp_path, mapping_text(members='when_inactive = "hold"')) as here:
        (ann,) = await people(here, "ann")
        await here.touch(ann, state="invited")
        team = await group(here)
        await here.add(team, ann)
        assert here.members(team) == set()
        await here.worker().admit()
        assert here.members(team) == set()
        await here.touch(ann, state="on")
        await here.worker().admit()
        assert here.members(team) == {ann}


async def test_h15_a_role_follows_membership(tmp_path: Path) -> None:
    role = '[user.set]\nrole = { by_group = [["Admins", "admin"], ["Editors", "editor"]], else = "viewer" }\n'
    async with site(tmp_path, mapping_text(rows=role)) as here:
        ann, bob = await people(here, "ann", "bob")
        admins, editors = await group(here, name="Admins"), await group(here, ann, name="Editors")
        assert here.entry(ann)["role"] == ("editor",)
        await here.add(admins, ann, bob)
        assert (here.entry(ann)["role"], here.entry(bob)["role"]) == (("admin",), ("admin",))
        await here.change_members(admins, MemberChange("replace", (bob,)))
        assert here.entry(ann)["role"] == ("editor",)
        await here.remove(editors, ann)
        assert here.entry(ann)["role"] == ("viewer",)
        await here.patch(admins, {"displayName": "Former admins"}, "Group")
        assert here.entry(bob)["role"] == ("viewer",), "the group has another name"
        await here.put(admins, {"displayName": "Admins"}, "Group")
        assert here.entry(bob)["role"] == ("admin",)
        await here.delete(admins, "Group")
        assert here.entry(bob)["role"] == ("viewer",)
