"""Ids that are paths, names of other things, or nothing at all: 404, and never more than one thing looked at."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.hostile.ground import Ground
from tests.scim.wire import BULK, GROUP, PATCH, USER

IDS = [
    "uid=gateway,dc=example,dc=com", "cn=admin,dc=example,dc=com", "ou=people,dc=example,dc=com", "*",
    "(objectClass=*)",
    "../Users", "../../etc/passwd", "..", ".", "%00", "\x00", "a\x00b", "%2F", "a/b", "%", "%25", "%zz", "%c0%af",
    "\\2a",
    "1' or '1'='1", "' ; drop table scim_users; --", "null", "-1", "0", "x" * 10_000, "\r\nSet-Cookie: a=b", "é",
    "\u202e",
    ".search", "Users", "urn:ietf:params:scim:schemas:core:2.0:User", "{id}", "$ref", "bulkId:1", "💥", "\ufffe", " ",
    "00000000-0000-0000-0000-000000000000", "<GUID=00000000>", "|", "a;b", "a?b", "a#b", "a&b=c",
]  # fmt: skip
ANYTHING: dict[str, Any] = {"schemas": [USER], "userName": "nobody", "name": {"familyName": "F"}, "displayName": "x"}


def path_of(kind: str, id: str) -> str:
    return f"/{kind}/{quote(id, safe='')}"


@pytest.mark.parametrize("id", IDS)
def test_what_nothing_is_called_is_404(ground: Ground, id: str) -> None:
    for kind, schema in (("Users", USER), ("Groups", GROUP)):
        path = path_of(kind, id)
        allowed = {404, 405} if id in (".search", ".", "..") else {404}
        bodies: tuple[tuple[str, Any], ...] = (
            ("GET", None), ("DELETE", None), ("PUT", {**ANYTHING, "schemas": [schema]}),
            ("PATCH", {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "displayName", "value": "x"}]}),
        )  # fmt: skip
        for method, body in bodies:
            if id in (".", "..", " ", ".search") and method in ("GET", "DELETE"):
                assert ground.send(method, path, body).status_code in (200, 404, 405)
                continue
            assert ground.refused(method, path, body).status_code in allowed, (method, path)


@pytest.mark.parametrize("id", IDS)
def test_in_a_bulk_request_too(ground: Ground, id: str) -> None:
    before = ground.content()
    operations = [
        {"method": "DELETE", "path": f"/Users/{id}"},
        {"method": "DELETE", "path": path_of("Users", id)},
        {"method": "PATCH", "path": f"/Users/{id}", "data": {"schemas": [PATCH], "Operations": [{"op": "remove"}]}},
        {"method": "POST", "path": f"/{id}", "bulkId": "1", "data": ANYTHING},
        {"method": "PUT", "path": f"/Users/{id}", "data": ANYTHING},
    ]
    answer = ground.send("POST", "/Bulk", {"schemas": [BULK], "Operations": operations})
    if id == "Users":
        operations_after = answer.json()["Operations"]
        assert operations_after[3]["status"] == "201"
        assert ground.send("DELETE", operations_after[3]["location"].partition(ground.name)[2]).status_code == 204
        return
    assert answer.status_code == 200
    assert all(each["status"].startswith("4") for each in answer.json()["Operations"]), answer.json()
    assert ground.content() == before


def test_an_id_of_another_type_is_not_one_of_this(ground: Ground) -> None:
    user, group = ground.user(), ground.group()
    assert ground.refused("GET", f"/Groups/{user['id']}").status_code == 404
    assert ground.refused("DELETE", f"/Users/{group['id']}").status_code == 404
    ground.refused("PATCH", f"/Users/{group['id']}", {"schemas": [PATCH], "Operations": [{"op": "add"}]})


def test_entries_outside_the_mapped_places_are_nobody(both: dict[str, Ground]) -> None:
    """The gateway's own login and the organisational units have ids too."""
    ground = both["openldap"]
    entries = ground.content()
    others = [dn for dn in entries if not dn.startswith("uid=") and "ou=groups" not in dn.partition(",")[2]]
    assert len(others) >= 3
    for dn in others:
        id = entries[dn]["entryUUID"][0]
        for kind in ("Users", "Groups"):
            assert ground.refused("GET", f"/{kind}/{id}").status_code == 404
            assert ground.refused("DELETE", f"/{kind}/{id}").status_code == 404
            body = {**ANYTHING, "schemas": [USER if kind == "Users" else GROUP]}
            assert ground.refused("PUT", f"/{kind}/{id}", body).status_code == 404


@pytest.mark.parametrize(
    "path",
    ["/%2e%2e/Users", "/Users%2f1", "/%55sers/x/../y", "//Users", "/Users//x", "/Users/x/", "/users/x", "/Nope/x"],
)
def test_paths_that_are_no_resource(ground: Ground, path: str) -> None:
    assert ground.send("GET", path).status_code in (200, 404)
    assert ground.refused("DELETE", path).status_code in (404, 405)
