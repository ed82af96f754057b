"""Semantics, rule 19: at the contract a reference is an id; the connector turns ids into DNs and back."""

from typing import Any

import pytest

from connectors.contract import Query
from connectors.entry import Entry, Kind, Ref
from tests.backends.slapd import Slapd
from tests.connectors.ldap_ground import Ground, ground, join

pytestmark = pytest.mark.anyio
OUTSIDE = "cn=default,ou=policies,dc=example,dc=com"


async def members(g: Ground, group: Entry) -> list[Any]:
    entry = await g.groups.read(group.id, frozenset({"@members"}))
    return list(entry.attributes.get("@members", ()))


def add_raw(g: Ground, group: Entry, *dns: str) -> None:
    g.slapd.raw.modify(group.name, {"member": [("MODIFY_ADD", list(dns))]})
    assert g.slapd.raw.result["result"] == 0, g.slapd.raw.result


async def test_rule_19_a_dn_in_any_spelling_is_the_same_member(directory: Slapd) -> None:
    async with ground(directory) as g:
        ann, bob = await g.user("ann"), await g.user("Bob, the \\ builder")
        group = await g.group("staff")
        add_raw(
            g,
            group,
            "UID = Ann , OU=People,dc=EXAMPLE,dc=com",
            r"uid=bob\2C the \5C builder,ou=people,dc=example,dc=com",
        )
        shown = await members(g, group)
        assert {ref.id for ref in shown} == {ann.id, bob.id}
        assert all(isinstance(ref, Ref) and ref.collection == "User" for ref in shown)
        await g.groups.update(group.id, join(ann, kind=Kind.REMOVE))
        assert [ref.id for ref in await members(g, group)] == [bob.id]


async def test_rule_19_groups_of_a_page_are_found_in_any_spelling_of_their_members(directory: Slapd) -> None:
    async with ground(directory) as g:
        ann, bob, eve = [await g.user(name) for name in ("ann", "bob", "eve")]
        staff, odd = await g.group("staff", ann), await g.group("odd", eve)
        add_raw(g, odd, "UID = Bob , OU=People,dc=EXAMPLE,dc=com")
        page = await g.users.search(Query(ids=[ann.id, bob.id, eve.id], attributes=frozenset({"@groups"})))
        found = {entry.id: [ref.id for ref in entry.attributes["@groups"]] for entry in page.entries}
        assert found == {ann.id: [staff.id], bob.id: [odd.id], eve.id: [odd.id]}


async def test_rule_19_what_lies_outside_is_neither_shown_nor_removed(directory: Slapd) -> None:
    async with ground(directory) as g:
        ann = await g.user("ann")
        group = await g.group("staff", ann)
        add_raw(g, group, OUTSIDE)
        assert [ref.id for ref in await members(g, group)] == [ann.id]
        await g.groups.update(group.id, join(ann, kind=Kind.REMOVE))
        assert await members(g, group) == []
        assert g.raw("(cn=staff)")["member"] == [OUTSIDE]


async def test_rule_19_a_reference_is_read_and_written_as_an_id_in_one_batch(directory: Slapd) -> None:
    async with ground(directory) as g:
        people = [await g.user(f"p{n}") for n in range(40)]
        group = await g.group("staff", *people)
        with directory.counting() as counted:
            assert len(await members(g, group)) == 40
        assert counted["search"] <= 2, "the group, and all of its members at once"
