"""What identity providers check, repeat and leave out: H13, S2, S9, S11, S12, S13."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.ground import ENTERPRISE, GROUP, USER, directory_of, everywhere, gateway, only
from tests.docs.pages import blocks

pytestmark = pytest.mark.anyio


@everywhere
async def test_h13_name_external_id_and_state_alone_and_together(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    async with gateway(directory_of(backend, tmp_path, request), tmp_path) as site:
        ann, ben, cho = [await site.user(f"{name}@example.com") for name in ("ann", "ben", "cho")]
        await site.patch(f"/Users/{ben}", {"op": "replace", "path": "active", "value": False})
        for filter, wanted in {
            'userName eq "ann@example.com"': {ann},
            'externalId eq "ext-ben@example.com"': {ben},
            "active eq true": {ann, cho},
            "active eq false": {ben},
            'userName eq "ben@example.com" and active eq true': set(),
            'userName eq "ben@example.com" and active eq false': {ben},
            'externalId eq "ext-cho@example.com" and userName eq "CHO@example.com" and active eq true': {cho},
            'externalId eq "ext-cho@example.com" and userName eq "ann@example.com"': set(),
            'externalId eq "EXT-cho@example.com"': set(),
        }.items():
            assert {each["id"] for each in await site.found("Users", filter)} == wanted, filter


@everywhere
async def test_s2_onelogin_s_enterprise_application(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    async with gateway(directory_of(backend, tmp_path, request), tmp_path, "onelogin") as site:
        assert await site.found("Users", 'userName eq "eve@example.com"') == []
        body: dict[str, Any] = {
            "schemas": [USER, ENTERPRISE],
            "id": None,
            "userName": "eve@example.com",
            "name": {"givenName": "Eve", "familyName": "Fox", "formatted": None},
            "emails": {"value": "eve@example.com", "type": "work", "primary": True},
            "active": "true",
            "title": None,
            ENTERPRISE: {"department": "Design", "manager": {"managerId": None, "displayName": None}},
        }
        made = (await site.send("POST", "/Users", body, 201)).json()
        assert made["active"] is True
        told = site.users()["eve@example.com"]
        assert (told["givenName"], told["familyName"], told["active"]) == ("Eve", "Fox", True)
        if backend in ("memory", "slapd"):
            assert (told["email"], told["department"]) == ("eve@example.com", "Design")
            assert "manager" not in told
        await site.send("PUT", f"/Users/{made['id']}", {**body, "active": "false"}, 200)
        assert site.users()["eve@example.com"]["active"] is False


@only("memory", "slapd")
async def test_s2_the_template_of_the_how_to_page_makes_a_user(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """What OneLogin makes of the page's SCIM JSON template: values for what it knows, null for what it does not."""
    (template,) = (block.text for block in blocks("json") if block.page == "docs/how-to/onelogin.md")
    known = {
        "parameters.scimusername": "eve@example.com",
        "user.id": "77",
        "user.firstname": "Eve",
        "user.lastname": "Fox",
        "user.display_name": "Eve Fox",
        "user.email": "eve@example.com",
        "parameters.department": "Design",
    }
    body = json.loads(re.sub(r'"\{\$([\w.]+)\}"', lambda found: json.dumps(known.get(found[1])), template))
    async with gateway(directory_of(backend, tmp_path, request), tmp_path, "onelogin") as site:
        await site.send("POST", "/Users", body, 201)
        told = site.users()["eve@example.com"]
        assert {
            key: told.get(key) for key in ("externalId", "givenName", "email", "department", "title", "manager")
        } == {
            "externalId": "77",
            "givenName": "Eve",
            "email": "eve@example.com",
            "department": "Design",
            "title": None,
            "manager": None,
        }


@only("sqlite", "postgresql", "slapd")
async def test_a_test_user_made_twice_wants_a_mapping_that_deletes_for_good(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """JumpCloud's Test Connection, then its Activate, with a preset that only disables (docs/how-to/jumpcloud.md)."""
    body = {"schemas": [USER], "userName": "jumpcloud.test", "name": {"givenName": "Test", "familyName": "User"}}
    async with gateway(directory_of(backend, tmp_path, request), tmp_path, "tolerant") as site:
        id = (await site.send("POST", "/Users", body, 201)).json()["id"]
        await site.send("DELETE", f"/Users/{id}", status=204)
        refused = (await site.send("POST", "/Users", body, 409)).json()
        assert "userName belongs to a deleted account" in refused["detail"]


DEFAULTS = {
    "displayName": "Ann B. Lee",
    "title": "Nurse",
    "preferredLanguage": "nl",
    "name.givenName": "Anna",
    "name.familyName": "Lee",
    "name.formatted": "Anna Lee",
    'emails[type eq "work"].value': "anna@example.com",
    'addresses[type eq "work"].formatted': "Room 4",
    'addresses[type eq "work"].streetAddress': "1 Main Street",
    'addresses[type eq "work"].locality': "Ghent",
    'addresses[type eq "work"].region': "East Flanders",
    'addresses[type eq "work"].postalCode': "9000",
    'addresses[type eq "work"].country': "BE",
    'phoneNumbers[type eq "work"].value': "+32 9 555 01 00",
    'phoneNumbers[type eq "mobile"].value': "+32 470 55 01 00",
    'phoneNumbers[type eq "fax"].value': "+32 9 555 01 01",
    f"{ENTERPRISE}:employeeNumber": "17",
    f"{ENTERPRISE}:department": "Ward 4",
}
"""the attributes that Entra ID maps where nobody changes its mappings, beside userName, active, externalId, manager"""


@everywhere
async def test_s3_what_entra_maps_by_default_is_never_an_error(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    async with gateway(directory_of(backend, tmp_path, request), tmp_path, "entra") as site:
        id = await site.user()
        for op in ("Add", "Replace"):
            for path, value in DEFAULTS.items():
                await site.patch(f"/Users/{id}", {"op": op, "path": path, "value": value})
        told = site.users()["ann@example.com"]
        assert (told["givenName"], told["familyName"]) == ("Anna", "Lee")
        if backend == "slapd":
            assert (told["street"], told["l"], told["postalCode"]) == ("1 Main Street", "Ghent", "9000")
        flat = {path: value for path, value in DEFAULTS.items() if path != "name.familyName"}
        await site.patch(f"/Users/{id}", {"op": "replace", "value": flat})
        for path in flat:
            await site.patch(f"/Users/{id}", {"op": "Remove", "path": path})
        told = site.users()["ann@example.com"]
        assert not {"givenName", "title", "email", "phone", "mobile", "department", "street", "l"} & told.keys()


OKTA: dict[str, Any] = {
    "schemas": [USER, ENTERPRISE],
    "userName": "ann@example.com",
    "externalId": "ext-ann@example.com",
    "name": {
        "givenName": "Anna",
        "familyName": "Lee",
        "middleName": "B",
        "honorificPrefix": "Dr.",
        "honorificSuffix": "II",
        "formatted": "Anna Lee",
    },
    "emails": [
        {"primary": True, "type": "work", "value": "anna@example.com"},
        {"primary": False, "type": "home", "value": "anna@home.example"},
    ],
    "displayName": "Anna Lee",
    "nickName": "An",
    "profileUrl": "example.com/anna",
    "title": "Nurse",
    "userType": "Employee",
    "preferredLanguage": "en_US",
    "locale": "en_US",
    "timezone": "America/Los_Angeles",
    "phoneNumbers": [{"primary": True, "type": "work", "value": "+1 201 555 0100"}, {"type": "mobile", "value": ""}],
    "addresses": [{"primary": True, "type": "work", "streetAddress": "1 Main", "locality": "Reno", "country": "USA"}],
    "groups": [],
    "entitlements": [],
    "active": True,
    ENTERPRISE: {
        "employeeNumber": "17",
        "costCenter": "4130",
        "organization": "Example",
        "division": "Care",
        "department": "Ward 4",
        "manager": {"value": "ext-bo@example.com", "displayName": "Bo Day"},
    },
}
"""a user with everything that Okta maps where nobody changes its profile, and the types that Okta takes for text"""


@everywhere
async def test_s13_what_okta_maps_by_default_is_never_an_error(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    async with gateway(directory_of(backend, tmp_path, request), tmp_path) as site:
        id = (await site.send("POST", "/Users", OKTA, 201)).json()["id"]
        before = site.directory.traces()
        await site.send("PUT", f"/Users/{id}", {**OKTA, "id": id, "meta": {"resourceType": "User"}}, 200)
        await site.patch(f"/Users/{id}", {"op": "replace", "value": {**OKTA, "id": id}})
        assert site.directory.traces() == before
        told = site.users()["ann@example.com"]
        assert (told["givenName"], told["familyName"], told["active"]) == ("Anna", "Lee", True)
        if backend in ("memory", "slapd"):
            assert (told["email"], told["phone"], told["department"]) == (
                "anna@example.com",
                "+1 201 555 0100",
                "Ward 4",
            )


@everywhere
async def test_s9_a_put_of_a_group_writes_the_difference(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    async with gateway(directory_of(backend, tmp_path, request), tmp_path) as site:
        ids = [await site.user(f"{name}@example.com") for name in ("ann", "ben", "cho")]
        group = await site.group("Analysts", *ids[:2])

        async def put(*members: str) -> list[str]:
            listed = [{"value": id, "display": "not her name"} for id in members]
            body = {"schemas": [GROUP], "displayName": "Analysts", "members": listed}
            answer = (await site.send("PUT", f"/Groups/{group}", body, 200)).json()
            assert "not her name" not in {each.get("display") for each in answer.get("members", ())}
            return [each["value"] for each in answer.get("members", ())]

        before = site.directory.traces()
        assert set(await put(ids[1], ids[0])) == set(ids[:2])
        assert site.directory.traces() == before
        assert set(await put(ids[1], ids[2])) == set(ids[1:])
        assert site.members("Analysts") == {"ben@example.com", "cho@example.com"}
        assert await put() == []
        assert site.members("Analysts") == set()


@everywhere
async def test_s11_disabled_three_times_is_disabled_and_enabled_twice_enabled(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    async with gateway(directory_of(backend, tmp_path, request), tmp_path) as site:
        id = await site.user()
        for state, times in ((False, 3), (True, 2)):
            traces = []
            for _ in range(times):
                answer = await site.patch(f"/Users/{id}", {"op": "replace", "value": {"active": state}})
                assert answer.json()["active"] is state
                assert site.users()["ann@example.com"]["active"] is state
                traces.append(site.directory.traces())
            assert all(each == traces[0] for each in traces)


@everywhere
async def test_s12_an_id_goes_on_meaning_the_same_person(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    lifecycle = '[user.lifecycle]\ndelete = "delete"\n'
    async with gateway(directory_of(backend, tmp_path, request), tmp_path, mapping=lifecycle) as site:
        id = await site.user()
        group = await site.group("Analysts", id)
        await site.send("DELETE", f"/Users/{id}", status=204)
        assert site.users() == {}
        # Unassigned and assigned again: another entry in the target, the same person, the same id.
        assert await site.user() == id
        assert site.directory.id_of("user", "ann@example.com") != id
        whole = {"schemas": [USER], "userName": "ann@example.com", "externalId": "ext-ann@example.com"}
        name = {"givenName": "Ann", "familyName": "Moss"}
        assert (await site.send("PUT", f"/Users/{id}", {**whole, "name": name}, 200)).json()["id"] == id
        assert site.users()["ann@example.com"]["familyName"] == "Moss"
        assert [each["id"] for each in await site.found("Users", 'userName eq "ann@example.com"')] == [id]
        assert site.members("Analysts") == set()
        await site.patch(f"/Groups/{group}", {"op": "add", "path": "members", "value": [{"value": id}]}, status=204)
        assert site.members("Analysts") == {"ann@example.com"}
        assert (await site.get(f"/Groups/{group}"))["members"][0]["value"] == id


@everywhere
async def test_s13_push_without_import(backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Okta's three switches alone: new users, profile updates, groups; nothing is ever listed."""
    async with gateway(directory_of(backend, tmp_path, request), tmp_path) as site:
        id = await site.user()
        group = await site.group("Analysts")
        await site.patch(f"/Groups/{group}", {"op": "add", "path": "members", "value": [{"value": id}]}, status=204)
        name = {"givenName": "Ann", "familyName": "Moss"}
        whole = {"schemas": [USER], "userName": "ann@example.com", "externalId": "ext-ann@example.com", "active": True}
        await site.send("PUT", f"/Users/{id}", {**whole, "name": name}, 200)
        assert site.users()["ann@example.com"]["familyName"] == "Moss"
        assert site.members("Analysts") == {"ann@example.com"}
        again = await site.send("POST", "/Users", {**whole, "name": name}, 409)
        assert again.json()["scimType"] == "uniqueness"
