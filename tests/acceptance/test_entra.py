"""Microsoft Entra ID as the guides rely on it: E1 to E6, H7, H16, H17, S3."""

from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.acceptance.ground import ENTERPRISE, GUID, USER, directory_of, everywhere, gateway, only
from tests.journeys.in_slapd import InSlapd

pytestmark = pytest.mark.anyio
TOMBSTONE = "7f3c1de09a2b4c5d8e6f0a1b2c3d4e5fann@example.com"


def disable(value: Any = "False") -> dict[str, Any]:
    """What ``Switch([IsSoftDeleted], , "False", "True", "True", "False")`` sends."""
    return {"op": "Replace", "path": "active", "value": value}


def enterprise(**values: Any) -> dict[str, Any]:
    """Attributes of the enterprise extension, as keys of a user."""
    return {"schemas": [USER, ENTERPRISE], ENTERPRISE: values}


@everywhere
async def test_e1_a_disable_and_a_delete_each_work_without_the_other(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    async with gateway(directory_of(backend, tmp_path, request), tmp_path, "entra") as site:
        unassigned, both, deleted = [await site.user(f"{name}@example.com") for name in ("una", "ben", "dee")]
        for id in (unassigned, both):
            assert (await site.patch(f"/Users/{id}", disable())).json()["active"] is False
        for id in (both, deleted):
            await site.send("DELETE", f"/Users/{id}", status=204)
            await site.send("GET", f"/Users/{id}", status=404)
        # Who was unassigned first never gets the DELETE: disabled for ever, and still to be read.
        assert (await site.get(f"/Users/{unassigned}"))["active"] is False
        assert site.users()["una@example.com"]["active"] is False
        left = {name: told["active"] for name, told in site.users().items() if name != "una@example.com"}
        assert left == ({} if backend == "memory" else {"ben@example.com": False, "dee@example.com": False})


@everywhere
async def test_e2_nulls_say_nothing_at_creation_and_remove_clears(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    async with gateway(directory_of(backend, tmp_path, request), tmp_path, "entra") as site:
        nulls: dict[str, Any] = {"nickName": None, "title": None, "phoneNumbers": None, "addresses": None}
        id = await site.user(**nulls, name={"givenName": "Ann", "familyName": "Lee", "formatted": None})
        read = await site.get(f"/Users/{id}")
        assert not nulls.keys() & read.keys()
        assert read["name"] == {"givenName": "Ann", "familyName": "Lee"}
        answer = await site.patch(f"/Users/{id}", {"op": "Remove", "path": "name.givenName"})
        assert answer.json()["name"] == {"familyName": "Lee"}
        assert "givenName" not in site.users()["ann@example.com"]


@everywhere
async def test_e3_a_removal_with_a_list_of_values_removes_only_these(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    async with gateway(directory_of(backend, tmp_path, request), tmp_path, "entra") as site:
        ids = [await site.user(f"{name}@example.com") for name in ("ann", "ben", "cho")]
        group = await site.group("Sales", *ids)
        leaving = {"op": "Remove", "path": "members", "value": [{"$ref": None, "value": ids[1]}]}
        for _ in range(2):
            await site.patch(f"/Groups/{group}", leaving, status=204)
            assert site.members("Sales") == {"ann@example.com", "cho@example.com"}
        nobody = {"op": "Remove", "path": "members", "value": []}
        await site.patch(f"/Groups/{group}", nobody)
        assert site.members("Sales") == {"ann@example.com", "cho@example.com"}


@everywhere
async def test_e4_a_tombstone_name_is_the_idp_s_alone(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    async with gateway(directory_of(backend, tmp_path, request), tmp_path, "entra") as site:
        id = await site.user()
        rename = {"op": "Replace", "path": "userName", "value": TOMBSTONE}
        assert (await site.patch(f"/Users/{id}", disable(), rename)).json()["userName"] == TOMBSTONE
        assert (await site.get(f"/Users/{id}"))["userName"] == TOMBSTONE
        assert [each["id"] for each in await site.found("Users", f'userName eq "{TOMBSTONE}"')] == [id]
        assert await site.found("Users", 'userName eq "ann@example.com"') == []
        assert {name: told["active"] for name, told in site.users().items()} == {"ann@example.com": False}
        undo = {"op": "Replace", "path": "userName", "value": "ann@example.com"}
        answer = (await site.patch(f"/Users/{id}", undo, disable("True"))).json()
        assert (answer["userName"], answer["active"]) == ("ann@example.com", True)
        assert {name: told["active"] for name, told in site.users().items()} == {"ann@example.com": True}
        # Unassigned first, deleted in Entra later: two requests, of which the second only renames.
        for operation in (disable(), rename):
            await site.patch(f"/Users/{id}", operation)
        assert (await site.get(f"/Users/{id}"))["userName"] == TOMBSTONE
        assert {name: told["active"] for name, told in site.users().items()} == {"ann@example.com": False}


@everywhere
@pytest.mark.parametrize(("tombstone", "status"), [("ignore", 409), ("apply", 201)], ids=["ignore", "apply"])
async def test_e4_the_mapping_may_free_the_name_for_a_namesake(
    backend: str, tombstone: str, status: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    mapping = f'[user.lifecycle]\ntombstone_rename = "{tombstone}"\n'
    async with gateway(directory_of(backend, tmp_path, request), tmp_path, "entra", mapping) as site:
        id = await site.user()
        rename = {"op": "Replace", "path": "userName", "value": TOMBSTONE}
        await site.patch(f"/Users/{id}", disable(), rename)
        assert (await site.get(f"/Users/{id}"))["userName"] == TOMBSTONE
        name = {"givenName": "Ann", "familyName": "Moss"}
        namesake = {"schemas": [USER], "userName": "ann@example.com", "externalId": "another", "name": name}
        answer = (await site.send("POST", "/Users", namesake, status)).json()
        assert ("belongs to a deleted account" in answer.get("detail", "")) is (status == 409)
        kept = {"ann@example.com": False} if status == 409 else {TOMBSTONE: False, "ann@example.com": True}
        assert {name: told["active"] for name, told in site.users().items()} == kept


@only("memory", "slapd")
async def test_e5_a_manager_taken_back_before_they_exist_stays_away(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    path = f"{ENTERPRISE}:manager"
    async with gateway(directory_of(backend, tmp_path, request), tmp_path, "entra") as site:
        ids = {}
        for name in ("ann", "ben", "cho", "dee"):
            ids[name] = await site.user(f"{name}@example.com", **enterprise(manager="ext-bo@example.com"))
        await site.patch(f"/Users/{ids['ann']}", {"op": "Remove", "path": path})
        await site.patch(f"/Users/{ids['ben']}", {"op": "Replace", "path": path, "value": ""})
        await site.patch(f"/Users/{ids['cho']}", {"op": "Replace", "path": path, "value": {"value": ids["ann"]}})
        await site.user("bo@example.com")
        told = site.users()
        assert {name: told[f"{name}@example.com"].get("manager") for name in ids} == {
            "ann": None,
            "ben": None,
            "cho": "ann@example.com",
            "dee": "bo@example.com",
        }


@only("memory", "slapd")
@pytest.mark.parametrize("manager", ["ext-bo@example.com", {"value": "ext-bo@example.com"}], ids=["string", "object"])
async def test_e5_a_manager_as_a_string_or_an_object_and_before_they_exist(
    backend: str, manager: Any, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    async with gateway(directory_of(backend, tmp_path, request), tmp_path, "entra") as site:
        id = await site.user(**enterprise(manager=manager))
        assert (await site.get(f"/Users/{id}"))[ENTERPRISE]["manager"]["value"] == "ext-bo@example.com"
        assert "manager" not in site.users()["ann@example.com"]
        boss = await site.user("bo@example.com")
        assert site.users()["ann@example.com"]["manager"] == "bo@example.com"
        assert (await site.get(f"/Users/{id}"))[ENTERPRISE]["manager"]["value"] == boss
        assert [each["id"] for each in await site.found("Users", f'id eq "{id}" and manager eq "{boss}"')] == [id]


@only("memory", "sqlite", "postgresql")
async def test_e6_a_string_true_in_a_filter_is_the_boolean(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    async with gateway(directory_of(backend, tmp_path, request), tmp_path, "entra") as site:
        id = await site.user()
        for op, role in (("Add", "editor"), ("Replace", "admin")):
            single = {"op": op, "path": 'roles[primary eq "True"].value', "value": role}
            answer = (await site.patch(f"/Users/{id}", single)).json()
            assert answer["roles"] == [{"primary": True, "value": role}]
            assert site.users()["ann@example.com"]["role"] == role


@everywhere
async def test_h7_strings_are_booleans_in_every_request(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    async with gateway(directory_of(backend, tmp_path, request), tmp_path, "entra") as site:
        id = await site.user(active="False")
        assert site.users()["ann@example.com"]["active"] is False
        for word, state in (("True", True), ("false", False), ("TRUE", True), ("fAlSe", False)):
            assert (await site.patch(f"/Users/{id}", disable(word))).json()["active"] is state
            assert site.users()["ann@example.com"]["active"] is state
        whole = {"schemas": [USER], "userName": "ann@example.com", "name": {"givenName": "Ann", "familyName": "Lee"}}
        for word, state in (("true", True), ("False", False)):
            answer = await site.send("PUT", f"/Users/{id}", {**whole, "externalId": "ext", "active": word}, 200)
            assert (answer.json()["active"], site.users()["ann@example.com"]["active"]) == (state, state)
        assert "true or false" in (await site.patch(f"/Users/{id}", disable("perhaps"), status=400)).json()["detail"]


@only("sqlite", "postgresql", "slapd")
async def test_h16_nothing_is_forgotten_between_two_cycles(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    directory = directory_of(backend, tmp_path, request)
    async with gateway(directory, tmp_path, "entra") as site:
        ann = await site.user(**enterprise(manager="ext-bo@example.com"))
        ben = await site.user("ben@example.com")
        rename = {"op": "Replace", "path": "userName", "value": TOMBSTONE}
        await site.patch(f"/Users/{ben}", disable(), rename)
    # Forty minutes later, and the gateway was started anew in between.
    async with gateway(directory, tmp_path, "entra") as site:
        assert (await site.get(f"/Users/{ben}"))["userName"] == TOMBSTONE
        before = site.directory.traces()
        await site.patch(f"/Users/{ben}", disable(), rename)
        assert site.directory.traces() == before
        assert [each["id"] for each in await site.found("Users", 'externalId eq "ext-ann@example.com"')] == [ann]
        if isinstance(directory, InSlapd):
            await site.user("bo@example.com")
            assert site.users()["ann@example.com"]["manager"] == "bo@example.com"


@everywhere
async def test_h16_pages_stay_whole_while_somebody_writes(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    async with gateway(directory_of(backend, tmp_path, request), tmp_path, "entra") as site:
        ids = [await site.user(f"u{number:02}@example.com") for number in range(9)]
        seen: list[str] = []
        query: dict[str, str] = {"cursor": "", "count": "2"}
        number = 0
        while True:
            page = await site.get(f"/Users?{httpx2.QueryParams(query)}")
            seen += [each["id"] for each in page["Resources"]]
            if "nextCursor" not in page:
                break
            query["cursor"] = page["nextCursor"]
            rename = {"op": "Replace", "path": "userName", "value": f"a{number}@example.com"}
            await site.patch(f"/Users/{ids[number]}", rename)
            await site.user(f"new{number}@example.com")
            number += 1
        assert len(seen) == len(set(seen))
        assert set(ids) <= set(seen)


@everywhere
async def test_h17_both_connection_tests_are_answered_with_an_empty_list(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    async with gateway(directory_of(backend, tmp_path, request), tmp_path, "entra") as site:
        for query in (
            f'filter=userName eq "{GUID}"',
            f'filter=externalId eq "{GUID}"',
            "count=1",
            "startIndex=1&count=2",
        ):
            answer = await site.get(f"/Users?{query}")
            assert (answer["totalResults"], answer["Resources"]) == (0, [])
        answer = await site.get(f'/Groups?excludedAttributes=members&filter=displayName eq "{GUID}"')
        assert (answer["totalResults"], answer["Resources"]) == (0, [])


@only("memory", "slapd")
async def test_s3_create_update_and_delete_with_the_mappings_of_the_guide(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    async with gateway(directory_of(backend, tmp_path, request), tmp_path, "entra") as site:
        id = await site.user()
        assert "email" not in site.users()["ann@example.com"]
        mail = {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "ann.lee@example.com"}
        answer = (await site.patch(f"/Users/{id}", mail)).json()
        assert answer["emails"] == [{"type": "work", "value": "ann.lee@example.com"}]
        assert site.users()["ann@example.com"]["email"] == "ann.lee@example.com"
        await site.patch(f"/Users/{id}", {"op": "Replace", "path": "userName", "value": "a.lee@example.com"})
        assert site.users()["a.lee@example.com"]["email"] == "ann.lee@example.com"
        await site.send("DELETE", f"/Users/{id}", status=204)
        assert await site.found("Users", 'userName eq "a.lee@example.com"') == []
