"""Names that mean something to a directory, a database or a terminal are names here, stored exactly."""

import json
from typing import Any

import pytest

from tests.hostile.ground import Ground
from tests.scim.wire import GROUP, USER

SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
NAMES = [
    "evil,ou=admins", "*", "#x", "\\2a", "a\\,b", "a+b=c", 'a"b', "a;b<c>d", "a/b", "a%2fb", "../../etc/passwd",
    "uid=x,dc=y", "(a)(b)", "*)(uid=*", "a=b", "'; drop table scim_users; --", "%", "_", "%s%n", "${jndi:ldap://x}",
    "a\r\nb: c", "\x01\x1b[31m", "\x7f", "\u202eevil", "e\u0301", "👩‍👩‍👧", "\ufeffx", "\u200b", "ünï", "ß",
    "null", "0", "true",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_stored_and_found_exactly(ground: Ground, name: str) -> None:
    created = ground.user(name)
    assert created["userName"] == name
    assert ground.send("GET", f"/Users/{created['id']}").json()["userName"] == name
    literal = json.dumps(name, ensure_ascii=False)
    body = {"schemas": [SEARCH], "filter": f"userName eq {literal}", "attributes": ["userName"]}
    found = ground.send("POST", "/Users/.search", body).json()
    assert [each["userName"] for each in found["Resources"]] == [name]
    assert ground.send("DELETE", f"/Users/{created['id']}").status_code == 204


@pytest.mark.parametrize("name", NAMES)
def test_a_group_s_name_is_stored_and_found_exactly(ground: Ground, name: str) -> None:
    created = ground.group(name)
    assert created["displayName"] == name
    body = {"schemas": [SEARCH], "filter": f"displayName eq {json.dumps(name, ensure_ascii=False)}"}
    found = ground.send("POST", "/Groups/.search", body).json()
    assert [each["id"] for each in found["Resources"]] == [created["id"]]
    assert ground.send("DELETE", f"/Groups/{created['id']}").status_code == 204


def test_a_name_never_leaves_its_place(both: dict[str, Ground]) -> None:
    ground = both["openldap"]
    ground.user("rdn,ou=admins")
    (dn,) = [dn for dn, entry in ground.content().items() if entry.get("uid") == ["rdn,ou=admins"]]
    assert dn.lower().endswith(",ou=people,dc=example,dc=com")
    assert dn.replace("\\,", "").replace("\\2C", "").count(",") == 3


@pytest.mark.parametrize("name", ["nul\x00x", "\x00", "", " ", "\t\n", "\u2028"])
@pytest.mark.parametrize("verb", ["POST", "PUT", "PATCH"])
def test_what_is_no_name_is_refused(ground: Ground, name: str, verb: str) -> None:
    body: dict[str, Any] = {"schemas": [USER], "userName": name, "name": {"familyName": "F"}}
    if verb == "POST":
        assert ground.refused("POST", "/Users", body).json()["scimType"] == "invalidValue"
        return
    path = f"/Users/{ground.user()['id']}"
    if verb == "PUT":
        answer = ground.refused("PUT", path, body)
    else:
        answer = ground.patch(path, {"op": "replace", "path": "userName", "value": name}, refused=True)
    assert answer.json()["scimType"] in ("invalidValue", "mutability")


@pytest.mark.parametrize("path", ["userName", "displayName", "name.familyName", "externalId", "title"])
def test_nul_is_refused_everywhere(ground: Ground, path: str) -> None:
    user = ground.user()
    answer = ground.patch(f"/Users/{user['id']}", {"op": "replace", "path": path, "value": "a\x00b"}, refused=True)
    assert answer.json()["scimType"] == "invalidValue"
    assert ground.send("GET", f"/Users/{user['id']}").json() == user


def test_half_a_surrogate_is_no_text(ground: Ground) -> None:
    body = b'{"schemas":["%s"],"userName":"\\ud83d","name":{"familyName":"F"}}' % USER.encode()
    assert ground.refused("POST", "/Users", body).json()["scimType"] == "invalidSyntax"


@pytest.mark.parametrize("length", [200, 300, 5_000, 500_000])
def test_a_long_name_is_stored_whole_or_refused(ground: Ground, length: int) -> None:
    name = "n" * length
    before = ground.content()
    with ground.serving_others():
        answer = ground.send("POST", "/Users", {"schemas": [USER], "userName": name, "name": {"familyName": "F"}})
    if answer.status_code == 201:
        assert ground.send("GET", f"/Users/{answer.json()['id']}").json()["userName"] == name
        assert ground.send("DELETE", f"/Users/{answer.json()['id']}").status_code == 204
    else:
        assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidValue")
        assert ground.content() == before


@pytest.mark.parametrize("attribute", ["displayName", "title"])
def test_a_long_value_is_stored_whole(ground: Ground, attribute: str) -> None:
    value = "v" * 1_000_000
    with ground.serving_others():
        created = ground.user(**{attribute: value})
    assert created[attribute] == value
    body = {"schemas": [SEARCH], "filter": f'{attribute} eq "{"v" * 10_000}"'}
    assert ground.send("POST", "/Users/.search", body).json()["totalResults"] == 0
    assert ground.send("DELETE", f"/Users/{created['id']}").status_code == 204


def test_members_that_are_names_of_other_things(ground: Ground) -> None:
    group = ground.group()
    for value in ("uid=a,ou=people,dc=example,dc=com", "*", "../1", "\\2a", "a\x00b", "", "1 or 1=1", "x" * 100_000):
        before = ground.content()
        answer = ground.patch(f"/Groups/{group['id']}", {"op": "add", "path": "members", "value": [{"value": value}]})
        assert answer.status_code in (200, 204, 400)
        if answer.status_code == 400:
            assert ground.content() == before
        assert "members" not in ground.send("GET", f"/Groups/{group['id']}").json()
        body = {"schemas": [GROUP], "displayName": "g", "members": [{"value": value}]}
        assert "members" not in ground.send("PUT", f"/Groups/{group['id']}", body).json()
