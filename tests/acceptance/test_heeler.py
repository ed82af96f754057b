"""Heeler's guide (rows H): the preset ``heeler`` before an application, by its API and in its tables."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.acceptance.world import World, world
from tests.backends.workroom import Workroom

pytestmark = pytest.mark.anyio
HEELER = {"path": "/api/scim/v2", "token_prefix": "h4r-scim-", "bulk": False}


@pytest.fixture
async def heeler(anyio_backend: str, tmp_path: Path, room: Workroom, way: str) -> AsyncIterator[World]:
    async with world(tmp_path, room, "heeler", way.partition("-")[0], **HEELER) as found:
        yield found


async def test_h6_the_four_attributes_of_the_guide_and_what_else_an_idp_sends(heeler: World) -> None:
    name = {"givenName": "Ann", "familyName": "Lee", "honorificPrefix": "Dr."}
    made = await heeler.user(name=name, nickName="Annie", photos=[{"value": "https://example.com/a.png"}])
    row = heeler.room.person("ann@corp.example")
    assert (row["first_name"], row["last_name"], row["state"]) == ("Ann", "Lee", "active")
    assert made["name"] == {"givenName": "Ann", "familyName": "Lee"}
    assert "nickName" not in made


async def test_h7_the_switch_of_entra_sends_strings(heeler: World) -> None:
    id = (await heeler.user(active="True"))["id"]
    for value, state in (("False", "deactivated"), ("True", "active"), ("false", "deactivated")):
        assert (await heeler.active(id, value)).json()["active"] is (state == "active")
        assert heeler.room.person("ann@corp.example")["state"] == state
    body = {"schemas": [], "userName": "ann@corp.example", "externalId": "E-ann@corp.example", "active": "TRUE"}
    await heeler.send("PUT", f"/Users/{id}", {**body, "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"]}, 200)
    assert heeler.room.person("ann@corp.example")["state"] == "active"


async def test_h9_removal_ends_sessions_and_revokes_tokens_before_it_is_answered(heeler: World) -> None:
    id = (await heeler.user())["id"]
    session = heeler.room.login("ann@corp.example").json()["session"]
    token = heeler.room.ask("POST", f"/users/{heeler.room.person('ann@corp.example')['id']}/api_tokens").json()["id"]
    assert heeler.room.lets_in(session)
    assert heeler.room.lets_in(token)
    await heeler.active(id, False)
    assert heeler.room.person("ann@corp.example")["state"] == "deactivated"
    assert not heeler.room.lets_in(session)
    assert not heeler.room.lets_in(token)


async def test_h9_a_call_that_fails_is_no_success_and_is_made_later(heeler: World) -> None:
    id = (await heeler.user())["id"]
    session = heeler.room.login("ann@corp.example").json()["session"]
    heeler.room.sql("ALTER TABLE sessions RENAME TO away")
    try:
        answer = await heeler.active(id, False, status=503)
        assert int(answer.headers["Retry-After"]) > 0
        assert heeler.room.person("ann@corp.example")["state"] == "deactivated"
    finally:
        heeler.room.sql("ALTER TABLE away RENAME TO sessions")
    assert heeler.room.lets_in(session)
    await heeler.by_itself(lambda: not heeler.room.lets_in(session))
    said = [(line.operation, line.outcome) for line in await heeler.audit() if line.id == id]
    assert said[0] == ("create", "done")
    assert len(said) > 2, said


async def test_h10_whoever_is_made_has_saml_enabled(heeler: World) -> None:
    await heeler.user()
    assert heeler.room.person("ann@corp.example")["saml_enabled"] in (True, 1)


async def test_h11_an_account_made_by_a_first_sign_in_is_adopted(heeler: World) -> None:
    heeler.room.login("Ann@corp.example")
    there = heeler.room.person("Ann@corp.example")
    assert there["created_by"] == "jit"
    made = await heeler.user("ann@corp.example", name={"givenName": "Ann", "familyName": "Lee"})
    (row,) = heeler.room.sql("SELECT * FROM users")
    assert (row["id"], row["first_name"], row["idp_id"]) == (there["id"], "Ann", "E-ann@corp.example")
    assert made["id"] == str(there["id"])
    await heeler.user("ann@corp.example", status=409)
    await heeler.active(made["id"], False)
    assert heeler.room.login("Ann@corp.example").status_code == 403


async def test_the_name_of_whom_entra_deletes_is_kept_out_under_any_dialect(heeler: World) -> None:
    id = (await heeler.user())["id"]
    name = f"{'0' * 32}ann@corp.example"
    await heeler.patch(f"/Users/{id}", {"op": "replace", "value": {"active": "False", "userName": name}})
    assert heeler.room.person("ann@corp.example")["state"] == "deactivated"
    assert (await heeler.get(f"/Users/{id}"))["userName"] == name


async def test_h12_whoever_is_deactivated_does_not_get_in(heeler: World) -> None:
    id = (await heeler.user())["id"]
    session = heeler.room.login("ann@corp.example").json()["session"]
    await heeler.active(id, False)
    assert heeler.room.login("ann@corp.example").status_code == 403
    assert not heeler.room.lets_in(session)
    assert (await heeler.get(f"/Users/{id}"))["active"] is False


async def test_h13_filters_on_name_external_id_and_state(heeler: World) -> None:
    ann, bob = [(await heeler.user(f"{name}@corp.example"))["id"] for name in ("ann", "bob")]
    await heeler.active(bob, False)

    async def ids(filter: str) -> list[str]:
        return [each["id"] for each in await heeler.found("Users", filter)]

    assert await ids('userName eq "ANN@corp.example"') == [ann]
    assert await ids('externalId eq "E-bob@corp.example"') == [bob]
    assert await ids("active eq true") == [ann]
    assert await ids('userName eq "bob@corp.example" and active eq false') == [bob]
    assert await ids('userName eq "bob@corp.example" and active eq true') == []


async def test_h14_no_groups_no_bulk_no_passwords(heeler: World) -> None:
    config = await heeler.get("/ServiceProviderConfig")
    assert (config["bulk"]["supported"], config["changePassword"]["supported"]) == (False, False)
    types = await heeler.get("/ResourceTypes")
    assert [each["name"] for each in types["Resources"]] == ["User"]
    await heeler.get("/Groups", 404)
    attributes = {each["name"] for each in (await heeler.get("/Schemas"))["Resources"][0]["attributes"]}
    assert {"userName", "name", "active"} <= attributes
    assert not {"password", "groups"} & attributes


async def test_h15_the_role_follows_the_groups(tmp_path: Path, room: Workroom, way: str) -> None:
    by = way.partition("-")[0]
    role = '"role.name"' if by == "rest" else "role"
    groups = '[["Admins", "workspace_admin"], ["Editors", "editor"]]'
    rows = f'[user.map]\nsecodaRole = false\n[user.set]\n{role} = {{ by_group = {groups}, else = "viewer" }}\n'
    async with world(tmp_path, room, "secoda", by, mapping=rows) as found:
        ann = (await found.user())["id"]
        room.login("ann@corp.example")
        assert room.person("ann@corp.example")["role"] == "viewer"
        editors = await found.group("Editors", ann)
        assert room.person("ann@corp.example")["role"] == "editor"
        admins = await found.group("Admins", ann)
        assert room.person("ann@corp.example")["role"] == "workspace_admin"
        await found.send("DELETE", f"/Groups/{admins}", None, 204)
        assert room.person("ann@corp.example")["role"] == "editor"
        gone = {"op": "remove", "path": f'members[value eq "{ann}"]'}
        await found.patch(f"/Groups/{editors}", gone, status=204)
        assert room.person("ann@corp.example")["role"] == "viewer"


async def test_h17_the_connection_tests_of_okta_and_entra_find_nobody_and_that_is_fine(heeler: World) -> None:
    assert (await heeler.get("/Users?count=1"))["totalResults"] == 0
    assert await heeler.found("Users", 'userName eq "3f9d1d3b-51e9-4f0f-9b0f-0d0b6e0f7c55"') == []
