"""What a directory says of a refusal may hold names of entries and of servers; a SCIM answer never does."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.ldap import codes
from connectors.ldap.messages import Response
from gateway.provisioning.errors import meaning

INSIDE = re.compile(r"(?i)\b(?:dc|ou|cn|uid|o)\s*=|example|corp|jane|doe\b|dc0?1|10\.1\.|fe80|3268|ldaps?:")

SAID = {
    "slapd access": 'no write access to parent "ou=People,dc=example,dc=com"',
    "slapd alias": "cn=Jane Doe,ou=People,dc=example,dc=com: no such object",
    "slapd unique": "non-unique attributes found with (|(uid=jane))",
    "389 plugin": "The value is already in use by cn=Jane\\, Doe + uid=jane , o=Example Corp; ask cn=Directory Manager",
    "389 uniqueness": 'Another entry with the same attribute value already exists (attribute: "uid") uid=jane,o=corp',
    "AD name": (
        "0000208D: NameErr: DSID-03100245, problem 2001 (NO_OBJECT), best match of:\n\t'OU=Staff,DC=corp,DC=example'"
    ),
    "AD referral": "0000202B: RefErr: DSID-031007F9, data 0, 1 access points\n\tref 1: 'dc01.corp.example'\n",
    "AD port": "the global catalog at dc01.corp.example:3268 refuses",
    "a short host": "backend dc01:3268 refuses",
    "an address": "shadow of 10.1.2.3:389 and [fe80::1%eth0] only",
    "a url": "see ldaps://dc01.corp.example/dc=corp??sub",
    "spaces": "entry CN = Jane Doe, OU = Staff is locked",
    "a url in brackets": "refer (ldap://dc1) please",
    "only a name": "dc=example",
}
CODES = sorted(codes.MEANING)


@pytest.mark.parametrize("said", SAID)
@pytest.mark.parametrize("code", [16, 19, 21, 34, 50, 53, 64, 65, 999])
def test_a_servers_words_tell_neither_names_nor_hosts(said: str, code: int) -> None:
    detail = meaning(codes.error(Response(code, message=SAID[said]))).detail
    assert detail
    assert not INSIDE.search(detail), detail


@pytest.mark.parametrize(
    "said",
    [
        "objectClass: value #0 invalid per syntax",
        "Password fails quality checking policy",
        "00000005: SecErr: DSID-03152870, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0",
        "attribute 'mail' not allowed",
        "mail: value #0 invalid per syntax 1.3.6.1.4.1.1466.115.121.1.26",
    ],
)
def test_what_helps_is_still_said(said: str) -> None:
    assert said in meaning(codes.error(Response(21, message=said))).detail


@given(
    st.text(max_size=40),
    st.lists(st.tuples(st.sampled_from(["dc", "OU", "cn", "uid", "o", "2.5.4.3"]), st.text(min_size=1)), min_size=1),
    st.sampled_from(['"', "'", "", "("]),
    st.text(max_size=40),
)
def test_no_name_of_any_shape_is_told(before: str, parts: list[tuple[str, str]], quote: str, after: str) -> None:
    secret = "zZsecretZz"
    name = ",".join(f"{attribute}={secret}{value.replace(quote, '') if quote else value}" for attribute, value in parts)
    detail = codes.error(Response(53, message=f"{before} {quote}{name}{quote} {after}")).detail
    assert secret not in detail, detail


def test_a_secret_is_not_told_beyond_what_is_shown() -> None:
    secret = "s3cret" * 10
    error = codes.error(Response(19, message=f"{'x' * 180} {secret}"), secret=secret)
    assert "s3cret" not in error.detail
