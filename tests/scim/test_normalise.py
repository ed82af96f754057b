"""What identity providers send, and the canonical document it becomes (idp-dialects.md); strict refuses it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scim2_models import InvalidSyntaxException, InvalidValueException, SCIMException

from gateway.scim.dialects import DIALECTS, STRICT, TOLERANT, dialect_named
from gateway.scim.normalise import resource
from gateway.scim.shape import shape_from
from tests.scim.standard import DOCUMENTS, ENTERPRISE, GROUP, USER, USER_URN

SCHEMAS = [USER_URN]

TOLERATED: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("a string for a boolean", {"active": "True"}, {"active": True}, "invalidValue"),
    ("the other string", {"active": "fAlSe"}, {"active": False}, "invalidValue"),
    ("a boolean in an array", {"active": [True]}, {"active": True}, "invalidValue"),
    ("a string in an array", {"active": ["False"]}, {"active": False}, "invalidValue"),
    (
        "a boolean below",
        {"roles": [{"value": "a", "primary": "True"}]},
        {"roles": [{"value": "a", "primary": True}]},
        "invalidValue",
    ),
    ("emails as one object", {"emails": {"value": "a@x"}}, {"emails": [{"value": "a@x"}]}, "invalidValue"),
    (
        "an array of one where an object is due",
        {"name": [{"givenName": "A"}]},
        {"name": {"givenName": "A"}},
        "invalidValue",
    ),
    ("an unknown attribute", {"favouriteColour": "red"}, {}, "invalidSyntax"),
    (
        "an unknown sub-attribute",
        {"name": {"nick": "x", "givenName": "A"}},
        {"name": {"givenName": "A"}},
        "invalidSyntax",
    ),
    ("an undeclared extension", {"urn:okta:APP_1:1.0:user:custom": {"a": 1}}, {}, "invalidSyntax"),
    (
        "an unknown attribute of an extension",
        {ENTERPRISE: {"x": 1, "department": "D"}},
        {ENTERPRISE: {"department": "D"}},
        "invalidSyntax",
    ),
    ("department at top level", {"department": "D"}, {ENTERPRISE: {"department": "D"}}, "invalidSyntax"),
    ("a dotted key", {"name.givenName": "A"}, {"name": {"givenName": "A"}}, "invalidSyntax"),
    ("a key with a URN", {f"{ENTERPRISE}:department": "D"}, {ENTERPRISE: {"department": "D"}}, "invalidSyntax"),
    (
        "core attributes in an object under their URN",
        {USER_URN.lower(): {"displayName": "A", "name": {"givenName": "A"}, "active": "False", "schemas": ["x"]}},
        {"displayName": "A", "name": {"givenName": "A"}, "active": False},
        "invalidSyntax",
    ),
    (
        "a key that selects",
        {'emails[type eq "work"].value': "a@x"},
        {"emails": [{"type": "work", "value": "a@x"}]},
        "invalidSyntax",
    ),
    ("email", {"email": "a@x"}, {"emails": [{"value": "a@x"}]}, "invalidSyntax"),
    ("manager as a string", {ENTERPRISE: {"manager": "7"}}, {ENTERPRISE: {"manager": {"value": "7"}}}, "invalidValue"),
    (
        "manager as an array",
        {ENTERPRISE: {"manager": [{"$ref": None, "value": "7"}]}},
        {ENTERPRISE: {"manager": {"value": "7"}}},
        "invalidValue",
    ),
    ("manager at top level", {"manager": "7"}, {ENTERPRISE: {"manager": {"value": "7"}}}, "invalidSyntax"),
]

BOTH: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "names in any case",
        {"DISPLAYNAME": "x", "Name": {"GIVENNAME": "A"}},
        {"displayName": "x", "name": {"givenName": "A"}},
    ),
    ("URNs in any case", {ENTERPRISE.upper(): {"Department": "D"}}, {ENTERPRISE: {"department": "D"}}),
    ("id and meta", {"id": "9", "meta": {"version": "x"}, "groups": [{"value": "g"}]}, {}),
    ("explicit nulls", {"title": None, "emails": None}, {"title": None, "emails": None}),
    (
        "a null sub-attribute",
        {"name": {"givenName": None, "familyName": "B"}},
        {"name": {"givenName": None, "familyName": "B"}},
    ),
    ("an empty array", {"emails": []}, {"emails": []}),
    ("an empty object", {"name": {}}, {"name": None}),
    (
        "the same value twice",
        {"emails": [{"value": "a@x", "type": "work"}, {"value": "A@X", "type": "Work"}]},
        {"emails": [{"value": "a@x", "type": "work"}]},
    ),
    (
        "the same value of two types",
        {"emails": [{"value": "a@x", "type": "work"}, {"value": "a@x", "type": "home"}]},
        {"emails": [{"value": "a@x", "type": "work"}, {"value": "a@x", "type": "home"}]},
    ),
    (
        "a primary that comes later",
        {"emails": [{"value": "a@x"}, {"value": "a@x", "primary": True}]},
        {"emails": [{"value": "a@x", "primary": True}]},
    ),
]

UNSET: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("an empty string", {"title": ""}, {"title": None}),
    (
        "an empty string below",
        {"name": {"givenName": "", "familyName": "B"}},
        {"name": {"givenName": None, "familyName": "B"}},
    ),
    ("an empty manager", {ENTERPRISE: {"manager": {"value": ""}}}, {ENTERPRISE: {"manager": None}}),
    ("an empty manager string", {ENTERPRISE: {"manager": ""}}, {ENTERPRISE: {"manager": None}}),
    ("emails as an empty string", {"emails": ""}, {"emails": None}),
    ("an empty element", {"emails": [{"value": ""}, {"value": "a@x"}]}, {"emails": [{"value": "a@x"}]}),
    (
        "a whole extension as null",
        {ENTERPRISE: None},
        {ENTERPRISE: dict.fromkeys(a.name for a in USER.extensions[ENTERPRISE.lower()].attributes.values())},
    ),
]

REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("a number for a string", {"title": 5}),
    ("a number for a boolean", {"active": 1}),
    ("another word for a boolean", {"active": "yes"}),
    ("two booleans", {"active": [True, False]}),
    ("an object for a string", {"title": {"value": "x"}}),
    ("an array for a string", {"title": ["x"]}),
    ("a string for an object", {"name": "Ann"}),
    ("a string for objects", {"emails": "a@x"}),
    ("strings for objects", {"emails": ["a@x"]}),
    ("two primaries", {"emails": [{"value": "a", "primary": True}, {"value": "b", "primary": True}]}),
    ("two managers", {ENTERPRISE: {"manager": [{"value": "1"}, {"value": "2"}]}}),
    ("a string for an extension", {ENTERPRISE: "x"}),
    ("NUL in a string", {"title": "a\x00b"}),
]


@pytest.mark.parametrize("dialect", [d for d in DIALECTS.values() if not d.strict], ids=lambda d: d.name)
@pytest.mark.parametrize(("sent", "wanted"), [case[1:3] for case in TOLERATED], ids=[case[0] for case in TOLERATED])
def test_a_tolerated_shape_becomes_canonical(dialect: Any, sent: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert resource(USER, {"schemas": SCHEMAS, **sent}, dialect) == wanted


@pytest.mark.parametrize(
    ("sent", "scim_type"), [(case[1], case[3]) for case in TOLERATED], ids=[case[0] for case in TOLERATED]
)
def test_strict_refuses_what_is_only_tolerated(sent: dict[str, Any], scim_type: str) -> None:
    with pytest.raises(SCIMException) as refusal:
        resource(USER, {"schemas": SCHEMAS, **sent}, STRICT)
    assert refusal.value.scim_type == scim_type


@pytest.mark.parametrize("dialect", [TOLERANT, STRICT], ids=lambda d: d.name)
@pytest.mark.parametrize(("sent", "wanted"), [case[1:] for case in BOTH], ids=[case[0] for case in BOTH])
def test_what_the_rfc_allows_is_read_by_every_dialect(
    dialect: Any, sent: dict[str, Any], wanted: dict[str, Any]
) -> None:
    assert resource(USER, {"schemas": SCHEMAS, **sent}, dialect) == wanted


@pytest.mark.parametrize(("sent", "wanted"), [case[1:] for case in UNSET], ids=[case[0] for case in UNSET])
def test_empty_means_unset(sent: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert resource(USER, sent, TOLERANT) == wanted


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=lambda d: d.name)
@pytest.mark.parametrize("sent", [case[1] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_nobody_tolerates_is_refused(dialect: Any, sent: dict[str, Any]) -> None:
    with pytest.raises(InvalidValueException):
        resource(USER, {"schemas": SCHEMAS, **sent}, dialect)


@pytest.mark.parametrize("body", [[], "x", 5, None, True])
def test_a_body_that_is_no_object_is_refused(body: Any) -> None:
    with pytest.raises(InvalidSyntaxException):
        resource(USER, body, TOLERANT)


@pytest.mark.parametrize("schemas", [["urn:x"], "x", [5], {}])
def test_wrong_schemas_are_refused(schemas: Any) -> None:
    with pytest.raises(InvalidSyntaxException):
        resource(USER, {"schemas": schemas}, TOLERANT)


def test_extra_schemas_are_entra_s_and_tolerated() -> None:
    extra = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"
    sent = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group", extra], "displayName": "x", "members": []}
    assert resource(GROUP, sent, TOLERANT) == {"displayName": "x", "members": []}
    with pytest.raises(InvalidSyntaxException):
        resource(GROUP, sent, STRICT)


def test_strict_wants_schemas() -> None:
    with pytest.raises(InvalidSyntaxException):
        resource(USER, {"userName": "x"}, STRICT)
    assert resource(USER, {"userName": "x"}, TOLERANT) == {"userName": "x"}


def test_unknown_attributes_can_be_refused_by_setting() -> None:
    with pytest.raises(InvalidSyntaxException):
        resource(USER, {"nope": 1}, dialect_named("okta", unknown_attributes="refuse"))


def test_its_own_name_wins_over_another_one() -> None:
    shape = shape_from(
        "User",
        "/Users",
        USER_URN,
        (ENTERPRISE,),
        DOCUMENTS,
        aliases={"mail": 'emails[type eq "work"].value', "dept": f"{ENTERPRISE}:department"},
    )
    sent = {"dept": "old", ENTERPRISE: {"department": "new"}, "mail": "a@x"}
    assert resource(shape, sent, TOLERANT) == {
        ENTERPRISE: {"department": "new"},
        "emails": [{"type": "work", "value": "a@x"}],
    }
    there = {"mail": "a@x", "emails": [{"type": "Work", "value": "b@x"}]}
    assert resource(shape, there, TOLERANT) == {"emails": [{"type": "Work", "value": "b@x"}]}


def test_one_attribute_spelled_twice_is_refused() -> None:
    with pytest.raises(InvalidSyntaxException):
        resource(USER, {"userName": "a", "USERNAME": "b"}, TOLERANT)


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(["userName", "emails", "value", "name", ENTERPRISE, "x", "name.givenName", "manager"])
            | st.text(),
            inner,
        )
    ),
    max_leaves=20,
)


@given(
    st.dictionaries(
        st.sampled_from(
            [a.name for a in USER.core.values()] + [ENTERPRISE, "department", "email", 'emails[type eq "work"].value']
        )
        | st.text(),
        json,
    )
)
def test_any_json_is_read_or_refused(document: dict[str, Any]) -> None:
    for dialect in (TOLERANT, STRICT):
        try:
            result = resource(USER, document, dialect)
        except (InvalidSyntaxException, InvalidValueException):
            continue
        assert resource(USER, {"schemas": SCHEMAS, **result}, TOLERANT) == result
