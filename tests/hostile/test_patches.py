"""PATCH and Bulk by people who mean no good: all of it or nothing, never for ever."""

from typing import Any

import pytest

from tests.hostile.ground import Ground
from tests.scim.wire import BULK, PATCH

OPS: list[Any] = [
    "move",
    "test",
    "copy",
    "",
    "ADD ",
    "add\x00",
    "ａｄｄ",
    "delete",
    None,
    1,
    True,
    [],
    {},
    ["add"],
    "x" * 100_000,
]
PATHS: list[Any] = [
    "*", "%", "displayName[", 'emails[type eq "work"', "emails[", "[]", "emails[]", 'emails[type eq "work"]]',
    "a.b.c.d",
    "display\x00Name", "x" * 100_000, "urn:", "urn:x:y", ":", ".", "name.", "..", "$", "displayName;x", "/displayName",
    'displayName[value eq "x"]', "emails[" * 500 + "]" * 500,
    "emails[" + "not (" * 5_000, "a" * 20_000 + "[b pr]", 5, [], {}, True, "constructor", "__proto__", "__class__",
    "id\x00",
]  # fmt: skip


@pytest.mark.parametrize("op", OPS, ids=range(len(OPS)))
def test_an_operation_nobody_knows(ground: Ground, op: Any) -> None:
    user = ground.user()
    answer = ground.patch(
        f"/Users/{user['id']}",
        {"op": "replace", "path": "displayName", "value": "first"},
        {"op": op, "path": "displayName", "value": "x"},
        refused=True,
    )
    assert answer.json()["scimType"] in ("invalidValue", "invalidSyntax")
    assert len(answer.text) < 1_000
    assert ground.send("GET", f"/Users/{user['id']}").json() == user


@pytest.mark.parametrize("path", PATHS, ids=range(len(PATHS)))
@pytest.mark.parametrize("op", ["add", "replace", "remove"])
def test_a_path_that_is_none(ground: Ground, op: str, path: Any) -> None:
    user = ground.user()
    first = {"op": "replace", "path": "displayName", "value": "first"}
    with ground.serving_others():
        answer = ground.patch(
            f"/Users/{user['id']}", first, {"op": op, "path": path, "value": [{"value": "x"}]}, refused=True
        )
    assert answer.json()["scimType"] in ("invalidPath", "invalidFilter", "invalidValue", "noTarget")
    assert len(answer.text) < 1_000


def test_a_selection_in_ten_thousand_brackets(ground: Ground) -> None:
    user = ground.user()
    selection = "emails[" + "(" * 5_000 + 'type eq "a"' + ")" * 5_000 + "]"
    with ground.serving_others():
        answer = ground.patch(f"/Users/{user['id']}", {"op": "remove", "path": selection})
    assert (answer.status_code, answer.json()) == (200, user)  # there is nothing to remove


@pytest.mark.parametrize("operations", [None, [], {}, "x", 1, [None], [1], ["add"], [[]], [{}], [{"path": "userName"}]])
def test_an_envelope_that_is_none(ground: Ground, operations: Any) -> None:
    user = ground.user()
    body = {"schemas": [PATCH], "Operations": operations}
    answer = ground.refused("PATCH", f"/Users/{user['id']}", body)
    assert answer.json()["scimType"] in ("invalidValue", "invalidSyntax")


def test_ten_thousand_operations(ground: Ground) -> None:
    user = ground.user()
    operations = [{"op": "replace", "path": "displayName", "value": f"n{n}"} for n in range(10_000)]
    with ground.serving_others():
        answer = ground.patch(f"/Users/{user['id']}", *operations)
    assert (answer.status_code, answer.json()["displayName"]) == (200, "n9999")
    with ground.serving_others():
        ground.patch(f"/Users/{user['id']}", *operations, {"op": "replace", "path": "nope", "value": 1}, refused=True)


def test_operations_that_would_work_for_ever_are_413(ground: Ground) -> None:
    """Each looks at all that those before it added."""
    user = ground.user()
    operations = [
        {"op": "add", "path": "emails", "value": [{"value": f"{n}@x", "type": "other"}]} for n in range(8_000)
    ]
    with ground.serving_others():
        assert ground.patch(f"/Users/{user['id']}", *operations, refused=True).status_code == 413


def test_a_selection_of_many_terms_over_many_values(ground: Ground) -> None:
    user = ground.user(emails=[{"value": f"{n}@x", "type": "other"} for n in range(1_000)])
    terms = " or ".join(f'value eq "n{n}"' for n in range(700))
    with ground.serving_others():
        answer = ground.patch(f"/Users/{user['id']}", {"op": "remove", "path": f"emails[{terms}]"})
    assert answer.status_code in (200, 400, 413)


@pytest.mark.parametrize("op", ["add", "remove"])
def test_thousands_of_operations_on_members(ground: Ground, op: str) -> None:
    group, user = ground.group(), ground.user()
    before = ground.content()
    value = [{"value": f"nobody{n}"} for n in range(20_000)]
    with ground.serving_others():
        answer = ground.patch(f"/Groups/{group['id']}", {"op": op, "path": "members", "value": value})
    assert answer.status_code in (200, 204, 400, 413)
    assert len(answer.text) < 5_000
    if answer.status_code >= 400:
        assert ground.content() == before
    operations = [{"op": op, "path": "members", "value": [{"value": user["id"]}]} for _ in range(5_000)]
    with ground.serving_others():
        answer = ground.patch(f"/Groups/{group['id']}", *operations)
    assert answer.status_code in (200, 204)
    members = ground.send("GET", f"/Groups/{group['id']}").json().get("members", [])
    assert [each["value"] for each in members] == ([user["id"]] if op == "add" else [])


@pytest.mark.parametrize("number", [1_001, 5_000])
def test_more_operations_than_bulk_takes(ground: Ground, number: int) -> None:
    operations = [{"method": "DELETE", "path": "/Users/x"}] * number
    assert ground.refused("POST", "/Bulk", {"schemas": [BULK], "Operations": operations}).status_code == 413


@pytest.mark.parametrize(
    "operation",
    [None, 1, "x", [], {}, {"method": "GET", "path": "/Users"}, {"method": "POST", "path": "/Bulk", "bulkId": "1",
    "data": {}},
     {"method": "POST", "path": "/Users/.search", "bulkId": "1", "data": {}}, {"method": "POST", "path": "http://other/Users"},
     {"method": "DELETE", "path": "//Users//x"}, {"method": "DELETE", "path": "/Users/../Groups/x"},
     {"method": "DELETE"},
     {"method": "DELETE", "path": "/Users/x\r\nA: b"}, {"method": "DELETE", "path": "/Users/x", "version": "\r\nA: b"},
     {"method": ["POST"], "path": {}}, {"method": "POST", "path": "/Users", "bulkId": {"a": 1}, "data": []},
     {"method": "POST", "path": "/Users", "bulkId": "x", "data": {"userName": "bulkId:x"}},
     {"method": "PATCH", "path": "/Users/bulkId:nobody", "data": {"Operations": []}}, {"method": "DELETE",
     "path": "/Schemas/x"},
     {"method": "DELETE", "path": "/Me"}, {"method": "DELETE", "path": "/Users/" + "x" * 100_000}],
    ids=range(21),
)  # fmt: skip
def test_a_bulk_operation_that_is_none_fails_alone(ground: Ground, operation: Any) -> None:
    before = ground.content()
    answer = ground.send("POST", "/Bulk", {"schemas": [BULK], "Operations": [operation]})
    assert ground.content() == before
    if answer.status_code == 200:
        (outcome,) = answer.json()["Operations"]
        assert outcome["status"].startswith("4")
        assert outcome["response"]["status"] == outcome["status"]


def test_a_value_of_a_thousand_selections(ground: Ground) -> None:
    user = ground.user()
    value = {f'emails[type eq "t{n}" and value pr].value': "x" for n in range(10_000)}
    with ground.serving_others():
        answer = ground.patch(f"/Users/{user['id']}", {"op": "replace", "value": value})
    assert answer.status_code in (200, 400, 413)
    assert ground.send("GET", f"/Users/{user['id']}").json() == (answer.json() if answer.status_code == 200 else user)
