"""Filters as clients write them, in the schema's spelling (RFC 7644 §3.4.2.2, idp-dialects.md)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scim2_models import InvalidFilterException, InvalidPathException, SCIMException, ScimFilter

from gateway.scim.dialects import STRICT, TOLERANT
from gateway.scim.filters import MAX_FILTER, attribute_list, canonical, canonical_attribute, parse, sort_path
from gateway.scim.shape import shape_from
from tests.scim.standard import DOCUMENTS, ENTERPRISE, GROUP, USER, USER_URN

BOTH = [
    ('userName eq "x"', 'userName eq "x"'),
    ('USERNAME EQ "x"', 'userName eq "x"'),
    (f'{USER_URN}:userName eq "x"', 'userName eq "x"'),
    (f'{USER_URN.upper()}:userName eq "x"', 'userName eq "x"'),
    (f'{ENTERPRISE.upper()}:Department eq "x"', f'{ENTERPRISE}:department eq "x"'),
    ('emails eq "v"', 'emails.value eq "v"'),
    ('Emails[Type EQ "work" and Value co "@x"]', 'emails[type eq "work" and value co "@x"]'),
    ('emails[type eq "work"].value eq "v"', 'emails[type eq "work" and value eq "v"]'),
    ("active eq true", "active eq true"),
    ('not (name.familyName sw "A") or title pr', 'not (name.familyName sw "A") or title pr'),
    ("emails pr", "emails pr"),
    ('meta.lastModified gt "2011-05-13T04:42:34Z"', 'meta.lastModified gt "2011-05-13T04:42:34Z"'),
    (f'{ENTERPRISE}:manager.value eq "7"', f'{ENTERPRISE}:manager.value eq "7"'),
    ('userName eq "a\\"b"', 'userName eq "a\\"b"'),
    ('nope eq "x"', 'nope eq "x"'),  # left for the library to refuse
]

TOLERATED = [
    ('active eq "True"', "active eq true"),
    ('roles[primary eq "True"].value eq "x"', 'roles[primary eq true and value eq "x"]'),
    ("userName sw O", 'userName sw "O"'),
    ("meta.created ge 2011-05-13T04:42:34Z", 'meta.created ge "2011-05-13T04:42:34Z"'),
    ("userName eq 5", 'userName eq "5"'),
    ("(userName eq a or userName eq b)", 'userName eq "a" or userName eq "b"'),
    ('userName eq x and displayName eq "a eq b"', 'userName eq "x" and displayName eq "a eq b"'),
    ('email eq "v"', 'emails.value eq "v"'),
    ('department eq "v"', f'{ENTERPRISE}:department eq "v"'),
    ('manager eq "7"', f'{ENTERPRISE}:manager.value eq "7"'),
    ('id eq "1" and manager eq "7"', f'id eq "1" and {ENTERPRISE}:manager.value eq "7"'),
]

REFUSED = [
    *(
        "",
        "userName",
        "userName eq",
        'eq "x"',
        'userName xx "x"',
        'userName eq "x',
        "userName eq 'x'",
        "((",
        "userName eq *",
    ),
    *("active gt true", 'active co "t"', 'active eq "maybe"', 'emails[type eq "work"', 'emails[bogus eq "x"]'),
    *('userName eq "a\x00b"', 'userName eq "a\\u0000b"', "userName eq {}", "userName eq true", "userName eq \x00"),
]


@pytest.mark.parametrize(("text", "wanted"), BOTH + TOLERATED)
def test_a_filter_becomes_canonical(text: str, wanted: str) -> None:
    assert str(canonical(parse(text, TOLERANT), [USER], TOLERANT)) == wanted


@pytest.mark.parametrize(("text", "wanted"), BOTH)
def test_strict_reads_what_the_rfc_allows(text: str, wanted: str) -> None:
    assert str(canonical(parse(text, STRICT), [USER], STRICT)) == wanted


@pytest.mark.parametrize(
    "text", ["userName sw O", 'active eq "True"', "userName eq 5", "meta.created ge 2011-05-13T04:42:34Z"]
)
def test_strict_refuses_what_is_only_tolerated(text: str) -> None:
    with pytest.raises(InvalidFilterException):
        canonical(parse(text, STRICT), [USER], STRICT)


@pytest.mark.parametrize("dialect", [TOLERANT, STRICT], ids=lambda d: d.name)
@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_filter_is_refused(dialect: object, text: str) -> None:
    with pytest.raises(InvalidFilterException):
        canonical(parse(text, dialect), [USER], dialect)  # type: ignore[arg-type]


def test_an_alias_with_a_selection() -> None:
    aliases = {"email": 'emails[type eq "work"].value'}
    shape = shape_from("User", "/Users", USER_URN, (ENTERPRISE,), DOCUMENTS, aliases=aliases)
    assert (
        str(canonical(parse('email eq "v"', TOLERANT), [shape], TOLERANT)) == 'emails[type eq "work" and value eq "v"]'
    )
    assert str(canonical(parse("email pr", TOLERANT), [shape], TOLERANT)) == 'emails[type eq "work" and value pr]'


def test_a_filter_over_two_types_knows_both() -> None:
    node = parse('USERNAME eq "a" or MEMBERS eq "b"', TOLERANT)
    assert str(canonical(node, [USER, GROUP], TOLERANT)) == 'userName eq "a" or members.value eq "b"'


def test_a_filter_is_bounded() -> None:
    with pytest.raises(InvalidFilterException):
        parse('userName eq "' + "x" * MAX_FILTER + '"', TOLERANT)
    assert str(parse("(" * 5000 + 'userName eq "x"' + ")" * 5000, TOLERANT)) == 'userName eq "x"'
    with pytest.raises(InvalidFilterException):
        parse("not (" * 100 + 'userName eq "x"' + ")" * 100, TOLERANT)


@given(st.text())
def test_any_text_is_a_filter_or_refused(text: str) -> None:
    for dialect in (TOLERANT, STRICT):
        try:
            node = canonical(parse(text, dialect), [USER], dialect)
        except SCIMException:
            continue
        assert canonical(parse(str(node), dialect), [USER], dialect) == node


@given(st.text(st.characters(exclude_characters="\x00", codec="utf-8")))
def test_a_quoted_value_stays_a_value(value: str) -> None:
    node = canonical(parse(f"userName eq {ScimFilter.quote(value)}", TOLERANT), [USER], TOLERANT)
    assert getattr(node, "value", None) == value


@pytest.mark.parametrize(
    ("given_names", "wanted"),
    [
        ("userName, emails", ["userName", "emails"]),
        (["userName", "emails"], ["userName", "emails"]),
        ('emails[type eq "work"],userName', ["emails", "userName"]),
        ('emails[type eq "a,b"].value', ["emails.value"]),
        (" , ", []),
    ],
)
def test_attribute_lists(given_names: object, wanted: list[str]) -> None:
    assert attribute_list(given_names, TOLERANT) == wanted


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("USERNAME", "userName"),
        (f"{USER_URN}:name.GIVENNAME", "name.givenName"),
        (ENTERPRISE, ENTERPRISE),
        (f"{ENTERPRISE}:manager", f"{ENTERPRISE}:manager"),
        ("department", f"{ENTERPRISE}:department"),
        ("nope", None),
        ("name.nope", None),
        ("urn:x:y:z", None),
        ("§", None),
    ],
)
def test_names_of_attributes(name: str, wanted: str | None) -> None:
    assert canonical_attribute(name, [USER], TOLERANT) == wanted


def test_strict_refuses_names_that_are_none() -> None:
    for name in ("§", 'emails[type eq "work"]'):
        with pytest.raises(InvalidPathException):
            canonical_attribute(name, [USER], STRICT)


def test_sorting_by_a_multi_valued_attribute_is_by_its_values() -> None:
    assert sort_path("EMAILS", [USER], TOLERANT) == "emails.value"
    assert sort_path("name.FAMILYNAME", [USER], TOLERANT) == "name.familyName"
    assert sort_path("nope", [USER], TOLERANT) == "nope"
