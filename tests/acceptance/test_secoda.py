"""Secoda's guide (rows S): the preset ``secoda`` before an application, by its API and in its tables."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.acceptance.world import GROUP, USER, World, world
from tests.backends.workroom import Workroom

pytestmark = pytest.mark.anyio
SECODA = {"path": "/api/v2/scim", "dialect": "okta", "put_creates": True}


@pytest.fixture
async def secoda(anyio_backend: str, tmp_path: Path, room: Workroom, way: str) -> AsyncIterator[World]:
    async with world(tmp_path, room, "secoda", way.partition("-")[0], **SECODA) as found:
        yield found


async def test_s1_okta_looks_people_up_by_email(secoda: World) -> None:
    id = (await secoda.user(emails=[{"value": "ann@corp.example", "primary": True, "type": "work"}]))["id"]
    assert [each["id"] for each in await secoda.found("Users", 'email eq "Ann@corp.example"')] == [id]
    assert await secoda.found("Users", 'email eq "bob@corp.example"') == []


async def test_s4_secoda_role_is_an_attribute_of_the_core_namespace(secoda: World) -> None:
    made = await secoda.user(secodaRole="Editor")
    assert made["secodaRole"] == "Editor"
    assert secoda.room.person("ann@corp.example")["role"] == "editor"
    await secoda.patch(f"/Users/{made['id']}", {"op": "replace", "path": f"{USER}:secodaRole", "value": "Admin"})
    assert secoda.room.person("ann@corp.example")["role"] == "workspace_admin"
    bob = await secoda.user("bob@corp.example", **{USER: {"secodaRole": "Editor"}})
    assert bob["secodaRole"] == "Editor", "in an object under the namespace, as the attributes of an extension stand"
    (attribute,) = [
        each for each in (await secoda.get(f"/Schemas/{USER}"))["attributes"] if each["name"] == "secodaRole"
    ]
    assert attribute["canonicalValues"] == ["Viewer", "Editor", "Admin"]


async def test_s5_an_unknown_role_is_refused_and_the_known_ones_are_named(secoda: World) -> None:
    refused = await secoda.user(secodaRole="King", status=400)
    assert refused["scimType"] == "invalidValue"
    assert all(role in refused["detail"] for role in ("Viewer", "Editor", "Admin"))
    assert secoda.room.sql("SELECT * FROM users") == []
    assert (await secoda.user())["secodaRole"] == "Viewer"


async def test_s6_pushed_users_are_invited_and_stay_so_until_they_sign_in(secoda: World) -> None:
    made = await secoda.user()
    assert (made["active"], secoda.room.person("ann@corp.example")["state"]) == (True, "invited")
    await secoda.active(made["id"], True)
    assert secoda.room.person("ann@corp.example")["state"] == "invited"
    assert [each["id"] for each in await secoda.found("Users", "active eq true")] == [made["id"]]
    await secoda.first_sign_in("ann@corp.example")
    await secoda.active(made["id"], True)
    assert secoda.room.person("ann@corp.example")["state"] == "active"


async def test_s7_an_invited_user_is_a_member_for_the_idp_and_joins_at_the_first_sign_in(secoda: World) -> None:
    id = (await secoda.user())["id"]
    team = await secoda.group("Tour Guides", id)
    assert secoda.members("Tour Guides") == set()
    assert [each["value"] for each in (await secoda.get(f"/Groups/{team}"))["members"]] == [id]
    await secoda.first_sign_in("ann@corp.example")
    assert secoda.members("Tour Guides") == {"ann@corp.example"}
    assert [each["value"] for each in (await secoda.get(f"/Groups/{team}"))["members"]] == [id]


async def test_s7_whoever_leaves_the_group_before_signing_in_does_not_join(secoda: World) -> None:
    id = (await secoda.user())["id"]
    team = await secoda.group("Tour Guides", id)
    gone = {"op": "remove", "path": f'members[value eq "{id}"]'}
    assert (await secoda.patch(f"/Groups/{team}", gone, status=204)).content == b""
    await secoda.first_sign_in("ann@corp.example")
    assert secoda.members("Tour Guides") == set()


async def test_s8_groups_are_pushed_one_to_one(secoda: World) -> None:
    ann, bob = [(await secoda.user(f"{name}@corp.example"))["id"] for name in ("ann", "bob")]
    for name in ("ann", "bob"):
        secoda.room.login(f"{name}@corp.example")
    team = await secoda.group("Guides", ann)
    assert secoda.members("Guides") == {"ann@corp.example"}
    await secoda.patch(
        f"/Groups/{team}", {"op": "add", "path": "members", "value": [{"value": bob, "display": "Bob"}]}, status=204
    )
    assert secoda.members("Guides") == {"ann@corp.example", "bob@corp.example"}
    await secoda.patch(f"/Groups/{team}", {"op": "replace", "value": {"id": team, "displayName": "Tour Guides"}})
    assert secoda.members("Tour Guides") == {"ann@corp.example", "bob@corp.example"}
    await secoda.send("DELETE", f"/Groups/{team}", None, 204)
    assert secoda.room.sql("SELECT * FROM teams") == []
    await secoda.get(f"/Groups/{team}", 404)


async def test_s9_put_replaces_the_members_and_ignores_their_display(secoda: World) -> None:
    ids = [(await secoda.user(f"{name}@corp.example"))["id"] for name in ("ann", "bob", "cal")]
    for name in ("ann", "bob", "cal"):
        secoda.room.login(f"{name}@corp.example")
    team = await secoda.group("Guides", *ids[:2])
    members = [{"value": id, "display": "somebody else"} for id in ids[1:]]
    body = {"schemas": [GROUP], "displayName": "Guides", "members": members}
    answer = (await secoda.send("PUT", f"/Groups/{team}", body, 200)).json()
    assert {each["value"] for each in answer["members"]} == set(ids[1:])
    assert "somebody else" not in {each.get("display") for each in answer["members"]}
    assert secoda.members("Guides") == {"bob@corp.example", "cal@corp.example"}


async def test_s10_put_to_add_a_user(secoda: World) -> None:
    body = {
        "schemas": [USER],
        "userName": "ann@corp.example",
        "name": {"givenName": "Ann", "familyName": "Lee"},
        "emails": [{"value": "ann@corp.example", "primary": True, "type": "work"}],
        "active": True,
        "externalId": "00u1",
    }
    made = await secoda.send("PUT", "/Users/the-caller-s-own-id", body)
    assert made.status_code in (200, 201)
    assert made.json()["id"] == "the-caller-s-own-id"
    assert (await secoda.get("/Users/the-caller-s-own-id"))["userName"] == "ann@corp.example"
    again = await secoda.send("PUT", "/Users/the-caller-s-own-id", {**body, "active": False}, 200)
    assert again.json()["active"] is False
    (row,) = secoda.room.sql("SELECT * FROM users")
    assert (row["email"], row["state"], row["idp_id"]) == ("ann@corp.example", "deactivated", "00u1")


async def test_s11_disabled_three_times_is_disabled(secoda: World) -> None:
    id = (await secoda.user())["id"]
    for _ in range(3):
        assert (await secoda.active(id, False)).json()["active"] is False
        assert secoda.room.person("ann@corp.example")["state"] == "deactivated"
    for _ in range(3):
        assert (await secoda.active(id, True)).json()["active"] is True
        assert secoda.room.person("ann@corp.example")["state"] == "active"
