"""Numbers for new entries on a real slapd: nobody shares one, whoever else makes entries at the same time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from connectors.contract import CollectionSpec
from connectors.entry import Entry
from connectors.errors import Refused
from connectors.ldap import LdapConnector
from connectors.ldap.collection import LdapCollection
from tests.backends.slapd import Slapd

pytestmark = pytest.mark.anyio
GATEWAYS, EACH = 3, 12


def spec(first: int = 10000, last: int = 59999) -> CollectionSpec:
    return CollectionSpec(
        name="User",
        anchor="entryUUID",
        attributes=frozenset({"uid", "cn", "sn", "uidNumber", "gidNumber", "homeDirectory"}),
        options={
            "class": ["top", "person", "organizationalPerson", "inetOrgPerson", "posixAccount"],
            "rdn": "uid",
            "parent": "ou=people,{base}",
            "numbers": {"uidNumber": {"from": first, "to": last, "counter": "cn=numbers,{base}"}},
        },
        types={"uidNumber": "integer"},
    )


async def create(users: LdapCollection, uid: str, **more: int) -> Entry:
    held = {"uid": (uid,), "cn": (uid,), "sn": (uid,), "gidNumber": (100,), "homeDirectory": (f"/home/{uid}",)}
    return await users.create({**held, **{name: (value,) for name, value in more.items()}})


@pytest.fixture
async def gateways(directory: Slapd) -> AsyncIterator[list[LdapCollection]]:
    async with AsyncExitStack() as stack:
        found = []
        for number in range(GATEWAYS):
            connector = LdapConnector.from_options(f"gateway {number}", directory.options)
            stack.push_async_callback(connector.close)
            found.append(connector.collections({"User": spec()})["User"])
        yield found


async def test_several_gateways_at_once_share_no_number(gateways: list[LdapCollection]) -> None:
    made = await asyncio.gather(
        *(create(users, f"u{number}-{at}") for number, users in enumerate(gateways) for at in range(EACH))
    )
    numbers = sorted(int(str(each.attributes["uidNumber"][0])) for each in made)
    assert numbers == list(range(10000, 10000 + GATEWAYS * EACH))


async def test_a_number_given_by_hand_is_passed_over(gateways: list[LdapCollection]) -> None:
    first = await create(gateways[0], "first")
    await create(gateways[0], "by-hand", uidNumber=10001)
    second = await create(gateways[1], "second")
    assert (first.attributes["uidNumber"], second.attributes["uidNumber"]) == ((10000,), (10002,))


async def test_a_lost_counter_begins_after_the_highest_number(gateways: list[LdapCollection], directory: Slapd) -> None:
    await create(gateways[0], "by-hand", uidNumber=10500)
    await create(gateways[0], "out-of-range", uidNumber=70000)
    assert (await create(gateways[0], "next")).attributes["uidNumber"] == (10501,)
    assert directory.raw.delete(f"cn=numbers,{directory.base}")
    assert (await create(gateways[0], "later")).attributes["uidNumber"] == (10502,)


async def test_a_refused_entry_costs_a_number_and_nothing_else(gateways: list[LdapCollection]) -> None:
    await create(gateways[0], "ann")
    with pytest.raises(Exception, match="already"):
        await create(gateways[0], "ann")
    assert (await create(gateways[0], "ben")).attributes["uidNumber"] == (10002,)


async def test_the_end_of_the_numbers_is_said(directory: Slapd) -> None:
    connector = LdapConnector.from_options("test", directory.options)
    users = connector.collections({"User": spec(10, 11)})["User"]
    await create(users, "ann")
    await create(users, "ben")
    with pytest.raises(Refused, match="used up"):
        await create(users, "cem")
    await connector.close()


def test_a_wrong_table_is_refused() -> None:
    connector = LdapConnector.from_options("test", {"urls": ["ldap://127.0.0.1"], "base": "dc=example"})
    for wrong in ({"from": 1, "to": 2}, {"from": 9, "to": 2, "counter": "cn=x"}, {"from": 1, "to": 2, "counter": "x"}):
        options = {**spec().options, "numbers": {"uidNumber": wrong}}
        with pytest.raises(ValueError, match=r"numbers\.uidNumber"):
            connector.collections({"User": replace(spec(), options=options)})
