"""Single resources on the wire: status, headers, bodies (RFC 7644 §3)."""

from typing import Any

import pytest

from tests.scim.wire import BASE, ENTERPRISE, PATCH, PATH, USER, Wire, fails

pytestmark = pytest.mark.anyio
ROOT = f"{BASE}{PATH}"


async def test_a_created_user_is_answered_with_location_and_version(tolerant: Wire) -> None:
    response = await tolerant.send("POST", "/Users", {"schemas": [USER], "userName": "ann", "name": {"givenName": "A"}})
    body = response.json()
    location = f"{ROOT}/Users/{body['id']}"
    assert response.status_code == 201
    assert response.headers["Location"] == response.headers["Content-Location"] == body["meta"]["location"] == location
    assert response.headers["ETag"] == body["meta"]["version"]
    assert response.headers["Content-Type"] == "application/scim+json"
    assert body["schemas"] == [USER]
    assert (body["userName"], body["name"], body["active"]) == ("ann", {"givenName": "A"}, True)


async def test_a_read_user_is_what_was_created(tolerant: Wire) -> None:
    created = await tolerant.user(emails=[{"value": "a@x", "type": "work"}], **{ENTERPRISE: {"department": "D"}})
    response = await tolerant.get(f"/Users/{created['id']}")
    assert response.status_code == 200
    assert response.json() == created
    assert response.headers["Content-Location"] == created["meta"]["location"]
    assert response.headers["ETag"] == created["meta"]["version"]
    assert created["schemas"] == [USER, ENTERPRISE]


@pytest.mark.parametrize(
    "path", ["/Users/nobody", "/Groups/nobody", "/Users/uid=root,dc=other", "/Users/%25", "/Users/*"]
)
async def test_what_is_not_there_is_404(tolerant: Wire, path: str) -> None:
    fails(await tolerant.get(path), 404)
    fails(await tolerant.send("DELETE", path), 404)
    fails(await tolerant.send("PUT", path, {"userName": "x", "displayName": "x"}), 404)
    fails(await tolerant.patch(path, {"op": "replace", "path": "displayName", "value": "x"}), 404)


@pytest.mark.parametrize("path", ["/Nope", "/Nope/1", "/Users/1/2", "/users/a/b"])
async def test_an_unknown_path_is_404(tolerant: Wire, path: str) -> None:
    fails(await tolerant.get(path), 404)


async def test_a_trailing_slash_is_fine(tolerant: Wire) -> None:
    created = await tolerant.user()
    assert (await tolerant.get("/Users/")).json()["totalResults"] == 1
    assert (await tolerant.get(f"/Users/{created['id']}/")).json() == created
    assert (await tolerant.get("/ServiceProviderConfig/")).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/Users", {"GET", "POST"}),
        ("DELETE", "/Users", {"GET", "POST"}),
        ("POST", "/Users/1", {"GET", "PUT", "PATCH", "DELETE"}),
        ("POST", "/ServiceProviderConfig", {"GET"}),
        ("PUT", "/Schemas", {"GET"}),
        ("PATCH", "/ResourceTypes/User", {"GET"}),
        ("DELETE", "/Schemas/urn:ietf:params:scim:schemas:core:2.0:User", {"GET"}),
        ("GET", "/Bulk", {"POST"}),
        ("TRACE", "/Users", {"GET", "POST"}),
    ],
)
async def test_a_method_that_is_not_there_is_405(tolerant: Wire, method: str, path: str, allowed: set[str]) -> None:
    response = await tolerant.send(method, path)
    fails(response, 405)
    assert set(response.headers["Allow"].split(", ")) == allowed


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "POST"])
async def test_me_is_501(tolerant: Wire, method: str) -> None:
    fails(await tolerant.send(method, "/Me", {"schemas": [USER]} if method in ("PUT", "POST") else None), 501)


@pytest.mark.parametrize(
    "path", ["/Users", "/ServiceProviderConfig", "/Schemas", "/", "/Users/nobody", "/Bulk", "/Me", "/Nope"]
)
async def test_head_and_options_have_no_body(tolerant: Wire, path: str) -> None:
    head, options = await tolerant.send("HEAD", path), await tolerant.send("OPTIONS", path)
    assert (head.content, head.status_code < 500) == (b"", True)
    assert options.status_code == (404 if path == "/Nope" else 204)
    assert options.content == b"" or options.status_code == 404


async def test_options_names_the_methods(tolerant: Wire) -> None:
    response = await tolerant.send("OPTIONS", "/Users/1")
    assert response.status_code == 204
    assert response.headers["Allow"] == "GET, PUT, PATCH, DELETE, HEAD, OPTIONS"


async def test_head_has_the_headers_of_get(tolerant: Wire) -> None:
    created = await tolerant.user()
    got, head = [await tolerant.send(method, f"/Users/{created['id']}") for method in ("GET", "HEAD")]
    assert head.headers == got.headers
    assert head.status_code == 200


async def test_a_duplicate_is_409(tolerant: Wire) -> None:
    await tolerant.user("Ann")
    fails(await tolerant.send("POST", "/Users", {"schemas": [USER], "userName": "ANN"}), 409, "uniqueness")


@pytest.mark.parametrize("body", [{}, {"userName": ""}, {"userName": "  "}, {"userName": None}, {"displayName": "x"}])
async def test_without_a_user_name_it_is_400(tolerant: Wire, body: dict[str, Any]) -> None:
    fails(await tolerant.send("POST", "/Users", {"schemas": [USER], **body}), 400, "invalidValue")


NO_OBJECTS = {
    "empty": b"",
    "open": b"{",
    "list": b"[1,",
    "utf-16": b"\xff\xfe",
    "latin": b'{"userName": "\xff"}',
    "nan": b'{"userName": NaN}',
    "string": b'"x"',
    "array": b"[]",
    "deep": b"[" * 10_000 + b"]" * 10_000,
    "deep objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "surrogate": b'{"userName": "\\ud800"}',
}


@pytest.mark.parametrize("content", NO_OBJECTS.values(), ids=NO_OBJECTS)
async def test_what_is_no_json_object_is_invalid_syntax(tolerant: Wire, content: bytes) -> None:
    headers = {"Content-Type": "application/scim+json"}
    created = await tolerant.user("there")
    for method, path in (
        ("POST", "/Users"),
        ("PUT", f"/Users/{created['id']}"),
        ("PATCH", f"/Users/{created['id']}"),
        ("POST", "/Users/.search"),
        ("POST", "/Bulk"),
    ):
        fails(await tolerant.send(method, path, content=content, headers=headers), 400, "invalidSyntax")


async def test_nesting_is_bounded_below_what_the_parser_allows(tolerant: Wire) -> None:
    deep: Any = "x"
    for _ in range(100):
        deep = [deep]
    fails(
        await tolerant.send("POST", "/Users", {"schemas": [USER], "userName": "x", "nope": deep}), 400, "invalidSyntax"
    )


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/scim+json", 201), ("application/json", 201), ("application/scim+json; charset=utf-8", 201),
        ("APPLICATION/JSON", 201), ("text/plain", 415), ("application/xml", 415), (None, 201),
    ],
)  # fmt: skip
async def test_content_types(tolerant: Wire, content_type: str | None, status: int) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    response = await tolerant.send("POST", "/Users", content=b'{"userName": "x"}', headers=headers)
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/scim+json"


@pytest.mark.parametrize(
    "accept", ["application/scim+json; charset=utf-8", "application/json;charset=UTF-8", "*/*", "text/html"]
)
async def test_whatever_is_accepted_gets_scim(tolerant: Wire, accept: str) -> None:
    response = await tolerant.get("/Users", headers={"Accept": accept})
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/scim+json"


async def test_a_replaced_user(tolerant: Wire) -> None:
    created = await tolerant.user(title="old", nickName="nick")
    response = await tolerant.send(
        "PUT",
        f"/Users/{created['id']}",
        {"schemas": [USER], "userName": "ann", "title": "new", "id": "x", "meta": {"version": "1"}},
    )
    body = response.json()
    assert response.status_code == 200
    assert (body["id"], body["title"]) == (created["id"], "new")
    assert "nickName" not in body
    assert response.headers["ETag"] == body["meta"]["version"] != created["meta"]["version"]


async def test_an_unchanged_put_changes_no_version(tolerant: Wire) -> None:
    created = await tolerant.user(title="x")
    response = await tolerant.send("PUT", f"/Users/{created['id']}", created)
    assert response.json()["meta"] == created["meta"]


async def test_put_without_what_is_required_is_400_and_unknown_is_404(tolerant: Wire) -> None:
    created = await tolerant.user()
    fails(await tolerant.send("PUT", f"/Users/{created['id']}", {"schemas": [USER]}), 400, "invalidValue")
    fails(await tolerant.send("PUT", "/Users/nobody", {"schemas": [USER]}), 404)
    fails(await tolerant.send("PUT", "/Users/nobody", {"schemas": [USER], "userName": "x"}), 404)


async def test_a_deleted_user_is_gone(tolerant: Wire) -> None:
    created = await tolerant.user()
    response = await tolerant.send("DELETE", f"/Users/{created['id']}")
    assert (response.status_code, response.content) == (204, b"")
    assert "Content-Type" not in response.headers
    fails(await tolerant.get(f"/Users/{created['id']}"), 404)
    fails(await tolerant.send("DELETE", f"/Users/{created['id']}"), 404)
    assert (await tolerant.get("/Users")).json()["totalResults"] == 0


async def test_the_order_of_checks_of_a_patch(tolerant: Wire) -> None:
    created = await tolerant.user()
    fails(await tolerant.send("PATCH", "/Users/nobody", {"schemas": [PATCH]}), 400, "invalidValue")
    fails(await tolerant.patch("/Users/nobody", {"op": "replace", "path": "nope", "value": 1}), 404)
    fails(
        await tolerant.patch(f"/Users/{created['id']}", {"op": "replace", "path": "nope", "value": 1}),
        400,
        "invalidPath",
    )


async def test_a_patched_user_is_answered_with_its_body(tolerant: Wire) -> None:
    created = await tolerant.user()
    response = await tolerant.patch(
        f"/Users/{created['id']}", {"op": "replace", "value": {"active": False, "title": "x"}}
    )
    assert response.status_code == 200
    assert (response.json()["active"], response.json()["title"]) == (False, "x")
    assert response.headers["Content-Location"] == created["meta"]["location"]


async def test_attributes_and_excluded_attributes_on_every_verb(tolerant: Wire) -> None:
    response = await tolerant.send(
        "POST", "/Users?attributes=userName", {"schemas": [USER], "userName": "ann", "title": "t"}
    )
    id = response.json()["id"]
    assert response.json() == {"schemas": [USER], "id": id, "userName": "ann"}
    for method, body in (
        ("GET", None),
        ("PUT", {"schemas": [USER], "userName": "ann", "title": "t"}),
        ("PATCH", {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "title", "value": "u"}]}),
    ):
        shown = (await tolerant.send(method, f"/Users/{id}?attributes=USERNAME,nope", body)).json()
        assert shown == {"schemas": [USER], "id": id, "userName": "ann"}
        hidden = (await tolerant.send(method, f"/Users/{id}?excludedAttributes=title,meta", body)).json()
        assert set(hidden) == {"schemas", "id", "userName", "active"}
    fails(await tolerant.get(f"/Users/{id}?attributes=title&excludedAttributes=meta"), 400, "invalidValue")


async def test_attributes_with_a_selection(tolerant: Wire, strict: Wire) -> None:
    created = await tolerant.user(emails=[{"value": "a@x", "type": "work"}])
    shown = (await tolerant.get(f"/Users/{created['id']}", params={"attributes": 'emails[type eq "work"]'})).json()
    assert set(shown) == {"schemas", "id", "emails"}
    fails(await strict.get("/Users", params={"attributes": 'emails[type eq "work"]'}), 400, "invalidPath")


async def test_a_password_is_taken_and_never_shown(tolerant: Wire) -> None:
    created = await tolerant.user(password="s3cret-Passw0rd")
    assert "password" not in created
    shown = (await tolerant.get(f"/Users/{created['id']}?attributes=password,userName")).json()
    assert "password" not in shown


# -- conditions ------------------------------------------------------------------


async def test_if_none_match_is_304(tolerant: Wire) -> None:
    created = await tolerant.user()
    path, version = f"/Users/{created['id']}", created["meta"]["version"]
    for header in (version, "*", f'"x", {version}', version.removeprefix("W/")):
        response = await tolerant.get(path, headers={"If-None-Match": header})
        assert (response.status_code, response.content, response.headers["ETag"]) == (304, b"", version)
    assert (await tolerant.get(path, headers={"If-None-Match": 'W/"other"'})).status_code == 200


async def test_if_match_is_412(tolerant: Wire) -> None:
    created = await tolerant.user()
    path, version = f"/Users/{created['id']}", created["meta"]["version"]
    stale = {"If-Match": 'W/"stale"'}
    body = {"schemas": [USER], "userName": "ann", "title": "new"}
    fails(await tolerant.send("PUT", path, body, headers=stale), 412)
    fails(await tolerant.patch(path, {"op": "replace", "path": "title", "value": "new"}, headers=stale), 412)
    fails(await tolerant.send("DELETE", path, headers=stale), 412)
    assert "title" not in await tolerant.read("Users", created["id"])
    changed = await tolerant.send("PUT", path, body, headers={"If-Match": version})
    assert changed.status_code == 200
    fails(await tolerant.send("DELETE", path, headers={"If-Match": version}), 412)
    assert (await tolerant.send("DELETE", path, headers={"If-Match": "*"})).status_code == 204
