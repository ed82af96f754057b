"""PATCH as identity providers send it (idp-dialects.md), and what RFC 7644 §3.5.2 refuses."""

from typing import Any

import pytest
from scim2_models import SCIMException

from gateway.provisioning.model import MemberChange
from gateway.scim.applying import applied
from gateway.scim.dialects import DIALECTS, STRICT, TOLERANT, Dialect
from gateway.scim.patching import PATCH_SCHEMA, compiled, envelope
from gateway.scim.shape import Shape
from tests.scim.standard import ENTERPRISE, GROUP, USER, USER_URN

ANN: dict[str, Any] = {
    "userName": "ann",
    "active": True,
    "name": {"givenName": "Ann", "familyName": "Lee"},
    "emails": [{"value": "ann@x", "type": "work", "primary": True}, {"value": "a@home", "type": "home"}],
    ENTERPRISE: {"department": "Sales", "manager": {"value": "7", "displayName": "Bo"}},
}


def patched(
    current: dict[str, Any], *operations: dict[str, Any], dialect: Dialect = TOLERANT, shape: Shape = USER
) -> Any:
    body = {"schemas": [PATCH_SCHEMA], "Operations": list(operations)}
    try:
        return applied(compiled(shape, envelope(body, dialect), dialect).operations, current)
    except SCIMException as refusal:
        return refusal.scim_type


def changed(**changes: Any) -> dict[str, Any]:
    return {key: value for key, value in {**ANN, **changes}.items() if value is not None}


def work(**changes: Any) -> dict[str, Any]:
    return changed(emails=[{**ANN["emails"][0], **changes}, ANN["emails"][1]])


def op(name: str, path: str | None = None, value: Any = ...) -> dict[str, Any]:
    operation: dict[str, Any] = {"op": name}
    if path is not None:
        operation["path"] = path
    if value is not ...:
        operation["value"] = value
    return operation


# what it is, operation, result under every tolerant dialect, result under strict (None: the same)
CASES: list[tuple[str, dict[str, Any], Any, Any]] = [
    ("Entra: capitals and a string", op("Replace", "active", "False"), changed(active=False), "invalidValue"),
    ("Okta: no path", op("replace", None, {"active": False}), changed(active=False), None),
    ("Okta: a boolean in an array", op("replace", "active", [False]), changed(active=False), "invalidValue"),
    ("O8: replace path active", op("replace", "active", False), changed(active=False), None),
    (
        "Entra: dotted key",
        op("replace", None, {"name.givenName": "Anna"}),
        changed(name={"givenName": "Anna", "familyName": "Lee"}),
        None,
    ),
    (
        "Entra: URN key",
        op("add", None, {f"{ENTERPRISE}:department": "IT"}),
        changed(**{ENTERPRISE: {**ANN[ENTERPRISE], "department": "IT"}}),
        None,
    ),
    (
        "core attributes in an object under their URN",
        op("replace", None, {USER_URN: {"active": False, "name.givenName": "Anna"}}),
        changed(active=False, name={"givenName": "Anna", "familyName": "Lee"}),
        "invalidValue",
    ),
    (
        "the core schema as a path",
        op("replace", USER_URN, {"active": False}),
        changed(active=False),
        "invalidPath",
    ),
    (
        "a key that selects",
        op("replace", None, {'emails[type eq "work"].value': "n@x"}),
        work(value="n@x"),
        "invalidValue",
    ),
    (
        "top-level department",
        op("replace", "department", "IT"),
        changed(**{ENTERPRISE: {**ANN[ENTERPRISE], "department": "IT"}}),
        "invalidPath",
    ),
    (
        "top-level department in a value",
        op("replace", None, {"department": "IT"}),
        changed(**{ENTERPRISE: {**ANN[ENTERPRISE], "department": "IT"}}),
        "invalidValue",
    ),
    (
        "an empty string clears",
        op("replace", "name.givenName", ""),
        changed(name={"familyName": "Lee"}),
        changed(name={"givenName": "", "familyName": "Lee"}),
    ),
    ("null clears", op("replace", "name.givenName", None), changed(name={"familyName": "Lee"}), None),
    ("valuePath in other capitals", op("Replace", 'Emails[Type eq "Work"].Value', "n@x"), work(value="n@x"), None),
    (
        "valuePath that creates",
        op("Add", 'phoneNumbers[type eq "mobile"].value', "1"),
        changed(phoneNumbers=[{"type": "mobile", "value": "1"}]),
        "noTarget",
    ),
    (
        "valuePath that creates on replace",
        op("Replace", 'phoneNumbers[type eq "Work"].value', "1"),
        changed(phoneNumbers=[{"type": "work", "value": "1"}]),
        "noTarget",
    ),
    (
        "valuePath with and",
        op("Add", 'addresses[type eq "work" and primary eq true].locality', "Ulm"),
        changed(addresses=[{"type": "work", "primary": True, "locality": "Ulm"}]),
        "noTarget",
    ),
    (
        "valuePath not about type",
        op("Add", 'roles[primary eq "True"].value', "admin"),
        changed(roles=[{"primary": True, "value": "admin"}]),
        "invalidFilter",
    ),
    ("valuePath of an unknown type", op("replace", 'emails[type eq "bogus"].value', "n@x"), "noTarget", None),
    ("valuePath with or", op("replace", 'phoneNumbers[type eq "work" or type eq "home"].value', "1"), "noTarget", None),
    ("valuePath with co", op("replace", 'phoneNumbers[value co "1"].value', "1"), "noTarget", None),
    (
        "valuePath without brackets (errata 7122)",
        op("replace", 'emails.type eq "work"', {"value": "n@x"}),
        work(value="n@x"),
        None,
    ),
    ("valuePath on a single value", op("replace", 'name[givenName eq "x"].familyName', "n"), "invalidPath", None),
    ("valuePath on an unknown sub-attribute", op("replace", 'emails[bogus eq "x"].value', "n"), "invalidFilter", None),
    (
        "manager as a string",
        op("Add", f"{ENTERPRISE}:manager", "8"),
        changed(**{ENTERPRISE: {"department": "Sales", "manager": {"value": "8", "displayName": "Bo"}}}),
        "invalidValue",
    ),
    (
        "manager as an array",
        op("Replace", f"{ENTERPRISE}:manager", [{"$ref": None, "value": "8"}]),
        changed(**{ENTERPRISE: {"department": "Sales", "manager": {"value": "8", "displayName": "Bo"}}}),
        "invalidValue",
    ),
    (
        "manager without the URN",
        op("Replace", "manager", {"value": "8"}),
        changed(**{ENTERPRISE: {"department": "Sales", "manager": {"value": "8", "displayName": "Bo"}}}),
        "invalidPath",
    ),
    (
        "manager.value without the URN",
        op("Replace", "manager.value", "8"),
        changed(**{ENTERPRISE: {"department": "Sales", "manager": {"value": "8", "displayName": "Bo"}}}),
        "invalidPath",
    ),
    (
        "manager cleared by an empty value",
        op("Replace", f"{ENTERPRISE}:manager", {"value": ""}),
        changed(**{ENTERPRISE: {"department": "Sales"}}),
        changed(**{ENTERPRISE: {"department": "Sales", "manager": {"value": "", "displayName": "Bo"}}}),
    ),
    (
        "manager cleared by an empty string",
        op("Replace", f"{ENTERPRISE}:manager", ""),
        changed(**{ENTERPRISE: {"department": "Sales"}}),
        "invalidValue",
    ),
    ("manager removed", op("Remove", f"{ENTERPRISE}:manager"), changed(**{ENTERPRISE: {"department": "Sales"}}), None),
    (
        "manager removed with a value",
        op("Remove", f"{ENTERPRISE}:manager", {"value": "7"}),
        changed(**{ENTERPRISE: {"department": "Sales"}}),
        "invalidValue",
    ),
    ("an extension removed", op("remove", ENTERPRISE), changed(**{ENTERPRISE: None}), None),
    (
        "remove with values",
        op("remove", "emails", [{"value": "A@HOME"}]),
        changed(emails=ANN["emails"][:1]),
        "invalidValue",
    ),
    ("remove with a value that is not there", op("remove", "emails", [{"value": "z"}]), ANN, "invalidValue"),
    ("remove with values that name nothing", op("remove", "emails", [{"$ref": None}]), "invalidValue", None),
    ("remove with an empty array", op("remove", "emails", []), ANN, "invalidValue"),
    ("remove of what is not there", op("remove", 'emails[type eq "other"]'), ANN, None),
    ("id in the value", op("replace", None, {"id": "1", "userName": "bo"}), changed(userName="bo"), "mutability"),
    ("groups in the value", op("replace", None, {"groups": [], "active": False}), changed(active=False), "mutability"),
    ("unknown in the value", op("replace", None, {"nope": 1, "title": "x"}), changed(title="x"), "invalidValue"),
    (
        "an undeclared schema in the value",
        op("replace", None, {"urn:okta:APP_1:1.0:user:custom:a": 1, "title": "x"}),
        changed(title="x"),
        "invalidValue",
    ),
    ("an undeclared schema in the path", op("replace", "urn:okta:APP_1:1.0:user:custom:a", 1), ANN, "invalidPath"),
    ("an unknown path", op("replace", "nope", 1), "invalidPath", None),
    ("an unknown sub-attribute", op("replace", "name.nope", 1), "invalidPath", None),
    ("an unknown path of a known schema", op("replace", f"{ENTERPRISE}:nope", 1), "invalidPath", None),
    ("a path that is none", op("replace", "emails[type eq", 1), "invalidPath", None),
    ("a path of another type", op("replace", 5, 1), "invalidPath", None),  # type: ignore[arg-type]
    ("a read-only path", op("replace", "id", "1"), "mutability", None),
    ("a read-only path below", op("replace", "meta.created", "1"), "mutability", None),
    ("remove without a path", op("remove"), "noTarget", None),
    ("remove of what is required", op("remove", "userName"), "mutability", None),
    ("required set to null", op("replace", "userName", None), "mutability", None),
    ("required set to nothing", op("replace", "userName", ""), "mutability", "invalidValue"),
    ("add without a value", op("add", "title"), "invalidValue", None),
    ("replace without a value", op("replace", "title"), "invalidValue", None),
    ("a value without a path that is no object", op("replace", None, "x"), "invalidValue", None),
    ("a wrong type", op("replace", "title", 5), "invalidValue", None),
    ("an unknown op", op("frob", "title", 5), "invalidValue", None),
    ("adding what is there", op("add", "emails", [{"value": "ANN@x", "type": "work"}]), "same", None),
    (
        "two primaries at once",
        op("add", "emails", [{"value": "1", "primary": True}, {"value": "2", "primary": True}]),
        "invalidValue",
        None,
    ),
    (
        "a new primary",
        op("add", "emails", [{"value": "1", "primary": True}]),
        changed(emails=[{**ANN["emails"][0], "primary": False}, ANN["emails"][1], {"value": "1", "primary": True}]),
        None,
    ),
]


@pytest.mark.parametrize("dialect", [d for d in DIALECTS.values() if not d.strict], ids=lambda d: d.name)
@pytest.mark.parametrize(("operation", "wanted"), [case[1:3] for case in CASES], ids=[case[0] for case in CASES])
def test_every_tolerant_dialect(dialect: Dialect, operation: dict[str, Any], wanted: Any) -> None:
    if operation.get("path") == "groups":
        pytest.skip("Okta's own")
    assert_same(patched(ANN, operation, dialect=dialect), wanted)


@pytest.mark.parametrize(
    ("operation", "wanted", "strictly"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_strict(operation: dict[str, Any], wanted: Any, strictly: Any) -> None:
    assert_same(patched(ANN, operation, dialect=STRICT), wanted if strictly is None else strictly)


def assert_same(got: Any, wanted: Any) -> None:
    if wanted == "same":
        assert [(e["type"], e["value"].lower()) for e in got["emails"]] == [
            (e["type"], e["value"]) for e in ANN["emails"]
        ]
    else:
        assert got == wanted


def test_the_groups_of_a_user_are_okta_s_to_send() -> None:
    operation = op("replace", "groups", [{"value": "g"}])
    assert patched(ANN, operation, dialect=DIALECTS["okta"]) == ANN
    assert patched(ANN, operation, dialect=TOLERANT) == "mutability"


def test_later_operations_see_earlier_ones() -> None:
    created = op("add", 'phoneNumbers[type eq "work"].value', "1")
    again = op("replace", 'phoneNumbers[type eq "work"].value', "2")
    assert patched(ANN, created, again)["phoneNumbers"] == [{"type": "work", "value": "2"}]


def test_a_whole_patch_or_nothing() -> None:
    before = repr(ANN)
    assert patched(ANN, op("replace", "title", "x"), op("replace", 'emails[type eq "bogus"].value', "x")) == "noTarget"
    assert repr(ANN) == before


@pytest.mark.parametrize(
    ("body", "scim_type"),
    [
        ([], "invalidSyntax"),
        ("x", "invalidSyntax"),
        ({}, "invalidValue"),
        ({"Operations": []}, "invalidValue"),
        ({"Operations": {}}, "invalidValue"),
        ({"Operations": ["x"]}, "invalidSyntax"),
        ({"schemas": ["urn:x"], "Operations": [op("add", "title", "x")]}, "invalidSyntax"),
        ({"schemas": "x", "Operations": [op("add", "title", "x")]}, "invalidSyntax"),
        ({"Operations": [{"op": 5}]}, "invalidValue"),
        ({"Operations": [{"path": "title"}]}, "invalidValue"),
    ],
)
def test_an_envelope_that_is_none(body: Any, scim_type: str) -> None:
    with pytest.raises(SCIMException) as refusal:
        envelope(body, TOLERANT)
    assert refusal.value.scim_type == scim_type


def test_names_of_the_envelope_in_any_case() -> None:
    body = {"Schemas": [PATCH_SCHEMA.upper()], "operations": [{"OP": "Add", "PATH": "title", "Value": "x"}]}
    assert applied(compiled(USER, envelope(body, STRICT), STRICT).operations, ANN)["title"] == "x"


# -- members ------------------------------------------------------------------

MEMBERS: list[tuple[str, dict[str, Any], Any, Any]] = [
    (
        "add",
        op("add", "members", [{"value": "1", "display": "x"}, {"value": "2"}]),
        [MemberChange("add", ("1", "2"))],
        None,
    ),
    ("add one object", op("Add", "members", {"value": "1"}), [MemberChange("add", ("1",))], None),
    ("add twice", op("add", "members", [{"value": "1"}, {"value": "1"}]), [MemberChange("add", ("1",))], None),
    ("add without a path", op("add", None, {"members": [{"value": "1"}]}), [MemberChange("add", ("1",))], None),
    ("add nothing", op("add", "members", []), [], None),
    ("replace", op("replace", "members", [{"value": "1"}]), [MemberChange("replace", ("1",))], None),
    ("replace by nothing", op("replace", "members", []), [MemberChange("replace", ())], None),
    (
        "replace without a path",
        op("replace", None, {"displayName": "x", "members": []}),
        [MemberChange("replace", ())],
        None,
    ),
    ("members: null", op("replace", None, {"members": None}), [], None),
    ("members: null by path", op("replace", "members", None), [], None),
    ("remove all", op("remove", "members"), [MemberChange("remove", None)], None),
    ("Okta: remove by filter", op("remove", 'members[value eq "1"]'), [MemberChange("remove", ("1",))], None),
    (
        "remove by a longer filter",
        op("remove", 'members[value eq "1" or value eq "2"]'),
        [MemberChange("remove", ("1", "2"))],
        None,
    ),
    (
        "Entra: remove with values",
        op("Remove", "members", [{"$ref": None, "value": "1"}]),
        [MemberChange("remove", ("1",))],
        "invalidValue",
    ),
    ("remove with no values", op("Remove", "members", []), [], "invalidValue"),
    (
        "remove with plain ids",
        op("Remove", "members", ["1", "2"]),
        [MemberChange("remove", ("1", "2"))],
        "invalidValue",
    ),
    ("remove with an empty value", op("Remove", "members", [{"value": None}]), "invalidValue", None),
    ("a member without value", op("add", "members", [{"display": "x"}]), "invalidValue", None),
    (
        "a member by $ref alone",
        op("add", "members", [{"$ref": "https://x/Users/9"}]),
        [MemberChange("add", ("9",))],
        None,
    ),
    ("a member's own value", op("replace", 'members[value eq "1"].value', "2"), "mutability", None),
    ("members.value", op("replace", "members.value", "2"), "mutability", None),
    ("a filter on nothing", op("remove", 'members[bogus eq "1"]'), "invalidFilter", None),
]


def members_of(operation: dict[str, Any], dialect: Dialect) -> Any:
    try:
        return list(
            compiled(GROUP, envelope({"schemas": [PATCH_SCHEMA], "Operations": [operation]}, dialect), dialect).members
        )
    except SCIMException as refusal:
        return refusal.scim_type


@pytest.mark.parametrize(
    ("operation", "wanted", "strictly"), [case[1:] for case in MEMBERS], ids=[case[0] for case in MEMBERS]
)
def test_members_are_deltas(operation: dict[str, Any], wanted: Any, strictly: Any) -> None:
    assert members_of(operation, TOLERANT) == wanted
    assert members_of(operation, STRICT) == (wanted if strictly is None else strictly)


def test_a_filter_of_another_shape_is_handed_on() -> None:
    (change,) = members_of(op("remove", 'members[type eq "Group"]'), TOLERANT)
    assert (change.op, change.ids, str(change.filter)) == ("remove", None, 'type eq "Group"')


def test_members_and_the_rest_are_split() -> None:
    operation = op("replace", None, {"id": "1", "displayName": "New", "members": [{"value": "1"}]})
    patch = compiled(GROUP, envelope({"Operations": [operation]}, TOLERANT), TOLERANT)
    assert patch.named == {"displayName"}
    assert patch.members == (MemberChange("replace", ("1",)),)
    assert applied(patch.operations, {"displayName": "Old"}) == {"displayName": "New"}


@pytest.mark.parametrize(
    ("operation", "named"),
    [
        (op("replace", "name.givenName", "x"), {"name.givenName"}),
        (op("replace", None, {"name": {"givenName": "x"}, "title": "y"}), {"name.givenName", "title"}),
        (op("replace", 'emails[type eq "work"].value', "x"), {"emails"}),
        (op("replace", "department", "x"), {f"{ENTERPRISE}:department"}),
        (op("remove", "ACTIVE"), {"active"}),
    ],
)
def test_the_paths_named_are_canonical(operation: dict[str, Any], named: set[str]) -> None:
    assert compiled(USER, envelope({"Operations": [operation]}, TOLERANT), TOLERANT).named == named
