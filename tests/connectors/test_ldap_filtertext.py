"""``search_filter``: RFC 4515 as operators write it, held against ldap3's reading of the same text."""

from dataclasses import replace

import pytest
from ldap3.operation.search import search_operation
from ldap3.utils.asn1 import encode

from connectors.contract import Query
from connectors.ldap.filtertext import parse_filter
from connectors.ldap.messages import search
from tests.backends.slapd import Slapd
from tests.connectors.ldap_ground import ground
from tests.connectors.ldap_mapping import USER


@pytest.mark.parametrize(
    "text",
    [
        "(objectClass=person)",
        "(&(objectClass=user)(!(objectClass=computer)))",
        "(|(a=1)(b>=2)(c<=3)(d=*))",
        "(cn=a*b*c)",
        "(cn=*b*)",
        "(cn=a\\2ab\\28\\29\\5c)",
        "(userAccountControl:1.2.840.113556.1.4.803:=2)",
        "(cn;lang-de=Bär)",
        "(2.5.4.3=x)",
    ],
)
def test_it_is_read_as_ldap3_reads_it(text: str) -> None:
    theirs = search_operation("dc=x", text, "SUBTREE", "NEVER", ["cn"], 0, 0, False, False, None, None)
    ours = search("dc=x", 2, parse_filter(text), ("cn",))
    assert ours[1:] == bytes(encode(theirs))[1:], "the tag is the application's"


@pytest.mark.parametrize(
    "text", ["", "cn=x", "(cn=x", "(cn=x))", "(!(a=1)(b=2))", "(&(a=1)", "(=x)", "(cn~=x)", "(cn=\\zz)", "(!" * 99]
)
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"filter|end|backslash|approximate|depth"):
        parse_filter(text)


@pytest.mark.anyio
async def test_it_narrows_every_look_up(directory: Slapd) -> None:
    spec = replace(USER, options={**USER.options, "search_filter": "(&(objectClass=inetOrgPerson)(!(title=robot)))"})
    async with ground(directory) as g:
        ann, _ = await g.user("ann"), await g.user("r2d2", title="robot")
        users = g.connector.collections({"User": spec})["User"]
        assert [each.id for each in (await users.search(Query())).entries] == [ann.id]
