"""Push-down: whatever the target is asked, target and residual together mean what the filter means."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scim2_models import InvalidFilterException
from scim2_models.path import AttrPath, FilterNode

from connectors.entry import Entry, Ref
from connectors.filters import And, AnyOf, Compare, Leaf, Not, Operator, Or, Present, Verdict
from connectors.matching import matches
from gateway.mapping.compiled import compile_condition, parse_filter
from tests.mapping.files import mapping_of, user_of
from tests.mapping.filters import TEXTS, comparisons, selections, trees

MAPPING = mapping_of(
    """
[schema.User.level]
type = "integer"
[schema.User.tags]
type = "string"
multi_valued = true
case_exact = true
[schema.User.exact]
type = "string"
case_exact = true

[user]
anchor = "id"

[user.map]
userName = { attr = "uid", via = ["trim", "lower"], required = true, also = ["login"] }
externalId = { store = "ledger" }
displayName = "displayName"
nickName = { attr = "nick", via = [{ prefix = "x:" }] }
exact = { attr = "exact", via = ["lower"] }
level = "level"
tags = "tags"
title = { attr = "title", via = [{ table = "role" }] }
active = { attr = "locked", via = ["not", { presence = "yes" }] }
locale = { attr = "locale", when = 'displayName eq "ann"' }
profileUrl = { attr = "flags", via = [{ states = { home = ["a", "b"], work = ["ann"] } }] }
'emails[type eq "work"].value' = { attr = "mail", via = ["lower"] }
'emails[type eq "work"].display' = "mailName"
'emails[type eq "home"].value' = "homeMail"
"phoneNumbers.value" = { attr = "phones", element = { type = "work" } }
addresses = { attr = "addresses", via = ["json"] }
roles = "roles"
"enterprise:manager.value" = { attr = "manager", ref = "user" }
"enterprise:department" = "department"
password = { attr = "password", only = "write" }

[user.show]
"meta.created" = { attr = "born", via = ["ldap_time"] }
timezone = { attr = "stamp", via = ["ad_time"] }

[user.child.roles]
table = "roles"
key = "user"
map = { value = "v", type = "t", primary = "p" }

[group]
anchor = "id"
[group.map]
displayName = "cn"
[group.members]
attr = "member"

[table.role]
admin = 9
reader = "reader"
"""
)
USER = MAPPING.resources["User"]
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

KINDS = {
    "userName": "string", "externalId": "string", "displayName": "string", "nickName": "string", "exact": "string",
    "level": "integer", "tags": "string", "title": "string", "active": "boolean", "locale": "string",
    "profileUrl": "string", "emails": "string", "emails.value": "string", "emails.type": "string",
    "emails.display": "string", "emails.primary": "boolean", "phoneNumbers.value": "string",
    "phoneNumbers.type": "string", "phoneNumbers.display": "string", "addresses.locality": "string",
    "roles.value": "string", "roles.primary": "boolean", "roles.display": "string", "meta.created": "dateTime",
    "groups.value": "string", "groups.display": "string", "password": "string", "name.givenName": "string",
    "name": "complex", "addresses": "complex", "roles": "string", "groups": "string", "login": "string",
    "unknown": "string", "meta.resourceType": "string", "id": "string", "timezone": "string",
}  # fmt: skip


def path_of(text: str) -> AttrPath:
    attr, _, sub = text.partition(".")
    return AttrPath(attr, sub or None)


LEAVES = st.one_of(
    *(comparisons(path_of(name), kind) for name, kind in KINDS.items()),
    comparisons(AttrPath("department", uri=ENTERPRISE), "string"),
    comparisons(AttrPath("manager", "value", ENTERPRISE), "string"),
    comparisons(AttrPath("manager", uri=ENTERPRISE), "string"),
    selections(AttrPath("emails"), {"type": "string", "value": "string", "display": "string", "primary": "boolean"}),
    selections(AttrPath("phoneNumbers"), {"type": "string", "value": "string", "display": "string"}),
    selections(AttrPath("roles"), {"type": "string", "value": "string", "primary": "boolean"}),
    selections(AttrPath("addresses"), {"type": "string", "locality": "string"}),
    selections(AttrPath("tags"), {"value": "string", "type": "string"}),
    selections(AttrPath("groups"), {"value": "string", "display": "string"}),
)
WORDS = TEXTS.filter(bool)
ONE = st.lists(WORDS, max_size=1).map(tuple)
SOME = st.lists(WORDS, max_size=3, unique=True).map(tuple)
ROLES = st.lists(
    st.fixed_dictionaries({}, optional={"value": WORDS, "type": WORDS, "primary": st.booleans()}).filter(bool),
    max_size=2,
).map(tuple)
ADDRESSES = st.lists(st.fixed_dictionaries({}, optional={"type": WORDS, "locality": WORDS}), max_size=2).map(
    lambda each: (json.dumps(each),)
)
REFS = st.lists(WORDS, max_size=2, unique=True).map(lambda ids: tuple(Ref(id, "User", id) for id in ids))
BORN = st.sampled_from([(), ("20260101000000Z",), ("20260101000000.5Z",), ("20250601000000Z",)])
ATTRIBUTES = st.fixed_dictionaries(
    {
        "uid": SOME, "displayName": SOME, "nick": SOME, "exact": SOME, "tags": SOME, "locale": ONE, "mail": SOME,
        "mailName": ONE, "homeMail": ONE, "phones": SOME, "department": ONE, "flags": SOME, "title":
        st.sampled_from([(), (9,), ("reader",), (9, "x"), ("nobody",)]), "level": st.lists(
            st.integers(0, 6), max_size=2, unique=True).map(tuple),
        "locked": st.sampled_from([(), ("yes",), ("20260101",)]), "addresses": ADDRESSES, "roles": ROLES,
        "manager": REFS, "@groups": REFS, "born": BORN,
        "stamp": st.sampled_from([(), (133_800_000_000_000_000,), (0,)]),
    }
)  # fmt: skip
ENTRIES = st.builds(
    lambda id, attributes, external: (
        Entry(id, {name: values for name, values in attributes.items() if values}),
        {"externalId": external} if external else {},
    ),
    WORDS,
    ATTRIBUTES,
    st.one_of(st.none(), WORDS),
)


def values_of(entry: Entry) -> Callable[[str], tuple[Any, ...]]:
    def values(name: str) -> tuple[Any, ...]:
        if name == "@id":
            return (entry.id,)
        whole, dot, part = name.partition(".")
        held = entry.attributes.get(name, ())
        if not held and dot:
            elements = entry.attributes.get(whole, ())
            return tuple(each[part] for each in elements if isinstance(each, dict) and part in each)
        return held

    return values


def types(name: str) -> str:
    return USER.spec.types.get(name, "string")


def judge_exact(leaf: Leaf) -> Verdict:
    if isinstance(leaf, Compare) and isinstance(leaf.value, Ref | bool) and leaf.operator is not Operator.EQ:
        return Verdict.UNSUPPORTED
    return Verdict.EXACT


def judge_folding(leaf: Leaf) -> Verdict:
    """A directory: capitals never count, so what is case-exact is a superset; no order on text."""
    if isinstance(leaf, Compare) and leaf.operator in (Operator.GT, Operator.GE, Operator.LT, Operator.LE):
        return Verdict.UNSUPPORTED
    if isinstance(leaf, Compare | AnyOf) and leaf.case_exact and leaf.attribute != "@id":
        return Verdict.SUPERSET
    return Verdict.EXACT


def judge_nothing(leaf: Leaf) -> Verdict:
    return Verdict.UNSUPPORTED


def folded(filter: Any) -> Any:
    """What ``judge_folding`` means by superset: the same filter without regard to capitals."""
    match filter:
        case Compare():
            return Compare(filter.attribute, filter.operator, filter.value, filter.attribute == "@id")
        case AnyOf():
            return AnyOf(filter.attribute, filter.values, filter.attribute == "@id")
        case And(terms) | Or(terms):
            return type(filter)(tuple(map(folded, terms)))
        case Not(term):
            return Not(folded(term))
    return filter


JUDGES = {"exact": judge_exact, "folding": judge_folding, "nothing": judge_nothing}


@pytest.mark.parametrize("name", JUDGES)
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(node=trees(LEAVES), entries=st.lists(ENTRIES, min_size=1, max_size=3, unique_by=lambda each: each[0].id))
def test_rule_03_pushed_and_residual_together_mean_the_filter(
    name: str, node: FilterNode, entries: list[tuple[Entry, dict[str, Any]]]
) -> None:
    node = parse_filter(str(node))

    def stored_ids(path: str, operator: str, value: Any) -> list[str]:
        text = f"{path} pr" if operator == "pr" else f"{path} {operator} {json.dumps(value)}"
        test = compile_condition(parse_filter(text), USER.attributes)
        return [entry.id for entry, stored in entries if test(dict(stored))]

    pushed = USER.push(node, JUDGES[name], stored_ids)
    direct = compile_condition(node, USER.attributes)
    for entry, stored in entries:
        read = USER.read(entry, stored)
        resource = {**read, "id": entry.id, "meta": {**read.get("meta", {}), "resourceType": "User"}}
        wanted = direct(resource, entry)
        filter = folded(pushed.filter) if name == "folding" else pushed.filter
        selected = filter is None or matches(filter, values_of(entry), types)
        decided = selected and (pushed.residual is None or pushed.residual(resource, entry))
        assert decided == wanted, f"{node}: {pushed.filter} on {entry.attributes} reads {resource}"


def push(text: str, judge: Any = judge_exact, **more: Any) -> Any:
    return USER.push(parse_filter(text), judge, **more)


def test_equality_goes_down_as_it_is_and_as_the_steps_write_it() -> None:
    sql = mapping_of(
        'format = 1\ntarget = "sql"\n[user]\ntable = "t"\nanchor = "id"\n[user.map]\n'
        'userName = { attr = "email", via = ["trim", "lower"], also = ["email"] }\n'
    ).resources["User"]
    for text in ('userName eq "Ann"', 'email eq "Ann"', 'urn:ietf:params:scim:schemas:core:2.0:User:userName eq "Ann"'):
        pushed = sql.push(parse_filter(text), judge_exact)
        assert pushed.filter == Compare("email", Operator.EQ, "Ann")
        assert pushed.residual is None
    trimmed = sql.push(parse_filter('userName eq " Ann "'), judge_exact)
    assert trimmed.filter == AnyOf("email", (" Ann ", "ann"))


def test_an_attribute_of_several_values_leaves_a_residual_for_a_row_of_one() -> None:
    pushed = push('userName eq "ann"')
    assert pushed.filter == Compare("uid", Operator.EQ, "ann")
    assert pushed.needs == {"userName"}


def test_rule_03_not_goes_down_only_over_what_is_exact() -> None:
    assert push("not (displayName pr)").filter == Not(Present("displayName"))
    pushed = push('not (title sw "a")', judge_folding)
    assert pushed.filter is None
    assert pushed.needs == {"title"}


def test_rule_03_and_is_divided_term_by_term() -> None:
    pushed = push('displayName pr and addresses.locality eq "x" and active eq true')
    assert pushed.filter == And((Present("displayName"), Present("addresses"), Not(Present("locked"))))
    assert pushed.needs == {"addresses.locality"}


def test_or_goes_down_only_as_a_whole() -> None:
    assert push('displayName pr or groups.display eq "x"').filter is None
    assert push("displayName pr or level pr").filter == Or((Present("displayName"), Present("level")))


def test_rule_04_the_leaf_carries_the_case_of_the_schema() -> None:
    assert push('tags eq "A"').filter == Compare("tags", Operator.EQ, "A", case_exact=True)
    assert push('phoneNumbers.value eq "A"').filter == Compare("phones", Operator.EQ, "A", case_exact=False)


@pytest.mark.parametrize("literal", ["true", '"True"', '"true"'])
def test_active_becomes_presence(literal: str) -> None:
    pushed = push(f"active eq {literal}")
    assert pushed.filter == Not(Present("locked"))
    assert pushed.residual is None


def test_states_and_tables_become_a_list_of_values() -> None:
    rows = """
active = { attr = "status", via = [{ states = { true = ["active", "invited"], false = ["off"] } }] }
title = { attr = "role", via = [{ table = "role" }] }
"""
    user = user_of(rows, "[table.role]\nadmin = 9\nreader = 1\n")
    assert user.push(parse_filter("active eq true"), judge_exact).filter == AnyOf(
        "status", ("active", "invited"), case_exact=True
    )
    assert user.push(parse_filter('title eq "ADMIN"'), judge_exact).filter == Compare(
        "role", Operator.EQ, 9, case_exact=True
    )
    assert user.push(parse_filter('title co "d"'), judge_exact).filter == AnyOf("role", (9, 1), case_exact=True)
    assert user.push(parse_filter('title eq "king"'), judge_exact).nothing


def test_emails_by_default_means_their_values() -> None:
    alike = [push(text).filter for text in ('emails eq "v"', 'emails.value eq "v"')]
    assert alike[0] == alike[1] == Or((Compare("mail", Operator.EQ, "v"), Compare("homeMail", Operator.EQ, "v")))


def test_a_value_path_finds_the_row_of_its_element() -> None:
    for text in ('emails[type eq "work" and value eq "v"]', 'emails[type eq "work"].value eq "v"'):
        assert Compare("mail", Operator.EQ, "v") in push(text).filter.terms
        assert "homeMail" not in str(push(text).filter)
    assert push('emails[type eq "fax"]').nothing


def test_members_groups_and_references_are_asked_for_by_id() -> None:
    group = MAPPING.resources["Group"]
    for text in ('members.value eq "7"', 'members eq "7"', 'members[value eq "7"]'):
        assert group.push(parse_filter(text), judge_exact).filter == Compare("@members", Operator.EQ, Ref("7"), True)
    assert push('groups.value eq "7"').filter == Compare("@groups", Operator.EQ, Ref("7"), True)
    for name in ("manager", "manager.value"):
        assert push(f'enterprise:{name} eq "7"').filter == Compare("manager", Operator.EQ, Ref("7"), True)
    assert push('id eq "7"').filter == Compare("@id", Operator.EQ, "7", True)


def test_what_the_ledger_keeps_becomes_ids() -> None:
    asked = []

    def stored_ids(path: str, operator: str, value: Any) -> list[str]:
        asked.append((path, operator, value))
        return ["1", "2"]

    pushed = push('externalId eq "x"', stored_ids=stored_ids)
    assert asked == [("externalId", "eq", "x")]
    assert pushed.filter == AnyOf("@id", ("1", "2"), case_exact=True)
    assert pushed.residual is None
    assert push('externalId eq "x"').needs == {"externalId"}
    assert push('externalId eq "x"', stored_ids=lambda *_: ()).nothing


def test_what_is_known_and_not_mapped_matches_nothing() -> None:
    assert push("nickName pr").filter is not None
    assert push("ims pr").nothing
    assert push('ims.value eq "x"').nothing
    assert push('ims.value ne "x"').filter is None
    assert push('ims.value ne "x"').residual is None
    assert push('nobodyKnows eq "x"').nothing


@pytest.mark.parametrize(
    "text", ["active gt true", 'active co "t"', 'x509Certificates.value gt "x"', 'active eq "perhaps"',
             'userName[value eq "x"]', 'meta.created gt "yesterday"']
)  # fmt: skip
def test_comparisons_that_a_type_does_not_know_are_refused(text: str) -> None:
    with pytest.raises(InvalidFilterException):
        push(text)


def test_the_targets_own_attributes_can_be_named() -> None:
    assert push("target:adminCount eq 1").filter == Compare("adminCount", Operator.EQ, 1)
    condition = compile_condition(parse_filter("target:adminCount eq 1"), USER.attributes)
    assert condition({}, Entry("1", {"admincount": ("1",)}))
    assert not condition({}, Entry("1", {"adminCount": ("0",)}))
    assert not condition({})
