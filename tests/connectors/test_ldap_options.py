"""``[target.NAME]`` with ``kind = "ldap"``: every mistake named at once, and no password in clear text."""

from dataclasses import replace
from typing import Any

import pytest

from connectors.contract import CollectionSpec, Reference
from connectors.ldap import LdapConnector
from connectors.ldap.options import settings_of

FINE: dict[str, Any] = {
    "urls": ["ldaps://ldap1.example.com", "ldaps://ldap2.example.com/"],
    "base": "dc=example,dc=com",
    "bind": {"dn": "cn=gateway,{base}", "password": "correct horse"},
}


def test_the_documented_table_is_read() -> None:
    settings = settings_of(FINE)
    assert settings.urls == ("ldaps://ldap1.example.com", "ldaps://ldap2.example.com")
    assert settings.bind_dn == "cn=gateway,dc=example,dc=com"
    assert "correct horse" not in repr(settings)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"bas": "dc=x"}, "unknown key 'bas'; did you mean 'base'?"),
        ({"base": "no dn"}, "base must be the DN"),
        ({"base": 5}, "base must be the DN"),
        ({"urls": []}, "urls must list at least one server"),
        ({"urls": ["http://x"]}, "'http://x' is not an ldap"),
        ({"urls": ["ldap://"]}, "'ldap://' is not an ldap"),
        ({"urls": ["ldap://x:99999"]}, "is not an ldap"),
        ({"urls": ["ldap://ldap.example.com"]}, "would send the bind password in clear text"),
        ({"bind": {"dn": "cn=x", "pasword": "y"}}, "unknown key 'bind.pasword'; did you mean 'password'?"),
        ({"bind": {"dn": "cn=x"}}, "bind.password is missing"),
        ({"bind": "cn=x"}, "bind must be a table"),
        ({"ca": "/no/such/file.pem"}, "ca: there is no file"),
        ({"pool": 0}, "pool must be a whole number above 0"),
        ({"pool": 1.5}, "pool must be a whole number"),
        ({"page": True}, "page must be a whole number above 0"),
        ({"start_tls": "yes"}, "start_tls must be true or false"),
        ({"timeouts": {"conect": 3}}, "unknown key 'timeouts.conect'; did you mean 'connect'?"),
        ({"timeouts": {"answer": -1}}, "answer must be a number above 0"),
        ({"avoid": ["asertion"]}, "unknown control 'asertion'; did you mean 'assertion'?"),
    ],
)
def test_a_mistake_is_named(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=r"\w") as refused:
        LdapConnector.from_options("corp", {**FINE, **options})
    assert words in str(refused.value)
    assert "correct horse" not in str(refused.value)


def test_all_mistakes_at_once() -> None:
    with pytest.raises(ValueError, match="unknown key 'x'") as refused:
        settings_of({"x": 1, "pool": -1, "urls": "ldapi:///"})
    assert len(str(refused.value).splitlines()) == 4


@pytest.mark.parametrize(
    "options",
    [
        {"urls": ["ldap://ldap.example.com"], "start_tls": True},
        {"urls": ["ldap://ldap.example.com"], "allow_plaintext": True},
        {"urls": ["ldap://ldap.example.com"], "bind": {}},
        {"urls": ["ldap://127.0.0.1:389"]},
        {"urls": ["ldap://[::1]"]},
        {"urls": "ldap://localhost"},
    ],
)
def test_clear_text_where_it_is_meant_or_stays_in_the_machine(options: dict[str, Any]) -> None:
    assert settings_of({**FINE, **options}).urls


@pytest.mark.parametrize(
    ("options", "members", "words"),
    [
        ({"rdn": "uid"}, None, "'class' must list"),
        ({"class": ["person"]}, None, "'rdn' must name"),
        ({"class": ["person"], "rdn": "uid", "parent": "people"}, None, "'people' is no distinguished name"),
        ({"class": ["person"], "rdn": "uid", "search_base": ["x"]}, None, "'x' is no distinguished name"),
        (
            {"class": ["person"], "rdn": "uid", "parent": "ou=people,{base}", "search_base": "OU=people, {base}"},
            None,
            "search_base: entries in 'ou=leavers,dc=example,dc=com' would not be found again",
        ),
        ({"class": ["person"], "rdn": "uid"}, {}, "members.attr must name"),
        ({"class": ["person"], "rdn": "uid"}, {"attr": "member", "chunk": 0}, "members.chunk must be"),
        ({"class": ["person"], "rdn": "uid"}, {"attr": "member", "placeholder": "x"}, "'x' is no distinguished name"),
    ],
)
def test_a_mistake_in_a_section_is_named(options: dict[str, Any], members: Any, words: str) -> None:
    references = {} if members is None else {"@members": Reference(("User",))}
    spec = CollectionSpec("User", "entryUUID", options=options, members=members, references=references)
    spec = replace(spec, parents=("ou=leavers,{base}",) if "search_base" in options else ())
    with pytest.raises(ValueError, match="User: ") as refused:
        LdapConnector.from_options("corp", FINE).collections({"User": spec})
    assert words in str(refused.value)
