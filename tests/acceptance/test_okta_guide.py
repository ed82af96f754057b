"""An Okta guide with a SCIM server of its own: O1 to O12 and O17. Its chapter on production: test_okta_production."""

from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.ground import (
    ENTERPRISE,
    ERROR,
    GROUP,
    LIST,
    USER,
    directory_of,
    everywhere,
    gateway,
    only,
)
from tests.journeys.in_slapd import InSlapd
from tests.journeys.in_sql import Database

pytestmark = pytest.mark.anyio
JOHN: dict[str, Any] = {
    "schemas": [USER],
    "userName": "john.developer@example.com",
    "name": {"givenName": "John", "familyName": "Developer"},
    "emails": [{"value": "john.developer@example.com", "primary": True}],
    "active": True,
}
"""the user of the guide, as Okta sends it there: an address without a type"""


@everywhere
async def test_o1_every_endpoint_of_the_guide(backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    async with gateway(directory_of(backend, tmp_path, request), tmp_path) as site:
        id = (await site.send("POST", "/Users", JOHN, 201)).json()["id"]
        group = await site.group("Developers", id)
        for path in ("/Users", f"/Users/{id}", "/Groups", f"/Groups/{group}"):
            await site.send("GET", path, status=200)
        await site.send("PUT", f"/Users/{id}", {**JOHN, "name": {"givenName": "Jon", "familyName": "Developer"}}, 200)
        await site.patch(f"/Users/{id}", {"op": "replace", "path": "name.familyName", "value": "Dev"})
        await site.patch(f"/Groups/{group}", {"op": "replace", "path": "displayName", "value": "Devs"})
        assert {key: site.users()[JOHN["userName"]][key] for key in ("givenName", "familyName")} == {
            "givenName": "Jon",
            "familyName": "Dev",
        }
        assert site.members("Devs") == {JOHN["userName"]}
        await site.send("PUT", f"/Groups/{group}", {"schemas": [GROUP], "displayName": "Devs", "members": []}, 200)
        assert site.members("Devs") == set()
        await site.send("DELETE", f"/Groups/{group}", status=204)
        await site.send("DELETE", f"/Users/{id}", status=204)


@everywhere
async def test_o2_the_status_of_each_answer(backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    async with gateway(directory_of(backend, tmp_path, request), tmp_path) as site:
        made = await site.send("POST", "/Users", JOHN, 201)
        id = made.json()["id"]
        assert isinstance(id, str)
        assert id
        assert (await site.send("PUT", f"/Users/{id}", JOHN, 200)).json()["id"] == id
        changed = await site.patch(f"/Users/{id}", {"op": "replace", "path": "active", "value": False})
        assert (changed.json()["id"], changed.json()["active"]) == (id, False)
        group = await site.group("Developers")
        member = {"op": "add", "path": "members", "value": [{"value": id}]}
        assert (await site.patch(f"/Groups/{group}", member, status=204)).content == b""
        assert (await site.send("DELETE", f"/Users/{id}", status=204)).content == b""


@only("memory")
async def test_o2_a_group_s_patch_has_a_body_where_the_connection_says_so(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    async with gateway(directory_of(backend, tmp_path, request), tmp_path, patch_response="body") as site:
        id, group = await site.user(), await site.group("Developers")
        answer = await site.patch(f"/Groups/{group}", {"op": "add", "path": "members", "value": [{"value": id}]})
        assert [each["value"] for each in answer.json()["members"]] == [id]


@only("sqlite", "postgresql", "slapd")
async def test_o3_delete_deactivates_and_is_404_afterwards(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    async with gateway(directory_of(backend, tmp_path, request), tmp_path) as site:
        id = await site.user(password="t3mp-0rary-w0rd")
        if isinstance(site.directory, InSlapd):
            assert site.directory.logs_in("ann@example.com", "t3mp-0rary-w0rd")
        await site.send("DELETE", f"/Users/{id}", status=204)
        assert site.users()["ann@example.com"]["active"] is False
        if isinstance(site.directory, InSlapd):
            assert not site.directory.logs_in("ann@example.com", "t3mp-0rary-w0rd")
        for method, body in (("GET", None), ("DELETE", None), ("PUT", JOHN)):
            assert (await site.send(method, f"/Users/{id}", body, 404)).json()["status"] == "404"
        await site.patch(f"/Users/{id}", {"op": "replace", "path": "active", "value": True}, status=404)
        assert await site.found("Users", 'userName eq "ann@example.com"') == []
        assert (await site.get("/Users"))["totalResults"] == 0
        assert site.users()["ann@example.com"]["active"] is False


@everywhere
async def test_o4_an_empty_list_has_its_keys(backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    empty = {"schemas": [LIST], "totalResults": 0, "startIndex": 1, "itemsPerPage": 0, "Resources": []}
    async with gateway(directory_of(backend, tmp_path, request), tmp_path) as site:
        for path in ("/Users", "/Groups", "/Users?startIndex=1&count=10", '/Users?filter=userName eq "nobody"'):
            assert await site.get(path) == empty


@only("memory", "slapd")
async def test_o5_an_address_without_a_type_is_the_work_address(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    async with gateway(directory_of(backend, tmp_path, request), tmp_path) as site:
        id = (await site.send("POST", "/Users", JOHN, 201)).json()["id"]
        assert site.users()[JOHN["userName"]]["email"] == "john.developer@example.com"
        moved = {**JOHN, "emails": [{"value": "john@example.com", "primary": True}, {"value": "j@home.example"}]}
        await site.send("PUT", f"/Users/{id}", moved, 200)
        assert site.users()[JOHN["userName"]]["email"] == "john@example.com"


@only("memory", "slapd")
async def test_o6_a_second_address_has_a_row_of_its_own(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    second = {"memory": "mail2", "slapd": "labeledURI"}[backend]
    mapping = f'[user.map]\n"emails.value" = {{ attr = "{second}", element = {{ type = "other" }} }}\n'
    async with gateway(directory_of(backend, tmp_path, request), tmp_path, mapping=mapping) as site:
        both = [{"value": "john@example.com", "primary": True}, {"value": "john@home.example"}]
        id = (await site.send("POST", "/Users", {**JOHN, "emails": both}, 201)).json()["id"]
        held = site.users()[JOHN["userName"]]
        assert (held["email"], held[second]) == ("john@example.com", "john@home.example")
        read = (await site.get(f"/Users/{id}"))["emails"]
        assert {each["type"]: each["value"] for each in read} == {
            "work": "john@example.com",
            "other": "john@home.example",
        }


@only("memory", "slapd")
async def test_o7_a_department_at_top_level_is_the_enterprise_department(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    async with gateway(directory_of(backend, tmp_path, request), tmp_path) as site:
        id = (await site.send("POST", "/Users", JOHN, 201)).json()["id"]
        answer = (await site.send("PUT", f"/Users/{id}", {**JOHN, "department": "Engineering"}, 200)).json()
        assert site.users()[JOHN["userName"]]["department"] == "Engineering"
        assert answer[ENTERPRISE] == {"department": "Engineering"}
        advertised = {each["name"]: each for each in (await site.get(f"/Schemas/{USER}"))["attributes"]}
        assert f"{ENTERPRISE}:department" in advertised["department"]["description"]
        assert advertised["department"]["returned"] == "never"


@everywhere
@pytest.mark.parametrize(
    "operation",
    [{"op": "replace", "path": "active", "value": False}, {"op": "replace", "value": {"active": False}}],
    ids=["path", "no-path"],
)
async def test_o8_deactivation_with_and_without_a_path(
    backend: str, operation: dict[str, object], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    async with gateway(directory_of(backend, tmp_path, request), tmp_path) as site:
        id = await site.user()
        assert (await site.patch(f"/Users/{id}", operation)).json()["active"] is False
        assert site.users()["ann@example.com"]["active"] is False
        assert [each["id"] for each in await site.found("Users", "active eq false")] == [id]


@everywhere
async def test_o9_groups_in_a_user_s_patch_are_ignored(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    async with gateway(directory_of(backend, tmp_path, request), tmp_path) as site:
        id, group = await site.user(), await site.group("Developers")
        before = site.directory.traces()
        await site.patch(f"/Users/{id}", {"op": "add", "path": "groups", "value": [{"value": group}]})
        assert site.directory.traces() == before
        assert site.members("Developers") == set()


@everywhere
async def test_o10_a_group_is_pushed_with_members_and_adding_one_twice_changes_nothing(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    async with gateway(directory_of(backend, tmp_path, request), tmp_path) as site:
        ids = [await site.user(f"{name}@example.com") for name in ("john", "jane", "bob")]
        named = [{"value": id, "display": f"whoever-{number}"} for number, id in enumerate(ids)]
        body = {"schemas": [GROUP], "displayName": "QA Team", "members": named[:2]}
        group = (await site.send("POST", "/Groups", body, 201)).json()["id"]
        assert site.members("QA Team") == {"john@example.com", "jane@example.com"}
        for _ in range(2):
            await site.patch(f"/Groups/{group}", {"op": "add", "path": "members", "value": named[2:]}, status=204)
            assert site.members("QA Team") == {"john@example.com", "jane@example.com", "bob@example.com"}
        before = site.directory.traces()
        await site.patch(f"/Groups/{group}", {"op": "add", "path": "members", "value": named}, status=204)
        assert site.directory.traces() == before


@everywhere
async def test_o11_the_filters_of_the_guide_however_they_are_encoded(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    async with gateway(directory_of(backend, tmp_path, request), tmp_path) as site:
        ids = [await site.user(f"u{number}@example.com", emails=_address(number)) for number in range(5)]
        await site.patch(f"/Users/{ids[4]}", {"op": "replace", "path": "active", "value": False})
        for encoded in ("userName+eq+%22u1%40example.com%22", "userName%20eq%20%22u1@example.com%22"):
            assert [each["id"] for each in (await site.get(f"/Users?filter={encoded}"))["Resources"]] == [ids[1]]
        assert {each["id"] for each in await site.found("Users", "active eq true")} == set(ids[:4])
        if backend in ("memory", "slapd"):
            assert [each["id"] for each in await site.found("Users", 'emails.value eq "m2@example.com"')] == [ids[2]]
        pages = [await site.get(f"/Users?startIndex={start}&count=2") for start in (1, 3, 5)]
        assert [(page["totalResults"], page["startIndex"], page["itemsPerPage"]) for page in pages] == [
            (5, 1, 2),
            (5, 3, 2),
            (5, 5, 1),
        ]
        assert {each["id"] for page in pages for each in page["Resources"]} == set(ids)


def _address(number: int) -> list[dict[str, object]]:
    return [{"value": f"m{number}@example.com", "primary": True}]


@everywhere
async def test_o12_a_wrong_token_is_401_and_an_unknown_user_404_both_as_scim_errors(
    backend: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    async with gateway(directory_of(backend, tmp_path, request), tmp_path) as site:
        refused = await site.send("GET", "/Users", status=401, Authorization="Bearer wrong")
        assert refused.headers["WWW-Authenticate"].startswith("Bearer")
        unknown = await site.send("GET", "/Users/no-such-user", status=404)
        for answer, status in ((refused, "401"), (unknown, "404")):
            body = answer.json()
            assert (body["schemas"], body["status"]) == ([ERROR], status)
            assert body["detail"]
            assert answer.headers["Content-Type"] == "application/scim+json"


@only("sqlite", "postgresql")
async def test_o17_ids_that_are_small_numbers(backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    directory = directory_of(backend, tmp_path, request)
    url = str(directory.target()["url"])
    serial = "integer PRIMARY KEY" if backend == "sqlite" else "integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"
    tables = Database(url)
    tables(f"CREATE TABLE accounts (id {serial}, login text NOT NULL UNIQUE, on_duty boolean NOT NULL)")
    async with gateway(directory, tmp_path, whole=ACCOUNTS) as site:
        ids = [
            (await site.send("POST", "/Users", {"schemas": [USER], "userName": name}, 201)).json()["id"]
            for name in ("ann", "ben")
        ]
        assert ids == ["1", "2"]
        assert (await site.get("/Users/2"))["userName"] == "ben"
        await site.patch("/Users/1", {"op": "replace", "path": "active", "value": False})
        assert [row["login"] for row in tables("SELECT login FROM accounts WHERE NOT on_duty")] == ["ann"]
        await site.send("GET", "/Users/3", status=404)
        await site.send("GET", "/Users/one", status=404)


ACCOUNTS = """
format = 1
target = "sql"
[user]
table  = "accounts"
anchor = "id"
match  = ["userName"]
[user.map]
userName = { attr = "login", required = true }
active   = { attr = "on_duty", via = ["bool"] }
"""
