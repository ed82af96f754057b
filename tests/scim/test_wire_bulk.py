"""Bulk on the wire (RFC 7644 §3.7)."""

from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.scim.wire import BASE, BULK, ENTERPRISE, GROUP, PATCH, PATH, USER, Wire, fails, wire

pytestmark = pytest.mark.anyio


async def bulk(client: Wire, *operations: Any, **envelope: Any) -> httpx2.Response:
    return await client.send("POST", "/Bulk", {"schemas": [BULK], "Operations": list(operations), **envelope})


def post(bulk_id: str, name: str, **data: Any) -> dict[str, Any]:
    return {
        "method": "POST",
        "path": "/Users",
        "bulkId": bulk_id,
        "data": {"schemas": [USER], "userName": name, **data},
    }


def team(bulk_id: str, name: str, *members: str) -> dict[str, Any]:
    data = {"schemas": [GROUP], "displayName": name, "members": [{"value": member} for member in members]}
    return {"method": "POST", "path": "/Groups", "bulkId": bulk_id, "data": data}


async def test_every_method(tolerant: Wire) -> None:
    kept, gone = await tolerant.user("kept"), await tolerant.user("gone")
    response = await bulk(
        tolerant,
        post("a", "ann"),
        {"method": "PUT", "path": f"/Users/{kept['id']}", "data": {"schemas": [USER], "userName": "put"}},
        {
            "method": "PATCH",
            "path": f"/Users/{kept['id']}",
            "data": {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "title", "value": "x"}]},
        },
        {"method": "DELETE", "path": f"/Users/{gone['id']}"},
    )
    body = response.json()
    assert response.status_code == 200
    assert body["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:BulkResponse"]
    created, put, patched, deleted = body["Operations"]
    assert (created["status"], put["status"], patched["status"], deleted["status"]) == ("201", "200", "200", "204")
    assert created["bulkId"] == "a"
    assert put["location"] == patched["location"] == kept["meta"]["location"]
    assert deleted["location"] == gone["meta"]["location"]
    assert created["version"] == (await tolerant.get(created["location"].removeprefix(f"{BASE}{PATH}"))).headers["ETag"]
    stood = await tolerant.read("Users", kept["id"])
    assert (stood["userName"], stood["title"]) == ("put", "x")


async def test_a_group_may_come_before_its_members(tolerant: Wire) -> None:
    response = await bulk(tolerant, team("g", "Team", "bulkId:a", "bulkId:b"), post("a", "ann"), post("b", "bob"))
    group, ann, bob = response.json()["Operations"]
    assert [each["status"] for each in (group, ann, bob)] == ["201", "201", "201"]
    shown = (await tolerant.get("/Groups")).json()["Resources"][0]
    assert {member["$ref"] for member in shown["members"]} == {ann["location"], bob["location"]}


async def test_circular_references_are_resolved(tolerant: Wire) -> None:
    def managed(by: str) -> dict[str, Any]:
        return {ENTERPRISE: {"manager": {"value": f"bulkId:{by}"}, "department": "D"}}

    response = await bulk(tolerant, post("a", "ann", **managed("b")), post("b", "bob", **managed("a")))
    first, second = response.json()["Operations"]
    assert (first["status"], second["status"]) == ("201", "201")
    ann, bob = [(await tolerant.get(each["location"].removeprefix(f"{BASE}{PATH}"))).json() for each in (first, second)]
    assert ann[ENTERPRISE]["manager"]["value"] == bob["id"]
    assert bob[ENTERPRISE]["manager"]["value"] == ann["id"]
    assert ann["meta"]["version"] == first["version"]


async def test_groups_in_one_another(tolerant: Wire) -> None:
    response = await bulk(tolerant, team("a", "A", "bulkId:b"), team("b", "B", "bulkId:a"))
    statuses = [each["status"] for each in response.json()["Operations"]]
    assert statuses in (["201", "201"], ["400", "400"], ["201", "400"], ["400", "201"])


async def test_a_bulk_id_in_a_path(tolerant: Wire) -> None:
    patch = {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "title", "value": "x"}]}
    response = await bulk(tolerant, {"method": "PATCH", "path": "/Users/bulkId:a", "data": patch}, post("a", "ann"))
    patched, created = response.json()["Operations"]
    assert (patched["status"], created["status"]) == ("200", "201")
    assert patched["location"] == created["location"]


async def test_a_bulk_id_that_nothing_has_is_409(tolerant: Wire) -> None:
    response = await bulk(tolerant, team("g", "Team", "bulkId:nobody"))
    (failed,) = response.json()["Operations"]
    assert (failed["status"], failed["response"]["status"]) == ("409", "409")
    assert (await tolerant.get("/Groups")).json()["totalResults"] == 0


async def test_what_refers_to_a_failure_fails(tolerant: Wire) -> None:
    await tolerant.user("ann")
    response = await bulk(tolerant, post("a", "ann"), team("g", "Team", "bulkId:a"))
    user, group = response.json()["Operations"]
    assert (user["status"], user["response"]["scimType"], group["status"]) == ("409", "uniqueness", "409")
    assert "location" not in user


@pytest.mark.parametrize(
    ("operation", "status"),
    [
        ({"method": "GET", "path": "/Users"}, "400"),
        ({"path": "/Users"}, "400"),
        ({"method": "POST", "bulkId": "x", "data": {}}, "400"),
        ({"method": "POST", "path": "/Users", "data": {"userName": "x"}}, "400"),
        ({"method": "POST", "path": "/Users", "bulkId": "x"}, "400"),
        ({"method": "POST", "path": "/Users", "bulkId": "x", "data": "text"}, "400"),
        ({"method": "POST", "path": "/Nope", "bulkId": "x", "data": {}}, "404"),
        ({"method": "POST", "path": "/Me", "bulkId": "x", "data": {}}, "400"),
        ({"method": "POST", "path": "/Bulk", "bulkId": "x", "data": {}}, "400"),
        ({"method": "POST", "path": "/Users/.search", "bulkId": "x", "data": {}}, "400"),
        ({"method": "DELETE", "path": "/Users"}, "405"),
        ({"method": "DELETE", "path": "/Users/nobody"}, "404"),
        ({"method": "PATCH", "path": "/Users/nobody", "data": {"schemas": [PATCH]}}, "400"),
        ("text", "400"),
        (None, "400"),
    ],
)
async def test_an_operation_fails_alone(tolerant: Wire, operation: Any, status: str) -> None:
    response = await bulk(tolerant, operation, post("z", "fine"))
    failed, fine = response.json()["Operations"]
    assert (failed["status"], failed["response"]["status"], fine["status"]) == (status, status, "201")


async def test_the_same_bulk_id_twice(tolerant: Wire) -> None:
    response = await bulk(tolerant, post("a", "ann"), post("a", "bob"))
    assert [each["status"] for each in response.json()["Operations"]] == ["201", "400"]


async def test_fail_on_errors(tolerant: Wire) -> None:
    bad = {"method": "DELETE", "path": "/Users/nobody"}
    response = await bulk(tolerant, bad, bad, post("a", "ann"), failOnErrors=2)
    assert [each["status"] for each in response.json()["Operations"]] == ["404", "404"]
    assert (await tolerant.get("/Users")).json()["totalResults"] == 0
    response = await bulk(tolerant, bad, bad, post("a", "ann"))
    assert [each["status"] for each in response.json()["Operations"]] == ["404", "404", "201"]


async def test_versions_are_checked(tolerant: Wire) -> None:
    user = await tolerant.user()
    put = {"method": "PUT", "path": f"/Users/{user['id']}", "data": {"schemas": [USER], "userName": "new"}}
    response = await bulk(tolerant, {**put, "version": 'W/"old"'}, {**put, "version": user["meta"]["version"]})
    assert [each["status"] for each in response.json()["Operations"]] == ["412", "200"]


@pytest.mark.parametrize(
    ("body", "scim_type"),
    [
        ({"Operations": [post("a", "x")]}, "invalidSyntax"),
        ({"schemas": [USER], "Operations": [post("a", "x")]}, "invalidSyntax"),
        ({"schemas": [BULK]}, "invalidValue"),
        ({"schemas": [BULK], "Operations": []}, "invalidValue"),
        ({"schemas": [BULK], "Operations": {}}, "invalidValue"),
        ({"schemas": [BULK], "Operations": [post("a", "x")], "failOnErrors": "x"}, "invalidValue"),
        ([], "invalidSyntax"),
    ],
)
async def test_an_envelope_that_is_none(tolerant: Wire, body: Any, scim_type: str) -> None:
    fails(await tolerant.send("POST", "/Bulk", body), 400, scim_type)
    assert (await tolerant.get("/Users")).json()["totalResults"] == 0


async def test_limits(tmp_path: Path) -> None:
    async with wire(tmp_path, bulk_operations=2, bulk_payload=2000) as client:
        fails(await bulk(client, *[post(str(n), f"u{n}") for n in range(3)]), 413)
        fails(await bulk(client, post("a", "x" * 3000)), 413)
        config = (await client.get("/ServiceProviderConfig")).json()["bulk"]
        assert config == {"supported": True, "maxOperations": 2, "maxPayloadSize": 2000}
        assert (await client.get("/Users")).json()["totalResults"] == 0


async def test_a_long_chain_of_references(tolerant: Wire) -> None:
    chain = [post(str(n), f"u{n}", **{ENTERPRISE: {"manager": {"value": f"bulkId:{n + 1}"}}}) for n in range(30)]
    response = await bulk(tolerant, *chain, post("30", "u30"))
    assert {each["status"] for each in response.json()["Operations"]} == {"201"}
