"""Scope and protection hold on every path (semantics, rule 25)."""

from pathlib import Path

import pytest
from scim2_models import ForbiddenException, NotFoundException, UniquenessException

from connectors.entry import MEMBERS, Ref
from gateway.mapping.compiled import parse_filter
from gateway.provisioning.model import MemberChange, Search
from tests.provisioning.site import Site, mapping_text, site

pytestmark = pytest.mark.anyio

ANN = {"userName": "ann", "externalId": "e-ann", "title": "Clerk"}
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
SCOPED = mapping_text(user="scope = 'title eq \"Clerk\"'")
PROTECTED = mapping_text(
    user="protect = ['target:admincount eq \"1\"']", group="protect = ['displayName eq \"Domain Admins\"']"
)


async def found(here: Site, kind: str, filter: str) -> list[str]:
    listing = await here.provisioner.search(Search((kind,), filter=parse_filter(filter)))
    assert listing.total == len(listing.resources)
    return [resource["id"] for resource in listing.resources]


async def test_rule_25_outside_the_scope_is_404_on_every_verb(tmp_path: Path) -> None:
    async with site(tmp_path, SCOPED) as here:
        boss = await here.plant(uid="boss", title="Chief")
        for request in (
            here.get(boss),
            here.put(boss, {"userName": "boss", "title": "Clerk"}),
            here.patch(boss, {"title": "Clerk"}),
            here.delete(boss),
        ):
            with pytest.raises(NotFoundException):
                await request
        with pytest.raises(UniquenessException):
            await here.post({"userName": "boss", "title": "Clerk"})
        assert here.weather.writes == []


async def test_rule_25_leaving_the_scope_is_403(tmp_path: Path) -> None:
    async with site(tmp_path, SCOPED) as here:
        ann = (await here.post(ANN))["id"]
        here.weather.clear()
        with pytest.raises(ForbiddenException):
            await here.patch(ann, {"title": "Chief"})
        with pytest.raises(ForbiddenException):
            await here.post({"userName": "bob", "title": "Chief"})
        with pytest.raises(ForbiddenException):
            await here.put(ann, {"userName": "ann", "externalId": "e-ann"})
        assert here.weather.writes == []
        assert here.entry(ann)["title"] == ("Clerk",)


async def test_rule_25_who_is_outside_the_scope_is_no_member(tmp_path: Path) -> None:
    from scim2_models import InvalidValueException

    async with site(tmp_path, SCOPED) as here:
        boss = await here.plant(uid="boss", title="Chief")
        ann = (await here.post(ANN))["id"]
        team = (await here.post({"displayName": "Team"}, "Group"))["id"]
        with pytest.raises(InvalidValueException, match=boss):
            await here.add(team, ann, boss)
        await here.add(team, ann)
        assert here.members(team) == {ann}


@pytest.mark.parametrize("others", ["keep", "remove"])
async def test_rule_25_who_is_outside_the_scope_stays_where_somebody_else_put_them(tmp_path: Path, others: str) -> None:
    """For this connection they do not exist: a removal that names them removes nothing (rules 17, 19 and 25)."""
    text = mapping_text(user="scope = 'title eq \"Clerk\"'", members=f'others = "{others}"')
    async with site(tmp_path, text) as here:
        boss = await here.plant(uid="boss", title="Chief")
        ann, bob = [(await here.post({**ANN, "userName": name, "externalId": name}))["id"] for name in ("ann", "bob")]
        team = (await here.post({"displayName": "Team", "members": [{"value": ann}, {"value": bob}]}, "Group"))["id"]
        await here.touch(team, "Group", **{MEMBERS: (Ref(ann), Ref(bob), Ref(boss))})
        await here.remove(team, boss, bob)
        assert here.members(team) == {ann, boss}
        await here.put(team, {"displayName": "Team", "members": []}, "Group")
        assert here.members(team) == {boss}
        await here.change_members(team, MemberChange("remove", None))
        assert here.members(team) == {boss}


@pytest.mark.parametrize("how", ["remove", "put", "all"])
async def test_rule_25_whom_this_connection_added_it_takes_away_also_outside_the_scope(
    tmp_path: Path, how: str
) -> None:
    async with site(tmp_path, SCOPED) as here:
        ann = (await here.post(ANN))["id"]
        team = (await here.post({"displayName": "Team", "members": [{"value": ann}]}, "Group"))["id"]
        await here.touch(ann, title="Chief")
        assert "members" not in await here.get(team, "Group")
        if how == "put":
            await here.put(team, {"displayName": "Team", "members": []}, "Group")
        else:
            ids = (ann,) if how == "remove" else None
            await here.change_members(team, MemberChange("remove", ids))
        assert here.members(team) == set()


async def test_rule_25_without_a_scope_a_removal_asks_for_nobody(tmp_path: Path) -> None:
    async with site(tmp_path) as here:
        ann = (await here.post(ANN))["id"]
        team = (await here.post({"displayName": "Team", "members": [{"value": ann}]}, "Group"))["id"]
        here.weather.clear()
        await here.remove(team, ann)
        assert here.weather.calls == [("update", "Group")]


async def test_rule_25_a_manager_outside_the_scope_is_nobody(tmp_path: Path) -> None:
    async with site(tmp_path, SCOPED) as here:
        boss = await here.plant(uid="boss", title="Chief", name="The Boss")
        answer = await here.post({**ANN, ENTERPRISE: {"manager": {"value": boss}}})
        ann = answer["id"]
        assert answer[ENTERPRISE]["manager"] == {"value": boss}, "kept as it was sent, and nothing told of them"
        assert "boss" not in here.entry(ann)
        await here.touch(ann, boss=Ref(boss))
        await here.patch(ann, {f"{ENTERPRISE}:manager": None})
        assert here.entry(ann)["title"] == ("Clerk",)
        await here.touch(ann, boss=Ref(boss))
        assert ENTERPRISE not in await here.get(ann), "what the directory says of them is not shown either"
        assert await found(here, "User", f'{ENTERPRISE}:manager.value eq "{boss}"') == []
        await here.touch(boss, title="Clerk")
        assert (await here.get(ann))[ENTERPRISE]["manager"]["displayName"] == "The Boss"
        assert await found(here, "User", f'{ENTERPRISE}:manager.value eq "{boss}"') == [ann]
        await here.patch(ann, {f"{ENTERPRISE}:manager.value": boss})
        assert here.entry(ann)["boss"] == (Ref(boss),)


async def test_rule_25_members_outside_the_scope_are_neither_shown_nor_removed(tmp_path: Path) -> None:
    text = mapping_text(user="scope = 'title eq \"Clerk\"'", members='others = "remove"')
    async with site(tmp_path, text) as here:
        boss = await here.plant(uid="boss", title="Chief")
        ann = (await here.post(ANN))["id"]
        team = (await here.post({"displayName": "Team", "members": [{"value": ann}]}, "Group"))["id"]
        await here.touch(team, "Group", **{MEMBERS: (Ref(ann), Ref(boss))})
        assert [member["value"] for member in (await here.get(team, "Group"))["members"]] == [ann]
        assert await found(here, "Group", f'members.value eq "{boss}"') == []
        assert await found(here, "Group", f'members.value eq "{ann}"') == [team]
        await here.put(team, {"displayName": "Team", "members": []}, "Group")
        assert here.members(team) == {boss}


async def test_rule_25_what_is_protected_is_read_and_never_written(tmp_path: Path) -> None:
    async with site(tmp_path, PROTECTED) as here:
        root = await here.plant(uid="root", admincount="1")
        ann = (await here.post(ANN))["id"]
        admins = await here.plant("Group", cn="Domain Admins", **{MEMBERS: (Ref(root),)})
        assert (await here.get(root))["userName"] == "root"
        here.weather.clear()
        for request in (
            here.put(root, {"userName": "root"}),
            here.patch(root, {"active": False}),
            here.delete(root),
            here.post({"userName": "root"}),
            here.add(admins, ann),
            here.remove(admins, root),
            here.patch(admins, {"displayName": "Others"}, "Group"),
            here.put(admins, {"displayName": "Domain Admins", "members": []}, "Group"),
            here.delete(admins, "Group"),
        ):
            with pytest.raises(ForbiddenException):
                await request
        assert here.weather.writes == []
        assert here.members(admins) == {root}


async def test_rule_25_what_would_be_protected_is_not_made(tmp_path: Path) -> None:
    async with site(tmp_path, mapping_text(user="protect = ['title eq \"CEO\"']")) as here:
        with pytest.raises(ForbiddenException, match="protected"):
            await here.post({**ANN, "title": "CEO"})
        assert here.weather.writes == []
        assert (await here.post({**ANN, "title": "COO"}))["title"] == "COO"


async def test_rule_25_a_refused_deactivation_alerts(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with site(tmp_path, PROTECTED) as here:
        root = await here.plant(uid="root", admincount="1")
        with pytest.raises(ForbiddenException):
            await here.patch(root, {"active": False})
        with pytest.raises(ForbiddenException):
            await here.delete(root)
        assert [line.id for line in await here.ledger.audit(outcome="refused")] == [root, root]
        assert len([record for record in caplog.records if "refused" in record.getMessage()]) == 2


async def test_rule_25_a_deleted_user_leaves_no_protected_group(tmp_path: Path) -> None:
    async with site(tmp_path, PROTECTED) as here:
        ann = (await here.post(ANN))["id"]
        admins = await here.plant("Group", cn="Domain Admins", **{MEMBERS: (Ref(ann),)})
        await here.delete(ann)
        assert here.members(admins) == {ann}


async def test_a_lifecycle_that_refuses_is_named_as_the_reason(tmp_path: Path) -> None:
    """Not ``allow`` of the connection, which an administrator would then look at in vain."""
    text = mapping_text(lifecycle='delete = "refuse"\ndeactivate = "refuse"\n[group.lifecycle]\ndelete = "refuse"')
    async with site(tmp_path, text) as here:
        ann, team = await here.post(ANN), await here.post({"displayName": "Team"}, "Group")
        with pytest.raises(ForbiddenException, match=r'the mapping refuses to delete a User .*delete = "refuse"'):
            await here.delete(ann["id"])
        with pytest.raises(ForbiddenException, match=r'deactivate a User .*deactivate = "refuse"'):
            await here.patch(ann["id"], {"active": False})
        with pytest.raises(ForbiddenException, match=r'delete a Group .*delete = "refuse"'):
            await here.delete(team["id"], "Group")
        assert await here.get(ann["id"])
