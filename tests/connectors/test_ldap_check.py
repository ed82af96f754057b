"""``check`` holds a mapping to the live directory: schema, rights, what the server can do."""

from dataclasses import replace
from typing import Any

import pytest

from connectors.contract import CollectionSpec, Finding
from connectors.errors import Unavailable
from connectors.filters import Compare, Operator, Present, Verdict
from connectors.ldap import LdapConnector
from connectors.ldap.schema import parse_schema
from tests.backends.slapd import Slapd
from tests.connectors.ldap_ground import ground
from tests.connectors.ldap_mapping import GROUP, USER

pytestmark = pytest.mark.anyio


async def findings(slapd: Slapd, specs: dict[str, CollectionSpec], **options: Any) -> list[Finding]:
    connector = LdapConnector.from_options("corp", {**slapd.options, **options})
    try:
        return list(await connector.check(specs))
    finally:
        await connector.close()


def user(**changed: Any) -> CollectionSpec:
    return replace(USER, options={**USER.options, **changed})


async def test_a_mapping_that_fits_has_no_findings(directory: Slapd) -> None:
    assert await findings(directory, {"User": USER, "Group": GROUP}) == []


@pytest.mark.parametrize(
    ("spec", "words", "key"),
    [
        (user(**{"class": ["inetOrgPersn"]}), "no object class 'inetOrgPersn'; did you mean 'inetorgperson'?", "class"),
        (replace(USER, attributes=USER.attributes | {"mial"}), "no attribute 'mial'; did you mean 'mail'?", "mial"),
        (replace(USER, attributes=USER.attributes | {"gidNumber"}), "'gidNumber' is not allowed by", "gidNumber"),
        (replace(USER, attributes=USER.attributes - {"sn"}), "demand 'sn', and no row writes it", "sn"),
        (user(parent="ou=nowhere,{base}"), "is not there, or this login may not read it", "parent"),
        (user(search_base=["{base}", "ou=nowhere,{base}"]), "is not there, or this login may not read it", "parent"),
        (replace(USER, parents=("ou=leavers,{base}",)), "'ou=leavers,dc=example,dc=com' is not there", "parent"),
        (
            replace(user(search_base="ou=people,{base}"), parents=("ou=disabled,{base}",)),
            "would not be found again",
            "",
        ),
        (user(rdn=7), "'rdn' must name", ""),
        (replace(GROUP, members={"attr": "member"}), "give members.placeholder a DN", "member"),
        (replace(GROUP, members={"attr": "uniqueMember"}), "'uniqueMember' is not allowed by", "uniqueMember"),
    ],
)
async def test_what_does_not_fit_is_named(directory: Slapd, spec: CollectionSpec, words: str, key: str) -> None:
    found = await findings(directory, {spec.name: spec})
    assert any(words in each.message and each.key == key and each.level == "error" for each in found), found


async def test_missing_controls_are_warnings(directory: Slapd) -> None:
    found = await findings(directory, {"User": USER}, avoid=["paged", "assertion", "post-read"])
    assert [each.level for each in found] == ["warning"] * 3


async def test_a_directory_that_is_away_cannot_be_asked(directory: Slapd) -> None:
    with pytest.raises(Unavailable):
        await findings(directory, {"User": USER}, urls=["ldap://127.0.0.1:1"])


async def test_a_missing_index_is_a_warning_where_the_configuration_can_be_read(directory: Slapd) -> None:
    bind = {"dn": "cn=config", "password": directory.password}
    assert await findings(directory, {"User": USER, "Group": GROUP}, bind=bind) == []
    found = await findings(directory, {"User": user(rdn="givenName")}, bind=bind)
    assert [(each.level, each.key) for each in found] == [("warning", "givenName")]


async def test_other_names_of_an_attribute_count(directory: Slapd) -> None:
    spec = replace(USER, attributes=(USER.attributes - {"sn", "cn"}) | {"surname", "commonName"})
    assert await findings(directory, {"User": spec}) == []


async def test_verdicts_before_and_after_the_schema_is_known(directory: Slapd) -> None:
    async with ground(directory) as g:
        judge = g.users.judge
        assert judge(Compare("uid", Operator.EQ, "x")) is Verdict.SUPERSET
        assert judge(Compare("@id", Operator.EQ, "x")) is Verdict.EXACT
        assert judge(Present("mail")) is Verdict.EXACT
        assert judge(Compare("testExact", Operator.EQ, "x")) is Verdict.UNSUPPORTED, "not known yet"
        await g.user("ann")
        assert judge(Compare("testExact", Operator.EQ, "x")) is Verdict.SUPERSET
        assert judge(Compare("testExact", Operator.CO, "x")) is Verdict.UNSUPPORTED, "a stricter rule"
        assert judge(Compare("testExact", Operator.CO, "x", True)) is Verdict.SUPERSET
        assert judge(Compare("testFlag", Operator.EQ, True)) is Verdict.EXACT
        assert judge(Compare("uid", Operator.GT, "x")) is Verdict.UNSUPPORTED, "no ORDERING rule"
        assert judge(Compare("createTimestamp", Operator.GT, "x")) is Verdict.SUPERSET
        assert judge(Compare("userPassword", Operator.EQ, "x")) is Verdict.UNSUPPORTED
        assert judge(Compare("nonsense", Operator.EQ, "x")) is Verdict.UNSUPPORTED


def test_definitions_with_texts_that_look_like_keywords() -> None:
    schema = parse_schema(
        [
            b"( 1.1 NAME ( 'a' 'alsoA' ) DESC 'SUP b EQUALITY booleanMatch' EQUALITY caseIgnoreMatch )",
            b"( 1.2 NAME 'b' SUP a SINGLE-VALUE USAGE directoryOperation )",
            b"nonsense",
        ],
        [
            b"( 2.1 NAME 'top' ABSTRACT MUST objectClass )",
            b"( 2.2 NAME 'x' SUP top STRUCTURAL MUST ( a $ b ) MAY c )",
            b"",
        ],
    )
    assert schema.names("ALSOA") == ("a", "alsoa", "1.1")
    rule = schema.rule("b")
    assert rule is not None
    assert (rule.equality, rule.single, rule.ordering) == ("ignore", True, False)
    assert schema.attributes["b"].operational
    assert schema.requirements(["X"]) == ({"objectclass", "a", "b"}, {"objectclass", "a", "b", "c"})
    assert schema.rule("c") is None
