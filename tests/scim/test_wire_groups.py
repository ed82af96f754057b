"""Groups and their members on the wire (idp-dialects.md; semantics, rules 8, 17, 18)."""

from pathlib import Path
from typing import Any

import pytest

from tests.scim.wire import BASE, ENTERPRISE, GROUP, PATCH, PATH, Wire, fails, wire

pytestmark = pytest.mark.anyio


async def team(client: Wire) -> tuple[dict[str, Any], list[str]]:
    """A group of two, and three users."""
    ids = [(await client.user(name, displayName=name.title()))["id"] for name in ("ann", "bob", "cid")]
    return await client.group("Team", members=[{"value": ids[0], "display": "x"}, {"value": ids[1]}]), ids


async def members(client: Wire, group: dict[str, Any]) -> set[str]:
    return {member["value"] for member in (await client.read("Groups", group["id"])).get("members", [])}


async def test_members_are_shown_with_display_type_and_ref(tolerant: Wire) -> None:
    group, ids = await team(tolerant)
    shown = {member["value"]: member for member in group["members"]}
    assert shown[ids[0]] == {"value": ids[0], "type": "User", "display": "Ann", "$ref": f"{BASE}{PATH}/Users/{ids[0]}"}
    (membership,) = (await tolerant.read("Users", ids[0]))["groups"]
    assert membership["value"] == group["id"]
    assert membership["$ref"] == f"{BASE}{PATH}/Groups/{group['id']}"
    assert membership["display"] == "Team"


async def test_a_member_without_a_display_name_is_shown_by_the_formatted_name(tolerant: Wire) -> None:
    ann = await tolerant.user("ann", name={"formatted": "Ann Lee"})
    bob = await tolerant.user("bob", displayName="Bob", name={"formatted": "Bob Ortiz"})
    cid = await tolerant.user("cid", **{ENTERPRISE: {"manager": {"value": ann["id"]}}})
    group = await tolerant.group("Team", members=[{"value": each["id"]} for each in (ann, bob, cid)])
    assert {member.get("display") for member in group["members"]} == {"Ann Lee", "Bob", None}
    await tolerant.patch(f"/Users/{bob['id']}", {"op": "remove", "path": "displayName"})
    shown = (await tolerant.read("Groups", group["id"]))["members"]
    assert {member.get("display") for member in shown} == {"Ann Lee", "Bob Ortiz", None}
    found = await tolerant.get("/Groups", params={"filter": 'members.display eq "bob ortiz"'})
    assert found.json()["totalResults"] == 1
    assert "displayName" not in cid[ENTERPRISE]["manager"], "a formatted name is no displayName"


async def test_member_deltas_are_answered_204(tolerant: Wire) -> None:
    group, ids = await team(tolerant)
    path = f"/Groups/{group['id']}"
    added = await tolerant.patch(path, {"op": "add", "path": "members", "value": [{"value": ids[2]}]})
    assert (added.status_code, added.content) == (204, b"")
    assert await members(tolerant, group) == set(ids)
    again = await tolerant.patch(path, {"op": "add", "path": "members", "value": [{"value": ids[2]}]})
    assert again.status_code == 204
    removed = await tolerant.patch(path, {"op": "remove", "path": f'members[value eq "{ids[0]}"]'})
    assert removed.status_code == 204
    assert await members(tolerant, group) == {ids[1], ids[2]}


async def test_member_deltas_with_attributes_are_answered_200(tolerant: Wire) -> None:
    group, ids = await team(tolerant)
    add = {"op": "add", "path": "members", "value": [{"value": ids[2]}]}
    response = await tolerant.patch(f"/Groups/{group['id']}?attributes=members", add)
    assert response.status_code == 200
    assert {member["value"] for member in response.json()["members"]} == set(ids)


async def test_a_replace_says_what_then_stands(tolerant: Wire) -> None:
    group, ids = await team(tolerant)
    response = await tolerant.patch(
        f"/Groups/{group['id']}", {"op": "replace", "path": "members", "value": [{"value": ids[2]}]}
    )
    assert response.status_code == 200
    assert [member["value"] for member in response.json()["members"]] == [ids[2]]


async def test_e3_a_remove_with_values_removes_only_these(tolerant: Wire) -> None:
    group, ids = await team(tolerant)
    operation = {"op": "Remove", "path": "members", "value": [{"$ref": None, "value": ids[0]}]}
    assert (await tolerant.patch(f"/Groups/{group['id']}", operation)).status_code == 204
    assert await members(tolerant, group) == {ids[1]}


async def test_a_remove_without_values_removes_all(tolerant: Wire) -> None:
    group, _ = await team(tolerant)
    answer = await tolerant.patch(f"/Groups/{group['id']}", {"op": "remove", "path": "members"})
    assert (answer.status_code, answer.json().get("members")) == (200, None)
    assert await members(tolerant, group) == set()


async def test_okta_renames_without_a_path_and_with_the_id(tolerant: Wire) -> None:
    group, ids = await team(tolerant)
    operation = {"op": "replace", "value": {"id": group["id"], "displayName": "New"}}
    response = await tolerant.patch(f"/Groups/{group['id']}", operation)
    assert (response.status_code, response.json()["displayName"]) == (200, "New")
    assert await members(tolerant, group) == set(ids[:2])
    assert (await tolerant.read("Users", ids[0]))["groups"][0]["display"] == "New"


async def test_okta_removes_and_adds_in_one_patch(tolerant: Wire) -> None:
    group, ids = await team(tolerant)
    response = await tolerant.patch(
        f"/Groups/{group['id']}",
        {"op": "remove", "path": f'members[value eq "{ids[0]}"]'},
        {"op": "add", "path": "members", "value": [{"value": ids[2], "display": "cid@x"}]},
        {"op": "replace", "path": "displayName", "value": "Both"},
    )
    assert (response.status_code, response.json()["displayName"]) == (200, "Both")
    assert await members(tolerant, group) == {ids[1], ids[2]}


@pytest.mark.parametrize("value", [{"members": None, "displayName": "Team"}, {"members": None}])
async def test_members_null_is_no_change(tolerant: Wire, value: dict[str, Any]) -> None:
    group, ids = await team(tolerant)
    assert (await tolerant.patch(f"/Groups/{group['id']}", {"op": "replace", "value": value})).status_code == 200
    put = {"schemas": [GROUP], "displayName": "Team", "members": None}
    assert (await tolerant.send("PUT", f"/Groups/{group['id']}", put)).status_code == 200
    assert await members(tolerant, group) == set(ids[:2])


async def test_s9_a_put_sets_the_members(tolerant: Wire) -> None:
    group, ids = await team(tolerant)
    put = {"schemas": [GROUP], "displayName": "Team", "members": [{"value": ids[2], "display": "ignored"}]}
    response = await tolerant.send("PUT", f"/Groups/{group['id']}", put)
    assert [member["value"] for member in response.json()["members"]] == [ids[2]]
    emptied = await tolerant.send("PUT", f"/Groups/{group['id']}", {**put, "members": []})
    assert "members" not in emptied.json()


async def test_a_deleted_user_leaves_every_group(tolerant: Wire) -> None:
    group, ids = await team(tolerant)
    await tolerant.send("DELETE", f"/Users/{ids[0]}")
    assert await members(tolerant, group) == {ids[1]}


async def test_groups_without_members_when_asked(tolerant: Wire) -> None:
    group, _ = await team(tolerant)
    response = await tolerant.get(
        "/Groups", params={"excludedAttributes": "members", "filter": 'displayName eq "team"'}
    )
    (found,) = response.json()["Resources"]
    assert "members" not in found
    assert found["id"] == group["id"]


async def test_a_duplicate_group_is_409(tolerant: Wire) -> None:
    await tolerant.group("Team")
    fails(await tolerant.send("POST", "/Groups", {"schemas": [GROUP], "displayName": "TEAM"}), 409, "uniqueness")


async def test_groups_are_filtered_by_member_and_users_by_group(tolerant: Wire) -> None:
    group, ids = await team(tolerant)
    for text, found in ((f'members eq "{ids[0]}"', 1), (f'members[value eq "{ids[2]}"]', 0)):
        assert (await tolerant.get("/Groups", params={"filter": text})).json()["totalResults"] == found
    by_group = await tolerant.get("/Users", params={"filter": f'groups.value eq "{group["id"]}"'})
    assert {user["id"] for user in by_group.json()["Resources"]} == set(ids[:2])


@pytest.mark.parametrize(("setting", "delta", "change"), [("auto", 204, 200), ("body", 200, 200), ("none", 204, 204)])
async def test_patch_response(tmp_path: Path, setting: str, delta: int, change: int) -> None:
    async with wire(tmp_path, patch_response=setting) as client:
        group, ids = await team(client)
        path = f"/Groups/{group['id']}"
        add = {"op": "add", "path": "members", "value": [{"value": ids[2]}]}
        rename = {"op": "replace", "path": "displayName", "value": "New"}
        assert (await client.patch(path, add)).status_code == delta
        assert (await client.patch(path, rename)).status_code == change
        asked = await client.patch(f"{path}?attributes=displayName", rename)
        assert (asked.status_code, asked.json()["displayName"]) == (200, "New")


async def test_strict_refuses_values_in_a_remove(strict: Wire) -> None:
    group = await strict.group("Team")
    operation = {"op": "remove", "path": "members", "value": [{"value": "1"}]}
    fails(await strict.patch(f"/Groups/{group['id']}", operation), 400, "invalidValue")


async def test_the_envelope_of_a_group_patch(tolerant: Wire) -> None:
    group = await tolerant.group("Team")
    body = {"schemas": [PATCH], "Operations": [{"op": "add", "path": "members", "value": [{}]}]}
    fails(await tolerant.send("PATCH", f"/Groups/{group['id']}", body), 400, "invalidValue")


@pytest.mark.parametrize("nobody", [[{"value": ""}], [{"display": "x"}], [None], {}, [{}]])
async def test_a_member_who_is_nobody_is_refused_and_empties_no_group(tolerant: Wire, nobody: Any) -> None:
    group, ids = await team(tolerant)
    body = {"schemas": [GROUP], "displayName": "Other", "members": nobody}
    fails(await tolerant.send("PUT", f"/Groups/{group['id']}", body), 400, "invalidValue")
    fails(await tolerant.send("POST", "/Groups", body), 400, "invalidValue")
    assert await members(tolerant, group) == set(ids[:2])
