"""From entries to resources."""

import json
from typing import Any

import pytest

from connectors.entry import Entry, Ref
from tests.mapping.files import mapping_of, user_of

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def entry(**attributes: Any) -> Entry:
    return Entry("1", {name: values if isinstance(values, tuple) else (values,) for name, values in attributes.items()})


def test_each_value_has_the_type_of_its_schema() -> None:
    user = mapping_of(
        """
[schema.User.level]
type = "integer"
[schema.User.share]
type = "decimal"
[schema.User.key]
type = "binary"
[schema.User.since]
type = "dateTime"
[user]
anchor = "id"
[user.map]
level = "level"
share = "share"
key = "key"
since = "since"
active = "on"
title = "title"
"""
    ).resources["User"]
    texts = entry(level="5", share="0.5", key=b"hi", since="2026-01-01T01:00:00+01:00", on="TRUE", title=7)
    assert user.read(texts, {}) == {
        "level": 5, "share": 0.5, "key": "aGk=", "since": "2026-01-01T00:00:00Z", "active": True, "title": "7"
    }  # fmt: skip
    assert user.read(entry(level=5, share=0.5, on=1), {}) == {"level": 5, "share": 0.5, "active": True}
    assert user.read(entry(level="five", share="x", since="x", on="x", title=b"\xff"), {}) == {"title": "/w=="}


def test_several_rows_make_one_element() -> None:
    user = user_of(
        """
'addresses[type eq "work"].streetAddress' = "street"
'addresses[type eq "work"].locality' = "l"
'addresses[type eq "home"].locality' = "homeL"
"""
    )
    assert user.read(entry(street="X 1", l="Berlin", homeL="Bonn"), {}) == {
        "addresses": [
            {"type": "work", "streetAddress": "X 1", "locality": "Berlin"},
            {"type": "home", "locality": "Bonn"},
        ]
    }
    assert user.read(entry(other="x"), {}) == {}


def test_identical_elements_are_shown_once() -> None:
    user = user_of(
        """'emails[type eq "work"].value' = "mail"
"emails.value" = { attr = "more", element = { type = "work" } }"""
    )
    assert user.read(entry(mail="a@x", more=("a@x", "b@x")), {}) == {
        "emails": [{"type": "work", "value": "a@x"}, {"type": "work", "value": "b@x"}]
    }


def test_references_come_out_as_ids_with_their_collection() -> None:
    mapping = mapping_of(
        """
[user]
anchor = "id"
[user.map]
userName = "uid"
"enterprise:manager.value" = { attr = "manager", ref = "user" }
[group]
anchor = "id"
[group.map]
displayName = "cn"
[group.members]
attr = "member"
ref = ["user", "group"]
"""
    )
    user, group = mapping.resources["User"], mapping.resources["Group"]
    held = entry(**{"manager": Ref("7", "User", "Boss"), "@groups": (Ref("g", "Group", "Staff"),)})
    assert user.read(held, {}) == {
        ENTERPRISE: {"manager": {"value": "7", "display": "Boss", "_ref": "User"}},
        "groups": [{"value": "g", "display": "Staff", "type": "direct", "_ref": "Group"}],
    }
    assert group.read(entry(**{"@members": (Ref("7", "User"), Ref("8", "Group", "Sub"))}), {})["members"] == [
        {"value": "7", "type": "User", "_ref": "User"},
        {"value": "8", "display": "Sub", "type": "Group", "_ref": "Group"},
    ]
    assert user.attributes_for(frozenset({"groups"})) == {"@groups"}
    assert user.attributes_for(None) == {"uid", "manager", "@groups"}
    assert group.attributes_for(None) == {"cn", "@members"}
    assert mapping.specs["Group"].references["@members"].collections == ("User", "Group")
    assert mapping.specs["User"].references["@groups"].display == {"Group": ("cn",)}
    assert mapping.specs["User"].references["manager"].display == {"User": ("uid",)}


def test_members_may_be_returned_on_request_only() -> None:
    group = mapping_of(
        '[group]\nanchor = "id"\n[group.map]\ndisplayName = "cn"\n'
        '[group.members]\nref = "group"\nreturned = "request"\n'
    ).resources["Group"]
    assert group.attributes_for(None) == {"cn"}
    assert group.attributes_for(frozenset({"members"})) == {"@members"}
    members = next(each for each in group.schema_documents[0]["attributes"] if each["name"] == "members")
    assert members["returned"] == "request"


@pytest.mark.parametrize("held", ["[]", "x", "[5]", '{"a": 1}', "null", "0"])
def test_json_that_is_something_else_is_not_shown(held: str) -> None:
    user = user_of('addresses = { attr = "addresses", via = ["json"] }')
    assert user.read(entry(addresses=held), {}) == {}


def test_json_comes_from_text_and_from_values() -> None:
    user = user_of('addresses = { attr = "addresses", via = ["json"] }\nname = { attr = "name", via = ["json"] }')
    wanted = {"addresses": [{"type": "work", "locality": "Berlin"}], "name": {"givenName": "Ann"}}
    assert user.read(entry(**{key: json.dumps(value) for key, value in wanted.items()}), {}) == wanted
    assert user.read(Entry("1", {"name": ({"givenName": "Ann"},)}), {}) == {"name": {"givenName": "Ann"}}


def test_ledger_values_constants_and_what_is_only_written() -> None:
    user = user_of(
        """
externalId = { store = "ledger" }
title = { attr = "title", only = "write" }
password = { attr = "password", only = "write" }
""",
        '[user.show]\nlocale = { value = "de" }\n',
    )
    held = entry(title="x", password="y")
    assert user.read(held, {"externalId": "00u1"}) == {"externalId": "00u1", "locale": "de"}
    assert user.attributes_for(None) == frozenset()


def test_what_is_there_is_active_where_deactivation_deletes() -> None:
    user = user_of('userName = "uid"', '[user.lifecycle]\ndeactivate = "delete"\ndelete = "delete"\n')
    assert user.read(entry(uid="ann"), {}) == {"userName": "ann", "active": True}
    assert "active" in {each["name"] for each in user.schema_documents[0]["attributes"]}


def test_scope_and_protection_look_at_resource_and_entry() -> None:
    user = mapping_of(
        """
[user]
anchor = "id"
scope = 'userType eq "Employee"'
protect = ['target:adminCount eq 1', 'title eq "Root"']
[user.map]
userType = "kind"
title = "title"
"""
    ).resources["User"]
    plain = entry(kind="employee", title="x")
    resource = user.read(plain, {})
    assert user.in_scope(resource, plain)
    assert not user.in_scope({}, plain)
    assert not user.protected(resource, plain)
    assert user.protected(resource, entry(adminCount="1"))
    assert user.protected({"title": "root"}, None)
    assert user.guard_attributes == {"kind", "title", "adminCount"}
    assert "adminCount" in user.spec.attributes


def test_match_looks_for_what_would_be_written() -> None:
    user = mapping_of(
        """
[user]
anchor = "id"
match = ["externalId", "userName", 'emails[type eq "work"].value', "target:upn"]
[user.map]
userName = { attr = "uid", via = ["trim", "lower"] }
externalId = { store = "ledger" }
'emails[type eq "work"].value' = "mail"
[user.set]
upn = { template = "{userName}@corp" }
"""
    ).resources["User"]
    found = user.match_filters({"userName": " Ann ", "externalId": "1", "emails": [{"value": "a@x"}]})
    assert [rule for rule, _ in found] == ["userName", 'emails[type eq "work"].value', "target:upn"]
    assert "'ann'" in repr(found[0][1])
    assert user.match_filters({}) == []


def test_sorting_is_native_only_where_the_order_is_the_same() -> None:
    user = mapping_of(
        """
format = 1
target = "sql"
[user]
table = "t"
anchor = "id"
[user.map]
userName = { attr = "email", via = ["lower"] }
title = { attr = "role", via = [{ table = "role" }] }
'emails[type eq "work"].value' = "mail"
[user.show]
"meta.created" = { attr = "born", via = ["iso_time"] }
[table.role]
a = 2
b = 1
"""
    ).resources["User"]
    assert user.sort_attribute("username") == "email"
    assert user.sort_attribute("id") == "@id"
    assert user.sort_attribute("meta.created") == "born"
    assert user.sort_attribute("title") is None
    assert user.sort_attribute("emails") is None
    assert user.sort_attribute("nobody") is None
    assert user_of('userName = "uid"').sort_attribute("userName") is None
