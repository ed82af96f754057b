"""Reading one resource: the target, the ledger's overlay, ids, meta, references (rules 1, 2, 5, 6, 13, 18, 20–22)."""

from pathlib import Path

import pytest
from scim2_models import NotFoundException

from connectors.contract import Capabilities
from connectors.entry import MEMBERS, Change, Entry, Kind, Ref
from connectors.errors import Unavailable
from gateway.ledger.model import Deferred
from gateway.provisioning.model import Wanted
from tests.provisioning.library import ENTERPRISE, RICH, library

pytestmark = pytest.mark.anyio
MANAGER = f"{ENTERPRISE}:manager.value"


async def test_rule_01_a_read_shows_the_target(tmp_path: Path) -> None:
    async with library(tmp_path) as here:
        await here.user("ann", name="Ann", mail=("a@x", "b@x"), dept="R&D", unmapped="x")
        found = await here.get("ann")
        meta = found.pop("meta")
        assert found == {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
            "id": "ann",
            "userName": "ann",
            "displayName": "Ann",
            "active": True,
            "emails": [{"type": "work", "value": "a@x"}, {"type": "work", "value": "b@x"}],
            ENTERPRISE: {"department": "R&D"},
        }
        assert meta.keys() == {"resourceType", "created", "lastModified", "version"}
        assert (meta["resourceType"], meta["version"]) == ("User", 'W/"1"')


async def test_rule_01_a_read_shows_ledger_values(tmp_path: Path) -> None:
    async with library(tmp_path) as here:
        await here.user("ann")
        await here.confirm("ann", stored={"externalId": "00u1", "nickName": "Annie"})
        found = await here.get("ann")
        assert (found["externalId"], found["nickName"]) == ("00u1", "Annie")


async def test_rule_01_an_absent_user_is_shown_inactive(tmp_path: Path) -> None:
    async with library(tmp_path) as here:
        seen = {"userName": "ann", "displayName": "Ann", "active": True, "groups": [{"value": "g"}], "id": "x"}
        await here.confirm("ann", anchor=None, life="absent", overlay={"@resource": seen}, stored={"externalId": "E"})
        found = await here.get("ann")
        version = found.pop("meta")["version"]
        assert found == {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "id": "ann",
            "userName": "ann",
            "displayName": "Ann",
            "externalId": "E",
            "active": False,
        }
        assert version.startswith('W/"')


async def test_rule_02_nothing_there_is_404(tmp_path: Path) -> None:
    async with library(tmp_path) as here:
        for id in ("nobody", "", "uid=ann,dc=x", "*", "a\0b", "\ud800", "x" * 9000):
            with pytest.raises(NotFoundException):
                await here.get(id)


async def test_rule_02_what_was_confirmed_a_moment_ago_and_is_missing_is_503(tmp_path: Path) -> None:
    async with library(tmp_path) as here:
        await here.confirm("ann")
        here.later(299)
        with pytest.raises(Unavailable):
            await here.get("ann")
        here.later(301)
        with pytest.raises(NotFoundException):
            await here.get("ann")


async def test_rule_02_a_target_that_is_down_is_not_404(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with library(tmp_path) as here:
        await here.user("ann")

        async def down(*_: object) -> Entry:
            raise Unavailable("the base is missing")

        monkeypatch.setattr(here.reader.views["User"].collection, "read", down)
        with pytest.raises(Unavailable):
            await here.get("ann")


async def test_rule_05_groups_are_the_direct_ones_in_scope(tmp_path: Path) -> None:
    async with library(tmp_path, group="scope = 'not (displayName sw \"hidden\")'") as here:
        await here.user("ann")
        await here.group("staff", "ann")
        await here.group("hidden-one", "ann")
        await here.group("gone", "ann")
        await here.group("all", "staff")
        await here.confirm("gone", "Group", life="deleted")
        found = await here.get("ann")
        assert found["groups"] == [{"value": "staff", "display": "staff", "type": "direct"}]
        nested = await here.get("all", "Group")
        assert nested["members"] == [{"value": "staff", "display": "staff", "type": "Group"}]


async def test_rule_05_groups_are_not_covered_by_the_users_etag(tmp_path: Path) -> None:
    for capabilities in (RICH, Capabilities(sorting=True, counting=True)):
        async with library(tmp_path, capabilities=capabilities) as here:
            await here.user("ann")
            before = (await here.get("ann"))["meta"]["version"]
            await here.group("staff", "ann")
            found = await here.get("ann")
            assert found["groups"]
            assert found["meta"]["version"] == before


async def test_rule_06_the_etag_is_the_targets_version_and_that_of_visible_ledger_values(tmp_path: Path) -> None:
    async with library(tmp_path) as here:
        await here.user("ann")
        tags = [(await here.get("ann"))["meta"]["version"]]
        await here.confirm("ann")
        assert (await here.get("ann"))["meta"]["version"] == tags[0]
        await here.confirm("ann", stored={"nickName": "A"})
        tags.append((await here.get("ann"))["meta"]["version"])
        await here.confirm("ann", stored={"nickName": "A"})
        assert (await here.get("ann"))["meta"]["version"] == tags[1]
        collection = here.reader.views["User"].collection
        await collection.update("ann", [Change(Kind.REPLACE, "title", ("Chief",))])
        tags.append((await here.get("ann"))["meta"]["version"])
        assert len(set(tags)) == 3
        assert all(tag.startswith('W/"') and tag.endswith('"') for tag in tags)


async def test_rule_06_without_a_version_it_is_a_hash_of_the_mapped_attributes(tmp_path: Path) -> None:
    async with library(tmp_path, capabilities=Capabilities(sorting=True, counting=True)) as here:
        await here.user("boss", name="Boss")
        await here.user("ann", boss=Ref("boss"))
        await here.group("g")
        first = (await here.get("ann"))["meta"]["version"]
        assert (await here.get("ann", "User", "userName"))["meta"]["version"] == first
        assert (await here.find('userName eq "ann"', wanted=frozenset({"title"}))).resources[0]["meta"][
            "version"
        ] == first
        collection = here.reader.views["User"].collection
        await collection.update("boss", [Change(Kind.REPLACE, "name", ("The Boss",))])
        assert (await here.get("ann"))["meta"]["version"] == first
        await collection.update("ann", [Change(Kind.REPLACE, "title", ("Chief",))])
        changed = (await here.get("ann"))["meta"]["version"]
        assert changed != first
        await here.confirm("ann", stored={"nickName": "A"})
        await here.confirm("ann", stored={"nickName": "B"})
        assert (await here.get("ann"))["meta"]["version"] != changed
        assert "version" not in (await here.get("g", "Group"))["meta"]


async def test_meta_times_are_the_targets_or_else_the_ledgers(tmp_path: Path) -> None:
    async with library(tmp_path) as here:
        await here.user("ann")
        await here.group("g")
        made = await here.confirm("g", "Group")
        assert made.created is not None
        entry = here.memory.store["User"]["ann"].attributes
        meta = (await here.get("ann"))["meta"]
        assert meta["created"][:19] == str(entry["made"][0])[:19]
        group = (await here.get("g", "Group"))["meta"]
        assert group["created"] == made.created.isoformat().replace("+00:00", "Z")


async def test_rule_13_other_connections_may_read(tmp_path: Path) -> None:
    async with library(tmp_path) as here:
        await here.user("ann")
        await here.confirm("ann", connection="entra", stored={"nickName": "Annie"})
        assert (await here.get("ann"))["nickName"] == "Annie"
        assert await here.ids('userName eq "ann"') == ["ann"]
        loaded = await here.reader.load("User", "ann")
        assert loaded.assertion is not None
        assert loaded.assertion.connection == "entra"


async def test_rule_01_an_absent_user_is_still_shown_in_the_groups_asserted(tmp_path: Path) -> None:
    async with library(tmp_path) as here:
        await here.group("staff")
        await here.confirm("staff", "Group", members_added=frozenset({"ann"}))
        away = {"userName": "ann", "displayName": "Ann", "active": False}
        await here.confirm("ann", anchor=None, life="absent", overlay={"@resource": away})
        assert (await here.get("staff", "Group"))["members"] == [{"value": "ann", "display": "Ann", "type": "User"}]
        assert (await here.get("ann"))["groups"] == [{"value": "staff", "display": "staff", "type": "direct"}]


async def test_rule_17_all_true_members_are_shown_and_held_ones(tmp_path: Path) -> None:
    async with library(tmp_path) as here:
        for name in ("ann", "bob", "guest"):
            await here.user(name, name=name.title())
        await here.group("staff", "ann", "guest")
        await here.confirm(
            "staff", "Group", members_added=frozenset({"ann"}), members_held=frozenset({"bob", "absent"})
        )
        members = (await here.get("staff", "Group"))["members"]
        assert sorted(members, key=lambda one: str(one["value"])) == [
            {"value": "absent"},
            {"value": "ann", "display": "Ann", "type": "User"},
            {"value": "bob", "display": "Bob", "type": "User"},
            {"value": "guest", "display": "Guest", "type": "User"},
        ]
        assert (await here.get("bob"))["groups"] == [{"value": "staff", "display": "staff", "type": "direct"}]


async def test_members_are_read_only_when_they_are_wanted(tmp_path: Path) -> None:
    async with library(tmp_path) as here:
        await here.user("ann")
        await here.group("staff", "ann")
        here.asked.clear()
        assert "members" not in await here.get("staff", "Group", without=["members"])
        assert "members" not in await here.get("staff", "Group", "displayName")
        assert "groups" not in await here.get("ann", "User", "userName")
        await here.reader.load("Group", "staff")
        assert not any(MEMBERS in (query.attributes or ()) for query in here.asked)
        assert "members" in await here.get("staff", "Group", "members")


async def test_rule_18_a_deferred_reference_is_shown_as_it_was_sent(tmp_path: Path) -> None:
    async with library(tmp_path) as here:
        await here.user("boss", name="Boss")
        await here.user("ann", boss=Ref("boss"))
        found = await here.get("ann")
        assert found[ENTERPRISE]["manager"] == {"value": "boss", "displayName": "Boss"}
        await here.confirm("ann", deferred=(Deferred(MANAGER, "User", "not-here-yet"),))
        found = await here.get("ann")
        assert found[ENTERPRISE]["manager"] == {"value": "not-here-yet"}
        assert ENTERPRISE in found["schemas"]


async def test_rule_20_what_was_deleted_is_404_even_where_the_entry_stays(tmp_path: Path) -> None:
    async with library(tmp_path) as here:
        await here.user("ann")
        await here.user("bob", boss=Ref("ann"))
        await here.group("staff", "ann", "bob")
        await here.confirm("ann", life="deleted")
        for read in (here.get, lambda id: here.reader.load("User", id)):
            with pytest.raises(NotFoundException):
                await read("ann")
        assert [one["value"] for one in (await here.get("staff", "Group"))["members"]] == ["bob"]
        assert ENTERPRISE not in await here.get("bob")


async def test_rule_21_the_first_id_issued_is_the_only_one_shown(tmp_path: Path) -> None:
    async with library(tmp_path) as here:
        await here.user("new-anchor", name="Ann")
        await here.user("bob", boss=Ref("new-anchor"))
        await here.group("g-anchor", "new-anchor")
        await here.confirm("ann", anchor="new-anchor")
        await here.confirm("staff", "Group", anchor="g-anchor")
        found = await here.get("ann")
        assert found["id"] == "ann"
        assert [one["value"] for one in found["groups"]] == ["staff"]
        assert (await here.get("bob"))[ENTERPRISE]["manager"]["value"] == "ann"
        assert [one["value"] for one in (await here.get("staff", "Group"))["members"]] == ["ann"]
        for id, kind in (("new-anchor", "User"), ("g-anchor", "Group")):
            with pytest.raises(NotFoundException):
                await here.get(id, kind)


async def test_rule_24_an_entry_that_was_replaced_is_not_seen(tmp_path: Path) -> None:
    async with library(tmp_path) as here:
        await here.user("ann", state="off")
        await here.user("ann-2")
        await here.confirm("ann")
        await here.confirm("ann", anchor="ann-2", retired=("ann",))
        found = await here.get("ann")
        assert (found["id"], found["userName"], found["active"]) == ("ann", "ann-2", True)
        assert await here.ids() == ["ann"]


async def test_rule_22_an_ignored_tombstone_rename_is_shown_and_the_directory_keeps_the_name(tmp_path: Path) -> None:
    async with library(tmp_path) as here:
        await here.user("ann")
        await here.confirm("ann", overlay={"userName": "0" * 32 + "ann@x"})
        assert (await here.get("ann"))["userName"] == "0" * 32 + "ann@x"
        await here.confirm("ann", overlay={"userName": None})
        assert (await here.get("ann"))["userName"] == "ann"


async def test_rule_25_outside_the_scope_is_404(tmp_path: Path) -> None:
    async with library(tmp_path, user='scope = \'title eq "staff" and target:dept eq "x"\'') as here:
        await here.user("ann", title="Staff", dept="x")
        await here.user("bob", title="Staff", dept="y")
        assert (await here.get("ann", "User", "userName"))["id"] == "ann"
        for read in (lambda: here.get("bob"), lambda: here.reader.load("User", "bob")):
            with pytest.raises(NotFoundException):
                await read()


async def test_a_writer_loads_the_whole_entry_and_renders_what_a_write_returned(tmp_path: Path) -> None:
    async with library(tmp_path) as here:
        await here.user("ann", title="Chief", dept="x")
        await here.group("staff", "ann")
        made = await here.confirm("ann", stored={"nickName": "A"})
        loaded = await here.reader.load("User", "ann")
        assert loaded.entry is not None
        assert loaded.entry.attributes["dept"] == ("x",)
        assert loaded.assertion == made
        assert loaded.resource["nickName"] == "A"
        shown = await here.reader.render("User", loaded.entry, made)
        assert shown == await here.get("ann")
        assert [one["value"] for one in shown["groups"]] == ["staff"]
        narrow = await here.reader.render("User", loaded.entry, made, Wanted(frozenset({"userName"})))
        assert "groups" not in narrow


async def test_a_reference_to_what_vanished_meanwhile_does_no_harm(tmp_path: Path) -> None:
    async with library(tmp_path) as here:
        await here.user("ann")
        await here.group("staff", "ann")
        here.memory.store["Group"]["staff"].attributes[MEMBERS] = (Ref("ann"), Ref("ghost"))
        members = (await here.get("staff", "Group"))["members"]
        assert {one["value"] for one in members} >= {"ann"}


async def test_the_404_names_what_was_asked_for(tmp_path: Path) -> None:
    async with library(tmp_path) as here:
        with pytest.raises(NotFoundException, match="User nobody not found"):
            await here.get("nobody")
