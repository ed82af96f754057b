"""Heap's guide (rows P): the preset ``heap`` before an application, by its API and in its tables."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.acceptance.world import BEARER, USER, World, world
from tests.backends.workroom import Workroom

pytestmark = pytest.mark.anyio


@pytest.fixture
async def heap(anyio_backend: str, tmp_path: Path, room: Workroom, way: str) -> AsyncIterator[World]:
    async with world(tmp_path, room, "heap", way.partition("-")[0], dialect="okta") as found:
        yield found


async def test_p1_deactivation_removes_and_reactivation_makes_again_under_the_same_id(heap: World) -> None:
    id = (await heap.user(name={"givenName": "Ann", "familyName": "Lee"}))["id"]
    await heap.active(id, False)
    assert heap.room.sql("SELECT * FROM users") == []
    gone = await heap.get(f"/Users/{id}")
    assert (gone["active"], gone["userName"]) == (False, "ann@corp.example")
    back = (await heap.active(id, True)).json()
    assert (back["id"], back["active"]) == (id, True)
    row = heap.room.person("ann@corp.example")
    assert (row["first_name"], row["state"]) == ("Ann", "active")
    await heap.send("DELETE", f"/Users/{id}", None, 204)
    assert heap.room.sql("SELECT * FROM users") == []
    await heap.get(f"/Users/{id}", 404)
    assert (await heap.user())["id"] == id, "the same externalId is the same person"


async def test_p2_the_role_parameter_overrides_the_default_and_is_applied_when_it_changes(heap: World) -> None:
    id = (await heap.user())["id"]
    assert heap.room.person("ann@corp.example")["role"] == "viewer"

    async def put(**more: str) -> None:
        body = {"schemas": [USER], "userName": "ann@corp.example", "externalId": "E-ann@corp.example", **more}
        await heap.send("PUT", f"/Users/{id}", body, 200)

    await put(heapRole="Editor")
    assert heap.room.person("ann@corp.example")["role"] == "editor"
    heap.room.sql("UPDATE users SET role = 'workspace_admin'")
    await put(heapRole="Editor")
    assert heap.room.person("ann@corp.example")["role"] == "workspace_admin", "changed in the application: it stays"
    await put(heapRole="Viewer")
    assert heap.room.person("ann@corp.example")["role"] == "viewer"
    refused = await heap.user("bob@corp.example", status=400, heapRole="viewer")
    assert refused["scimType"] == "invalidValue", "the name must match exactly"


async def test_p2_without_the_parameter_there_is_the_default_again(heap: World) -> None:
    id = (await heap.user(heapRole="Admin"))["id"]
    body = {"schemas": [USER], "userName": "ann@corp.example", "externalId": "E-ann@corp.example"}
    await heap.send("PUT", f"/Users/{id}", body, 200)
    assert heap.room.person("ann@corp.example")["role"] == "viewer"


async def test_p3_a_new_address_is_a_new_account_under_the_same_id(heap: World) -> None:
    id = (await heap.user(name={"givenName": "Ann", "familyName": "Lee"}))["id"]
    before = heap.room.person("ann@corp.example")["id"]
    renamed = await heap.patch(f"/Users/{id}", {"op": "replace", "path": "userName", "value": "ann.lee@corp.example"})
    assert (renamed.json()["id"], renamed.json()["userName"]) == (id, "ann.lee@corp.example")
    (row,) = heap.room.sql("SELECT * FROM users")
    assert row["id"] != before
    assert (row["email"], row["first_name"], row["state"]) == ("ann.lee@corp.example", "Ann", "active")
    assert (await heap.get(f"/Users/{id}"))["userName"] == "ann.lee@corp.example"


async def test_p4_an_account_of_another_organization_is_409_and_says_whose(heap: World) -> None:
    heap.room.ask("POST", "/users", {"email": "ann@corp.example", "organization": "globex", "state": "active"})
    refused = await heap.user(status=409)
    assert refused["scimType"] == "uniqueness"
    assert "scope" in refused["detail"] or "globex" in refused["detail"]
    assert await heap.found("Users", 'userName eq "ann@corp.example"') == []
    row = heap.room.person("ann@corp.example")
    assert (row["organization"], row["idp_id"], row["state"]) == ("globex", None, "active")


async def test_p5_an_existing_team_is_found_by_name_and_linked(heap: World) -> None:
    id = (await heap.user())["id"]
    heap.room.login("ann@corp.example")
    there = heap.room.ask("POST", "/teams", {"name": "Growth"}).json()["id"]
    assert [each["displayName"] for each in (await heap.get("/Groups"))["Resources"]] == ["Growth"]
    (team,) = await heap.found("Groups", 'displayName eq "Growth"')
    assert team["id"] == str(there)
    await heap.patch(f"/Groups/{there}", {"op": "add", "path": "members", "value": [{"value": id}]}, status=204)
    assert heap.members("Growth") == {"ann@corp.example"}
    assert len(heap.room.sql("SELECT * FROM teams")) == 1


async def test_p5_a_new_team_is_created(heap: World) -> None:
    id = (await heap.user())["id"]
    heap.room.login("ann@corp.example")
    await heap.group("Growth", id)
    assert heap.members("Growth") == {"ann@corp.example"}


async def test_p6_only_those_who_are_assigned_become_members(heap: World) -> None:
    id = (await heap.user())["id"]
    heap.room.login("ann@corp.example")
    team = await heap.group("Growth")
    both = [{"value": id}, {"value": "00u-not-assigned"}]
    answer = await heap.patch(f"/Groups/{team}", {"op": "add", "path": "members", "value": both})
    assert [each["value"] for each in answer.json()["members"]] == [id], "the body shows who was left out"
    assert heap.members("Growth") == {"ann@corp.example"}
    assert any("00u-not-assigned" in f"{line.detail}{line.changes}" for line in await heap.audit())


async def test_p7_a_marker_tells_the_application_whom_it_may_not_change(
    tmp_path: Path, room: Workroom, way: str
) -> None:
    marked = '[user]\nmarker = { attr = "created_by", value = "scim" }\n[user.set]\ncreated_by = false\n'
    async with world(tmp_path, room, "heap", way.partition("-")[0], mapping=marked) as heap:
        room.login("bob@corp.example")
        await heap.user()
        await heap.user("bob@corp.example")
        assert {row["created_by"] for row in room.sql("SELECT created_by FROM users")} == {"scim"}


async def test_p8_a_name_in_other_capitals_is_the_same_name(heap: World) -> None:
    id = (await heap.user("Ann@Corp.example"))["id"]
    assert (await heap.user("ann@corp.EXAMPLE", status=409, externalId="another"))["scimType"] == "uniqueness"
    assert [each["id"] for each in await heap.found("Users", 'userName eq "ANN@CORP.EXAMPLE"')] == [id]
    assert len(heap.room.sql("SELECT * FROM users")) == 1


async def test_h5_p9_the_token_is_pasted_with_or_without_bearer(heap: World) -> None:
    for value in (BEARER, f"Bearer {BEARER}", f"bearer {BEARER}"):
        heap.client.headers["Authorization"] = value
        assert (await heap.get("/Users?count=1"))["totalResults"] == 0
    heap.client.headers["Authorization"] = f"{BEARER}x"
    await heap.get("/Users", 401)
