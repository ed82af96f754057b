"""Hostile input: a clear SCIM error or plain data, nothing written that was refused, nothing leaked."""

from typing import Any

import pytest

from tests.scim.wire import PATCH, USER, Wire

pytestmark = pytest.mark.anyio

NAMES = [
    *(
        "evil,ou=admins",
        "*",
        "a)(uid=*",
        "'; DROP TABLE scim_users; --",
        "a\\2ab",
        '"',
        "%",
        "%00",
        "_",
        "../../etc/passwd",
    ),
    *("{{7*7}}", "${jndi:ldap://x}", "<script>alert(1)</script>", "ann\r\nSet-Cookie: x=1", "\u202egnp.exe", "𝒜𝓃𝓃"),
    *("e\u0301", "x" * 5000, "bulkId:x", "null", "True", "\ufeffann", "ﬀ"),
]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
async def test_a_hostile_user_name_is_only_a_name(tolerant: Wire, name: str) -> None:
    bystander = await tolerant.user("bystander")
    response = await tolerant.send("POST", "/Users", {"schemas": [USER], "userName": name})
    assert response.status_code in (201, 400)
    if response.status_code == 400:
        assert (await tolerant.get("/Users")).json()["totalResults"] == 1
        return
    created = response.json()
    assert created["userName"].strip().lower() == name.strip().lower()
    literal = name.replace("\\", "\\\\").replace('"', '\\"').replace("\r", "\\r").replace("\n", "\\n")
    found = (await tolerant.get("/Users", params={"filter": f'userName eq "{literal}"'})).json()
    assert [each["id"] for each in found["Resources"]] == [created["id"]]
    await tolerant.send("DELETE", f"/Users/{created['id']}")
    assert await tolerant.read("Users", bystander["id"]) == bystander


@pytest.mark.parametrize(
    "value", [{"$ne": None}, {"__proto__": {"x": 1}}, {"__class__": "x"}, [[[]]], {"": ""}, {"a": {"b": {"c": 1}}}]
)
async def test_odd_values_are_refused_or_ignored(tolerant: Wire, value: Any) -> None:
    for body in (
        {"userName": value},
        {"userName": "x", "name": value},
        {"userName": "x", "emails": value},
        {"userName": "x", "emails": [value]},
    ):
        response = await tolerant.send("POST", "/Users", {"schemas": [USER], **body})
        assert response.status_code in (201, 400, 409), response.text


@pytest.mark.parametrize(
    "key",
    [
        "",
        " ",
        ".",
        "[",
        "]",
        "emails[",
        'emails[type eq "',
        "urn:",
        "urn:a:b:",
        "a.b.c",
        "\x00",
        "$ref",
        "emails[type eq 'x']",
        "name." + "x" * 10_000,
        "schemas.x",
        "meta.x",
        "id.x",
    ],
)
async def test_odd_keys_and_paths(tolerant: Wire, key: str) -> None:
    created = await tolerant.user()
    answers = [
        await tolerant.send("POST", "/Users", {"schemas": [USER], "userName": "other", key: "x"}),
        await tolerant.patch(f"/Users/{created['id']}", {"op": "replace", "value": {key: "x"}}),
        await tolerant.patch(f"/Users/{created['id']}", {"op": "replace", "path": key, "value": "x"}),
        await tolerant.get(f"/Users/{created['id']}", params={"attributes": key}),
        await tolerant.get("/Users", params={"sortBy": key}),
        await tolerant.get("/Users", params={"filter": f'{key} eq "x"'}),
    ]
    assert all(answer.status_code < 500 for answer in answers), [answer.text for answer in answers]
    assert await tolerant.read("Users", created["id"]) == created


QUERIES = [
    *("count=99999999999999999999999", "startIndex=99999999999999999999", "count=1e3", "count=", "count=١"),
    *("startIndex=-99999999999999999999", "sortBy=", "attributes=" + "," * 10_000, "attributes=" + "a," * 5_000),
    *("excludedAttributes=" + "[" * 5_000, "cursor=" + "A" * 5_000, "filter=" + "%28" * 20_000),
]


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query[:24])
async def test_odd_queries(tolerant: Wire, query: str) -> None:
    await tolerant.user()
    response = await tolerant.get(f"/Users?{query}")
    assert response.status_code in (200, 400), response.text


async def test_thousands_of_operations_are_bounded(tolerant: Wire) -> None:
    created = await tolerant.user(emails=[{"value": f"{n}@x", "type": "work"} for n in range(300)])
    operations = [{"op": "replace", "path": f'emails[value eq "{n}@x"].display', "value": "x"} for n in range(2000)]
    response = await tolerant.send("PATCH", f"/Users/{created['id']}", {"schemas": [PATCH], "Operations": operations})
    assert response.status_code in (200, 400, 413)


@pytest.mark.parametrize(
    "id", ["..", ".", "%2e%2e", "uid=x,ou=people", "1' or '1'='1", "*", "x" * 5000, "%F0%9F%98%80", "%0d%0aX: y", "%2F"]
)
async def test_odd_ids(tolerant: Wire, id: str) -> None:
    created = await tolerant.user()
    for method, body in (
        ("GET", None),
        ("PUT", {"userName": "x"}),
        ("PATCH", {"schemas": [PATCH], "Operations": [{"op": "remove", "path": "title"}]}),
        ("DELETE", None),
    ):
        response = await tolerant.send(method, f"/Users/{id}", body)
        assert response.status_code in (200, 404, 405), response.text
        assert method == "GET" or response.status_code != 200
    assert await tolerant.read("Users", created["id"]) == created
