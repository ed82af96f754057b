"""Filters as closures, held against scim2-models' own evaluation of the same filters."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scim2_models import EnterpriseUser, InvalidFilterException, ScimFilter, User
from scim2_models.path import AttrPath, FilterNode

from gateway.mapping.compiled import compile_condition, parse_filter
from gateway.mapping.schema.index import AttributeIndex
from gateway.mapping.schema.rfc7643 import ENTERPRISE, USER
from tests.mapping.filters import TEXTS, comparisons, selections, trees

INDEX = AttributeIndex(USER)

LEAVES = st.one_of(
    *(comparisons(AttrPath(name), "string") for name in ("userName", "externalId", "displayName", "TITLE", "roles")),
    comparisons(AttrPath("active"), "boolean").filter(lambda node: not isinstance(getattr(node, "value", None), str)),
    comparisons(AttrPath("meta", "created"), "dateTime"),
    comparisons(AttrPath("name", "givenName"), "string"),
    comparisons(AttrPath("roles", "value"), "string"),
    comparisons(AttrPath("roles", "primary"), "boolean").filter(
        lambda node: not isinstance(getattr(node, "value", None), str)
    ),
    comparisons(AttrPath("department", uri=ENTERPRISE), "string"),
    comparisons(AttrPath("userName", uri=USER), "string"),
    comparisons(AttrPath("name"), "complex"),
    comparisons(AttrPath("nobody"), "string"),
    selections(AttrPath("roles"), {"type": "string", "value": "string"}),
)


def no_null(node: FilterNode) -> bool:
    """Null in an element is where the library and we differ: it asks each element, we ask the attribute."""
    return "null" not in str(node)


WORDS = TEXTS.filter(bool)
ROLE = st.fixed_dictionaries({"value": WORDS}, optional={"type": WORDS, "primary": st.booleans()})
RESOURCES = st.fixed_dictionaries(
    {"userName": WORDS},
    optional={
        "externalId": WORDS,
        "displayName": WORDS,
        "title": WORDS,
        "active": st.booleans(),
        "name": st.fixed_dictionaries({"givenName": WORDS}),
        "roles": st.lists(ROLE, min_size=1, max_size=3),
        "meta": st.fixed_dictionaries({"created": st.sampled_from(["2026-01-01T00:00:00Z", "2025-06-01T00:00:00Z"])}),
        ENTERPRISE: st.fixed_dictionaries({"department": WORDS}),
    },
)


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(node=trees(LEAVES).filter(no_null), resource=RESOURCES)
def test_a_condition_means_what_the_library_means(node: FilterNode, resource: dict[str, Any]) -> None:
    model = User[EnterpriseUser].model_validate({"schemas": [USER, ENTERPRISE], **resource})
    wanted = ScimFilter[User[EnterpriseUser]](str(node)).match(model)
    assert compile_condition(parse_filter(str(node)), INDEX)(resource) == wanted


def holds(text: str, resource: dict[str, Any]) -> bool:
    return compile_condition(parse_filter(text), INDEX)(resource)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('userName eq "ANN"', True),
        ('externalId eq "ABC"', False),
        ('externalId eq "abc"', True),
        ('USERNAME EQ "ann"', True),
        ("nickName pr", False),
        ('nickName eq "x"', False),
        ('nickName ne "x"', True),
        ('not (nickName eq "x")', True),
        ('nobody ne "x"', False),
        ("title pr", False),
        ("nickName eq null", True),
        ("userName ne null", True),
        ('active eq "True"', True),
        ("active ne false", True),
        ('emails ne "a@x"', False),
        ('emails ne "c@x"', True),
        ('emails co "@X"', True),
        ('emails.type eq "home"', True),
        ('emails[type eq "work" and value eq "b@x"]', False),
        ('emails[type eq "work"].value eq "a@x"', True),
        ('roles[primary eq "True"].value eq "r"', True),
        ('meta.created gt "2026-01-01T00:59:59+01:00"', True),
        ('meta.created eq "2026-01-01T01:00:00+01:00"', True),
        ('enterprise:manager eq "m"', True),
        ('enterprise:manager.value eq "m"', True),
        ("enterprise:manager pr", True),
        ('schemas eq "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"', True),
        ('x509Certificates[value eq "x"]', False),
    ],
)
def test_truth_table(text: str, expected: bool) -> None:
    resource = {
        "userName": "Ann",
        "externalId": "abc",
        "title": "",
        "active": True,
        "emails": [{"type": "work", "value": "a@x"}, {"type": "home", "value": "b@x"}],
        "roles": [{"value": "r", "primary": True}],
        "meta": {"created": "2026-01-01T00:00:00Z"},
        ENTERPRISE: {"manager": {"value": "m"}},
    }
    assert holds(text, resource) is expected


@pytest.mark.parametrize(
    "resource", [{}, {"name": None}, {"name": "x"}, {"emails": {"value": 1}}, {"emails": [None, 5, "x"]}, {"active": 5}]
)
@pytest.mark.parametrize("text", ['name.givenName sw "a"', 'emails[value co "x"]', "active eq true", "emails pr"])
def test_a_condition_never_raises_when_it_is_asked(text: str, resource: dict[str, Any]) -> None:
    assert isinstance(holds(text, resource), bool)


@pytest.mark.parametrize("text", ["active gt true", 'active sw "t"', 'name[givenName eq "x"]', 'active eq "maybe"'])
def test_what_a_type_does_not_know_is_invalid(text: str) -> None:
    with pytest.raises(InvalidFilterException):
        compile_condition(parse_filter(text), INDEX)


@pytest.mark.parametrize("text", ["", "userName", 'userName eq "', "userName eq eq", "(" * 5000, 'a eq "b" and'])
def test_what_is_no_filter_is_invalid(text: str) -> None:
    with pytest.raises(InvalidFilterException):
        parse_filter(text)


def test_short_names_stand_for_urns_outside_of_literals() -> None:
    assert str(parse_filter('enterprise:department eq "enterprise:x"')) == (
        f'{ENTERPRISE}:department eq "enterprise:x"'
    )


def test_elements_can_be_asked_without_a_schema() -> None:
    condition = compile_condition(parse_filter('value eq "1" or display sw "ANN"'), INDEX, raw=True)
    assert condition({"value": "1"})
    assert condition({"value": "2", "display": "Ann Lee"})
    assert not condition({"value": "2"})
