"""Lives and ids: deletion, absence, return, adoption, a new entry for an old id (semantics, rules 20 to 24)."""

from pathlib import Path

import pytest
from scim2_models import ForbiddenException, NotFoundException, UniquenessException

from connectors.entry import PARENT, Ref
from gateway.provisioning.errors import Unavailable503
from gateway.provisioning.model import EVERYTHING, Precondition, Search
from tests.provisioning.site import Site, mapping_text, site

pytestmark = pytest.mark.anyio

ANN = {"userName": "ann", "externalId": "e-ann", "displayName": "Ann"}
TOMBSTONE = "0123456789abcdef0123456789abcdefann"


async def names(here: Site, kind: str = "User") -> list[str]:
    listing = await here.provisioner.search(Search(types=(kind,), wanted=EVERYTHING, start_index=1))
    assert listing.total == len(listing.resources)
    return [resource["id"] for resource in listing.resources]


@pytest.mark.parametrize("way", ["disable", "delete"])
async def test_rule_20_after_a_delete_404_everywhere(tmp_path: Path, way: str) -> None:
    async with site(tmp_path, mapping_text(lifecycle=f'delete = "{way}"')) as here:
        ann = (await here.post(ANN))["id"]
        team = (await here.post({"displayName": "Team", "members": [{"value": ann}]}, "Group"))["id"]
        await here.delete(ann)
        for request in (
            here.get(ann),
            here.put(ann, ANN),
            here.patch(ann, {"title": "T"}),
            here.delete(ann),
            here.delete(ann, when=Precondition(if_match="*")),
        ):
            with pytest.raises(NotFoundException):
                await request
        assert await names(here) == []
        assert here.members(team) == set()
        assert "members" not in await here.get(team, "Group")
        assert len(here.entries()) == (1 if way == "disable" else 0)
        if way == "disable":
            assert here.entry(ann)["state"] == ("off",)


async def test_rule_20_a_stamp_says_when(tmp_path: Path) -> None:
    rows = 'nickName = "gone"'
    text = mapping_text(rows=rows, lifecycle='stamp = { on = "delete", attr = "gone" }')
    async with site(tmp_path, text) as here:
        ann = (await here.post(ANN))["id"]
        await here.delete(ann)
        assert here.entry(ann)["gone"]
        await here.post(ANN)
        assert "gone" not in here.entry(ann)


async def test_rule_20_only_groups_that_this_connection_wrote_are_left(tmp_path: Path) -> None:
    from connectors.entry import MEMBERS

    async with site(tmp_path) as here:
        ann = (await here.post(ANN))["id"]
        foreign = await here.plant("Group", cn="Foreign", **{MEMBERS: (Ref(ann),)})
        ours = (await here.post({"displayName": "Ours"}, "Group"))["id"]
        await here.touch(ours, "Group", **{MEMBERS: (Ref(ann),)})
        await here.delete(ann)
        assert here.members(foreign) == {ann}
        assert here.members(ours) == set()


async def test_rule_20_a_repeated_delete_while_pending_finishes_it(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann = (await here.post(ANN))["id"]
        here.weather.coming = ["before"] * 3
        with pytest.raises(Unavailable503):
            await here.delete(ann)
        assert (await here.get(ann))["active"] is True, "what was answered 503 is not shown"
        await here.delete(ann)
        assert here.entry(ann)["state"] == ("off",)
        with pytest.raises(NotFoundException):
            await here.delete(ann)
        assert await here.ledger.pending() == []


async def test_rule_20_deactivate_by_deletion_stays_readable_and_comes_back(tmp_path: Path) -> None:
    async with site(tmp_path, mapping_text(lifecycle='deactivate = "delete"')) as here:
        ann = (await here.post({**ANN, "title": "Clerk"}))["id"]
        team = (await here.post({"displayName": "Team", "members": [{"value": ann}]}, "Group"))["id"]
        answer = await here.patch(ann, {"active": False})
        assert answer is not None
        assert answer["active"] is False
        assert here.entries() == {}
        assert (await here.get(ann))["userName"] == "ann"
        assert await names(here) == [ann]
        await here.patch(ann, {"active": False})
        await here.patch(ann, {"title": "Former clerk"})
        assert (await here.get(ann))["title"] == "Former clerk"
        answer = await here.patch(ann, {"active": True})
        assert answer is not None
        assert answer["id"] == ann
        assert answer["active"] is True
        assert answer["title"] == "Former clerk"
        (anchor,) = here.entries()
        assert here.members(team) == {anchor}
        assert await names(here) == [ann]


async def test_p1_a_post_recreates_who_was_removed_with_the_same_id(tmp_path: Path) -> None:
    async with site(tmp_path, mapping_text(lifecycle='deactivate = "delete"')) as here:
        ann = (await here.post(ANN))["id"]
        await here.patch(ann, {"active": False})
        again = await here.post(ANN)
        assert again["id"] == ann
        assert again["active"] is True
        assert len(here.entries()) == 1


@pytest.mark.parametrize("word", ["before", "after", "lost"])
async def test_coming_back_survives_a_lost_answer(tmp_path: Path, word: str) -> None:
    async with site(tmp_path, mapping_text(lifecycle='deactivate = "delete"'), chooses=False) as here:
        ann = (await here.post(ANN))["id"]
        await here.patch(ann, {"active": False})
        here.weather.coming = [word]
        answer = await here.patch(ann, {"active": True})
        assert answer is not None
        assert answer["id"] == ann
        assert len(here.entries()) == 1


async def test_rule_20_move_and_back(tmp_path: Path) -> None:
    text = mapping_text(user='parent = "people"', lifecycle='deactivate = "move"\nmove_to = "leavers"')
    async with site(tmp_path, text) as here:
        ann = (await here.post(ANN))["id"]
        assert here.entry(ann)[PARENT] == ("people",)
        await here.patch(ann, {"active": False})
        assert here.entry(ann)[PARENT] == ("leavers",)
        here.weather.clear()
        await here.patch(ann, {"active": False})
        assert here.weather.writes == []
        await here.patch(ann, {"active": True})
        assert here.entry(ann)[PARENT] == ("people",)
        assert (await here.get(ann))["active"] is True


async def test_a_move_alone_reads_as_inactive(tmp_path: Path) -> None:
    text = mapping_text(active="", user='parent = "people"', lifecycle='deactivate = "move"\nmove_to = "leavers"')
    async with site(tmp_path, text) as here:
        ann = (await here.post(ANN))["id"]
        await here.patch(ann, {"active": False})
        assert here.entry(ann)[PARENT] == ("leavers",)
        assert (await here.get(ann))["active"] is False
        await here.patch(ann, {"active": True})
        assert here.entry(ann)[PARENT] == ("people",)
        assert (await here.get(ann)).get("active", True) is True


async def test_refuse_is_403_and_said_aloud(tmp_path: Path) -> None:
    text = mapping_text(lifecycle='deactivate = "refuse"\ndelete = "refuse"')
    async with site(tmp_path, text) as here:
        ann = (await here.post(ANN))["id"]
        with pytest.raises(ForbiddenException):
            await here.patch(ann, {"active": False})
        with pytest.raises(ForbiddenException):
            await here.delete(ann)
        assert here.entry(ann)["state"] == ("on",)
        assert [line.operation for line in await here.ledger.audit(outcome="refused")] == ["patch", "delete"]


async def test_what_nothing_can_deactivate_is_not_silently_ignored(tmp_path: Path) -> None:
    async with site(tmp_path, mapping_text(active="")) as here:
        ann = (await here.post(ANN))["id"]
        with pytest.raises(ForbiddenException):
            await here.patch(ann, {"active": False})


async def test_rule_22_a_post_restores_only_the_same_person(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann = (await here.post({**ANN, "title": "Clerk"}))["id"]
        await here.delete(ann)
        for stranger in ({"userName": "ann"}, {**ANN, "externalId": "e-other"}):
            with pytest.raises(UniquenessException, match="deleted account"):
                await here.post(stranger)
        again = await here.post(ANN)
        assert again["id"] == ann
        assert again["active"] is True
        assert here.entry(ann)["state"] == ("on",)
        assert (await here.get(ann))["active"] is True


async def test_rule_22_s12_the_same_person_keeps_the_id_when_the_entry_is_gone(tmp_path: Path) -> None:
    async with site(tmp_path, mapping_text(lifecycle='delete = "delete"')) as here:
        ann = (await here.post(ANN))["id"]
        await here.delete(ann)
        assert (await here.post(ANN))["id"] == ann
        await here.delete(ann)
        other = (await here.post({**ANN, "externalId": "e-other"}))["id"]
        assert other != ann
        with pytest.raises(NotFoundException):
            await here.get(ann)


async def test_rule_22_e4_a_tombstone_rename_stays_in_the_ledger(tmp_path: Path) -> None:
    async with site(tmp_path, dialect="entra") as here:
        ann = (await here.post(ANN))["id"]
        answer = await here.patch(ann, {"active": False, "userName": TOMBSTONE})
        assert answer is not None
        assert (answer["userName"], answer["active"]) == (TOMBSTONE, False)
        assert here.entry(ann)["uid"] == ("ann",)
        await here.patch(ann, {"title": "T"})
        assert (await here.get(ann))["userName"] == TOMBSTONE
        with pytest.raises(UniquenessException, match="deleted account"):
            await here.post({**ANN, "externalId": "e-other"})
        answer = await here.patch(ann, {"active": True, "userName": "ann"})
        assert answer is not None
        assert (answer["userName"], answer["active"]) == ("ann", True)
        assert here.entry(ann)["uid"] == ("ann",)


async def test_rule_22_a_tombstone_is_restored_by_post_of_the_same_person(tmp_path: Path) -> None:
    async with site(tmp_path, dialect="entra") as here:
        ann = (await here.post(ANN))["id"]
        await here.patch(ann, {"active": False, "userName": TOMBSTONE})
        again = await here.post(ANN)
        assert (again["id"], again["userName"], again["active"]) == (ann, "ann", True)


async def test_rule_22_other_dialects_apply_the_rename(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann = (await here.post(ANN))["id"]
        await here.patch(ann, {"active": False, "userName": TOMBSTONE})
        assert here.entry(ann)["uid"] == (TOMBSTONE,)


async def test_rule_23_a_post_adopts_what_nobody_manages(tmp_path: Path) -> None:
    rows = 'nickName = { attr = "nick", default = "new" }\n[user.set]\nmade_by = { value = "scim", apply = "create" }'
    async with site(tmp_path, mapping_text(rows=rows)) as here:
        anchor = await here.plant(uid="Ann", name="Ann of old", state="locked", secret="hers")
        ann = await here.post({**ANN, "password": "ours"})
        held = here.entry(anchor)
        assert ann["id"] == anchor
        assert held["uid"] == ("Ann",)
        assert held["ext"] == ("e-ann",)
        assert held["name"] == ("Ann",)
        assert held["secret"] == ("hers",)
        assert held["state"] == ("locked",)
        assert "nick" not in held
        assert "made_by" not in held
        (line,) = await here.ledger.audit()
        assert {change.attribute for change in line.changes} == {"ext", "name"}, (
            "the audit tells no change that was not made"
        )
        with pytest.raises(UniquenessException):
            await here.post(ANN)
        with pytest.raises(UniquenessException, match=r"the same externalId or userName.*managed by this connection"):
            await here.post({"userName": "ann"})


async def test_rule_23_adoption_enforces_inactive(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        anchor = await here.plant(uid="ann", state="on")
        await here.post({**ANN, "active": False})
        assert here.entry(anchor)["state"] == ("off",)


async def test_rule_23_several_candidates_are_409(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        await here.plant(uid="ann")
        await here.plant(uid="other", ext="e-ann")
        with pytest.raises(UniquenessException):
            await here.post(ANN)
        await here.plant(uid="bob")
        await here.plant(uid="bob")
        with pytest.raises(UniquenessException):
            await here.post({"userName": "bob"})


async def test_rule_23_groups_are_never_adopted_by_default(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        await here.plant("Group", cn="Domain Admins")
        with pytest.raises(UniquenessException):
            await here.post({"displayName": "domain admins"}, "Group")


async def test_rule_23_link_group_then_delete_gives_it_back(tmp_path: Path) -> None:
    from connectors.entry import MEMBERS

    async with site(tmp_path) as here:
        ann, eve = (await here.post(ANN))["id"], (await here.post({"userName": "eve"}))["id"]
        team = await here.plant("Group", cn="Team", **{MEMBERS: (Ref(eve),)})
        assert await names(here, "Group") == [team]
        await here.add(team, ann)
        assert here.members(team) == {ann, eve}
        await here.delete(team, "Group")
        assert here.members(team) == {eve}
        assert here.entry(team, "Group")["cn"] == ("Team",)
        with pytest.raises(NotFoundException):
            await here.get(team, "Group")


def immutable_name(**otherwise: str) -> str:
    row = 'userName          = { attr = "uid", via = ["trim", "lower"], required = true'
    return mapping_text(**otherwise).replace(row, row + ', immutable = "recreate"')


async def test_rule_24_immutable_recreate_keeps_the_id(tmp_path: Path) -> None:
    text = immutable_name(lifecycle='delete = "disable"')
    async with site(tmp_path, text) as here:
        ann = (await here.post(ANN))["id"]
        answer = await here.patch(ann, {"userName": "anna"})
        assert answer is not None
        assert (answer["id"], answer["userName"]) == (ann, "anna")
        assert here.entry(ann)["state"] == ("off",)
        (new,) = set(here.entries()) - {ann}
        assert here.entry(new)["uid"] == ("anna",)
        assert here.entry(new)["state"] == ("on",)
        assert await names(here) == [ann]
        assert (await here.get(ann))["userName"] == "anna"
        await here.patch(ann, {"title": "T"})
        assert here.entry(new)["title"] == ("T",)


async def test_rule_24_a_lost_answer_does_not_double_the_new_entry(tmp_path: Path) -> None:
    text = immutable_name(lifecycle='delete = "delete"')
    async with site(tmp_path, text) as here:
        ann = (await here.post(ANN))["id"]
        here.weather.coming = ["fine", *["before"] * 3]
        with pytest.raises(Unavailable503):
            await here.patch(ann, {"userName": "anna"})
        answer = await here.patch(ann, {"userName": "anna"})
        assert answer is not None
        assert (answer["id"], answer["userName"]) == (ann, "anna")
        assert len(here.entries()) == 1


async def test_s10_put_creates_where_the_connection_says_so(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        with pytest.raises(NotFoundException):
            await here.put("their-id", ANN)
        here.provisioner = here.connect("okta", put_creates=True)
        made = await here.put("their-id", ANN)
        assert made["id"] == "their-id"
        assert (await here.get("their-id"))["userName"] == "ann"
        await here.put("their-id", {**ANN, "title": "T"})
        assert len(here.entries()) == 1
        team = (await here.post({"displayName": "Team", "members": [{"value": "their-id"}]}, "Group"))["id"]
        assert [member["value"] for member in (await here.get(team, "Group"))["members"]] == ["their-id"]
        await here.delete("their-id")
        with pytest.raises(NotFoundException):
            await here.put("their-id", ANN)


async def test_rule_21_an_anchor_behind_an_alias_is_nobodys_id(tmp_path: Path) -> None:
    async with site(tmp_path, put_creates=True) as here:
        await here.put("their-id", ANN)
        (anchor,) = here.entries()
        with pytest.raises(NotFoundException):
            await here.get(anchor)
        with pytest.raises(NotFoundException):
            await here.delete(anchor)


async def test_rule_24_with_a_deletion_refused_nothing_is_made(tmp_path: Path) -> None:
    async with site(tmp_path, immutable_name(lifecycle='delete = "refuse"')) as here:
        ann = (await here.post(ANN))["id"]
        with pytest.raises(ForbiddenException, match="refuses to delete"):
            await here.patch(ann, {"userName": "anna"})
        assert list(here.entries()) == [ann]
        assert (await here.get(ann))["userName"] == "ann"


@pytest.mark.parametrize("word", ["dies", "before"])
@pytest.mark.parametrize("at", range(3))
async def test_rule_24_the_old_entry_leaves_its_groups_whatever_happens_between(
    tmp_path: Path, at: int, word: str
) -> None:
    """The new entry is made, the old one disabled, then out of its group: each may be where it ends."""
    async with site(tmp_path, immutable_name(lifecycle='delete = "disable"')) as here:
        ann = (await here.post(ANN))["id"]
        team = (await here.post({"displayName": "Team", "members": [{"value": ann}]}, "Group"))["id"]
        here.weather.coming = ["fine"] * at + [word] * 3
        with pytest.raises(Unavailable503):
            await here.patch(ann, {"userName": "anna"})
        here.weather.clear()
        here.restarted()
        await here.patch(ann, {"userName": "anna"})
        await here.worker().admit()
        (new,) = set(here.entries()) - {ann}
        assert here.members(team) == {new}
        assert here.entry(ann)["state"] == ("off",)
