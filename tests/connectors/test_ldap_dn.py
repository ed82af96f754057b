"""Distinguished names: escaped once, compared as directories do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ldap3.utils.dn import parse_dn

from connectors.ldap.dn import escape, is_under, key, parse, rdn, split

VALUE = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30)


@given(VALUE)
def test_what_is_escaped_reads_back_to_the_letter(value: str) -> None:
    dn = f"{rdn('uid', value)},ou=people,dc=example"
    assert parse(dn) == ((("uid", value),), (("ou", "people"),), (("dc", "example"),))
    assert split(dn) == (rdn("uid", value), "ou=people,dc=example")


@given(VALUE)
def test_a_value_never_adds_a_level(value: str) -> None:
    printable = value if value.isprintable() else "a"
    levels = parse_dn(f"{rdn('uid', printable)},dc=example", escape=False)
    assert [level[0] for level in levels] == ["uid", "dc"]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("evil,ou=admins", "evil\\,ou\\=admins"),
        ("*", "*"),
        ("a\0b", "a\\00b"),
        ("#hash", "\\#hash"),
        (" lead", "\\ lead"),
        ("trail ", "trail\\ "),
        ("\\2a", "\\\\2a"),
        ('"q"', '\\"q\\"'),
        ("a+b<c>;d", "a\\+b\\<c\\>\\;d"),
        (" ", "\\ "),
    ],
)
def test_escapes_of_rfc_4514(value: str, written: str) -> None:
    assert escape(value) == written


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("uid=Ann,DC=Example", "UID=ann, dc=example"),
        ("cn=Ann  Lee,dc=x", "commonName=ann lee,dc=x"),
        ("2.5.4.3=ann,dc=x", "cn=ANN,dc=x"),
        ("cn=a\\2Cb,dc=x", "cn=a\\,b,dc=x"),
        ("cn=\\C3\\B6,dc=x", "cn=Ö,dc=x"),
        ("cn=a+uid=b,dc=x", "uid=b+cn=a,dc=x"),
        ("cn=\\ a\\ ,dc=x", "cn=a,dc=x"),
        ("cn=e\u0301,dc=x", "cn=\u00e9,dc=x"),
    ],
)
def test_names_that_match(left: str, right: str) -> None:
    assert key(left) == key(right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("cn=a\\,b,dc=x", "cn=a,cn=b,dc=x"),
        ("cn=a,dc=x", "cn=a,dc=y"),
        ("cn=a\\+b=c,dc=x", "cn=a+b=c,dc=x"),
        ("cn=strasse,dc=x", "cn=straße,dc=x"),
        ("uid=a,dc=x", "cn=a,dc=x"),
    ],
)
def test_names_that_do_not(left: str, right: str) -> None:
    assert key(left) != key(right)


@pytest.mark.parametrize("text", ["no name", "=x", "cn=a,", "cn=a,,dc=x", "cn=a\\", 'cn="a",dc=x', "*"])
def test_what_is_no_dn(text: str) -> None:
    assert parse(text) is None
    assert isinstance(key(text), str)


def test_below_a_base() -> None:
    assert is_under("uid=a,ou=People,dc=Example", "ou=people, DC=example")
    assert is_under("dc=x", "dc=x")
    assert not is_under("uid=a,dc=xdc=x", "dc=x")
    assert not is_under("ou=a\\,dc=x", "dc=x")
