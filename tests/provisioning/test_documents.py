"""What a request names, and what assertion it leaves (rules 7 and 8)."""

import pytest

from gateway.provisioning.documents import (
    asserted_by_patch,
    asserted_by_put,
    leaves,
    named_by_put,
    speaks_of,
    value_at,
    with_value,
)

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
ANN = {
    "userName": "ann",
    "name": {"givenName": "Ann", "familyName": "Lee"},
    "emails": [{"value": "a@x"}],
    ENTERPRISE: {"department": "IT", "manager": {"value": "7"}},
}


def test_leaves_are_sub_attributes_and_whole_lists() -> None:
    assert set(dict(leaves(ANN))) == {
        "userName",
        "name.givenName",
        "name.familyName",
        "emails",
        f"{ENTERPRISE}:department",
        f"{ENTERPRISE}:manager.value",
    }


def test_rule_08_a_put_names_what_it_holds_and_what_was_asserted_before() -> None:
    last = {"title": "Boss", "name": {"middleName": "B"}, "active": True}
    assert named_by_put({"userName": "ann", "nickName": None}, last) == {
        "userName",
        "nickName",
        "title",
        "name.middleName",
    }


@pytest.mark.parametrize("name", ["active", "password", "members"])
def test_rule_08_null_or_omitted_is_no_change_for_these(name: str) -> None:
    assert named_by_put({"userName": "ann", name: None}, {name: True}) == {"userName"}


def test_the_servers_own_is_never_named_and_a_password_is_never_kept() -> None:
    body = {"schemas": ["x"], "id": "1", "meta": {"version": "1"}, "groups": [{"value": "1"}], "password": "s"}
    assert named_by_put(body, {}) == {"password"}
    assert asserted_by_put({**body, "userName": "ann", "members": []}, {}) == {"userName": "ann"}


def test_an_assertion_holds_nothing_empty() -> None:
    assert asserted_by_put({"userName": "ann", "title": "", "emails": [], "name": {"givenName": None}}, {}) == {
        "userName": "ann"
    }


def test_active_outlives_its_omission_in_a_put() -> None:
    assert asserted_by_put({"userName": "ann"}, {"active": False})["active"] is False


def test_a_patch_leaves_the_last_assertion_with_what_it_names() -> None:
    wanted = with_value(with_value(ANN, "name.givenName", "Anna"), f"{ENTERPRISE}:department", None)
    last = {"userName": "ann", ENTERPRISE: {"department": "IT", "manager": {"value": "7"}}}
    left = asserted_by_patch(last, wanted, frozenset({"name.givenName", f"{ENTERPRISE}:department"}))
    assert left == {"userName": "ann", "name": {"givenName": "Anna"}, ENTERPRISE: {"manager": {"value": "7"}}}


def test_a_patch_of_a_sub_attribute_of_a_list_asserts_the_list() -> None:
    assert asserted_by_patch({}, ANN, frozenset({"emails.value"})) == {"emails": [{"value": "a@x"}]}


def test_values_by_path() -> None:
    assert value_at(ANN, f"{ENTERPRISE}:manager.value") == "7"
    assert value_at(ANN, ENTERPRISE) == ANN[ENTERPRISE]
    assert value_at(ANN, "title.deep") is None
    assert "name" not in with_value(with_value(ANN, "name.givenName", None), "name.familyName", None)


@pytest.mark.parametrize(
    ("name", "path", "speaks"),
    [
        ("name", "name.givenName", True),
        ("name.givenName", "name", True),
        ("name.givenName", "name.familyName", False),
        (ENTERPRISE, f"{ENTERPRISE}:manager.value", True),
        ("userName", "userNameX", False),
    ],
)
def test_which_names_speak_of_a_path(name: str, path: str, speaks: bool) -> None:
    assert speaks_of(frozenset({name}), path) is speaks
