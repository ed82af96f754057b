"""SCIM paths as operators type them."""

import pytest

from gateway.mapping.model import Place, SchemaAttribute
from gateway.mapping.schema.index import AttributeIndex, short_name
from gateway.mapping.schema.paths import PathError, parse_path
from gateway.mapping.schema.rfc7643 import ENTERPRISE, GROUP, USER

CUSTOM = "urn:okta:APP_1:1.0:user:custom"
BADGE = SchemaAttribute("User", "badge", CUSTOM, Place("f", 1, "k"))
ROLE = SchemaAttribute("User", "secodaRole", USER, Place("f", 1, "k"))
INDEX = AttributeIndex(USER, (BADGE, ROLE))


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("username", "userName"),
        ("NAME.GIVENNAME", "name.givenName"),
        (f"{USER.upper()}:userName", "userName"),
        ("enterprise:department", f"{ENTERPRISE}:department"),
        ("Enterprise:manager.value", f"{ENTERPRISE}:manager.value"),
        (f"{ENTERPRISE}:Manager.displayName", f"{ENTERPRISE}:manager.displayName"),
        ("custom:badge", f"{CUSTOM}:badge"),
        ("secodarole", "secodaRole"),
        ('Emails[Type eq "work"].Value', 'emails[type eq "work"].value'),
        ('emails[type eq "work"]', 'emails[type eq "work"].value'),
        ('roles[primary eq "True"].value', "roles[primary eq true].value"),
        ('emails[type eq "work" and primary eq true].value', 'emails[type eq "work" and primary eq true].value'),
        ("emails", "emails"),
        ("emails.value", "emails.value"),
        ("meta.lastModified", "meta.lastModified"),
    ],
)
def test_paths_are_known_in_any_capitals_by_urn_or_short_name(written: str, canonical: str) -> None:
    assert parse_path(written, INDEX, "User").text == canonical


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ('emails[typ eq "work"].value', "'typ' is not a sub-attribute of emails; did you mean 'type'?"),
        ("usrName", "'usrName' is not an attribute of User; did you mean 'userName'?"),
        ("name.givName", "'givName' is not a sub-attribute of name; did you mean 'givenName'?"),
        ("enterprize:department", "there is no schema 'enterprize' for User; did you mean 'enterprise'?"),
        ("enterprise:departmnt", "is not an attribute of User; did you mean 'enterprise:department'?"),
        ('userName[type eq "x"]', "userName is not multi-valued"),
        ('emails[type sw "w"].value', "selects with more than 'eq' and 'and'"),
        ('emails[type eq "w".value', "the bracket is not closed"),
        ("emails[].value", "is not a SCIM filter"),
        ("target:mail", "is an attribute of the target"),
        ("", "is not an attribute of User"),
    ],
)
def test_a_path_that_names_nothing_says_what_was_probably_meant(written: str, words: str) -> None:
    with pytest.raises(PathError) as refused:
        parse_path(written, INDEX, "User")
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("urn", "short"),
    [
        (ENTERPRISE, "enterprise"),
        (CUSTOM, "custom"),
        ("urn:example:params:scim:schemas:extension:badge:1.0:User", "badge"),
        ("urn:example:2.0:Device", "example"),
        ("urn:example:hr", "hr"),
    ],
)
def test_every_schema_has_a_short_name(urn: str, short: str) -> None:
    assert short_name(urn) == short


def test_an_attribute_of_the_schema_keeps_its_name() -> None:
    index = AttributeIndex(USER)
    index.alias("department", f"{ENTERPRISE}:department", f"{ENTERPRISE}:department")
    index.alias("title", "displayName", "displayName")
    assert index.canonical("Department") == f"{ENTERPRISE}:department"
    assert index.canonical("title") == "title"


def test_groups_have_their_own() -> None:
    index = AttributeIndex(GROUP)
    assert index.find("userName") is None
    assert index.canonical("members.value") == "members.value"
