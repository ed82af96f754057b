"""Members on a real directory: deltas whose cost does not know the size of the group."""

from typing import Any

import pytest

from connectors.contract import Query
from connectors.entry import Change, Entry, Kind, Ref
from connectors.errors import UnknownReference
from connectors.filters import And, Compare, Not, Operator
from tests.backends.slapd import Slapd
from tests.connectors.ldap_ground import Ground, ground, join

pytestmark = pytest.mark.anyio
NOBODY = "cn=nobody,dc=example,dc=com"
LARGE = 5000


async def members(g: Ground, group: Entry) -> set[str]:
    entry = await g.groups.read(group.id, frozenset({"@members"}))
    return {ref.id for ref in entry.attributes.get("@members", ()) if isinstance(ref, Ref)}


def held(g: Ground, cn: str) -> set[str]:
    return set(g.raw(f"(cn={cn})")["member"])


def large_group(number: int) -> str:
    people = "".join(
        f"dn: uid=p{n},ou=people,{{base}}\nobjectClass: inetOrgPerson\nobjectClass: testObject\n"
        f"uid: p{n}\ncn: p{n}\nsn: p{n}\n\n"
        for n in range(number)
    )
    of_group = "".join(f"member: uid=p{n},ou=people,{{base}}\n" for n in range(number))
    return f"{people}dn: cn=large,ou=groups,{{base}}\nobjectClass: groupOfNames\ncn: large\n{of_group}\n"


async def test_a_member_costs_two_requests_in_a_group_of_10_and_of_5000(directory: Slapd) -> None:
    directory.load_offline(large_group(LARGE))
    async with ground(directory) as g:
        (large,) = (await g.groups.search(Query(Compare("cn", Operator.EQ, "large")))).entries
        first = (await g.users.search(Query(limit=10))).entries
        small = await g.group("small", *first)
        new = await g.user("new")
        for kind, group in ((Kind.ADD, small), (Kind.ADD, large), (Kind.REMOVE, small), (Kind.REMOVE, large)):
            with directory.counting() as counted:
                await g.groups.update(group.id, join(new, kind=kind))
            assert (counted["operations"], counted["search"], counted["modify"]) == (2, 1, 1), (kind, group.name)
            assert counted["entries"] == 1, "only the member was read, never the group"
        assert len(await members(g, large)) == LARGE


async def test_members_that_stand_are_found_in_one_request(directory: Slapd) -> None:
    async with ground(directory) as g:
        people = [await g.user(f"p{n}") for n in range(20)]
        group = await g.group("staff", *people[:10])
        version = (await g.groups.read(group.id)).version
        with directory.counting() as counted:
            await g.groups.update(group.id, join(*people[:10]))
        assert counted["operations"] == 3, "the ids, the refused change, which of them stand"
        assert (await g.groups.read(group.id)).version == version
        with directory.counting() as counted:
            await g.groups.update(group.id, join(*people[5:15]))
        assert counted["operations"] == 4
        await g.groups.update(group.id, join(*people[8:], kind=Kind.REMOVE))
        assert await members(g, group) == {each.id for each in people[:8]}


@pytest.mark.parametrize("avoid", [[], ["matched-values"], ["assertion", "post-read"]])
async def test_the_difference_is_found_whatever_the_server_offers(directory: Slapd, avoid: list[str]) -> None:
    async with ground(directory, avoid=avoid) as g:
        people = [await g.user(f"p{n}") for n in range(6)]
        group = await g.group("staff", *people[:3])
        await g.groups.update(group.id, join(*people[1:5]))
        await g.groups.update(group.id, [*join(people[0], people[5], kind=Kind.REMOVE), *join(people[1])])
        assert await members(g, group) == {each.id for each in people[1:5]}


async def test_more_members_than_a_chunk(directory: Slapd) -> None:
    directory.load_offline(large_group(1300))
    async with ground(directory) as g:
        group = await g.group("all")
        people = (await g.users.search(Query(attributes=frozenset()))).entries
        with directory.counting() as counted:
            await g.groups.update(group.id, join(*people))
        assert counted["modify"] == 3, "500 at a time"
        assert len(await members(g, group)) == 1300
        await g.groups.update(group.id, join(*people, kind=Kind.REMOVE))
        assert held(g, "all") == {NOBODY}


async def test_the_placeholder_stands_only_where_nobody_does(directory: Slapd) -> None:
    async with ground(directory) as g:
        ann = await g.user("ann")
        group = await g.group("staff")
        assert held(g, "staff") == {NOBODY}
        assert await members(g, group) == set()
        await g.groups.update(group.id, join(ann))
        assert held(g, "staff") == {ann.name}
        await g.groups.update(group.id, join(ann, kind=Kind.REMOVE))
        assert held(g, "staff") == {NOBODY}
        await g.groups.update(group.id, join(ann))
        assert held(g, "staff") == {ann.name}
        await g.users.delete(ann.id)
        assert await members(g, group) == set()
        assert held(g, "staff") == {NOBODY}


async def test_a_placeholder_nobody_remembers_is_never_shown(directory: Slapd) -> None:
    async with ground(directory) as g:
        group = await g.group("staff")
    async with ground(directory) as g:  # another process
        ann = await g.user("ann")
        await g.groups.update(group.id, join(ann))
        assert await members(g, group) == {ann.id}
        await g.groups.update(group.id, join(ann, kind=Kind.REMOVE))
        await g.groups.update(group.id, join(ann))
        assert await members(g, group) == {ann.id}


async def test_an_unknown_member_is_named_and_nothing_is_applied(directory: Slapd) -> None:
    async with ground(directory) as g:
        ann = await g.user("ann")
        group = await g.group("staff")
        foreign = f"cn=gateway,{directory.base}"
        change = Change(Kind.ADD, "@members", (Ref(ann.id), Ref(foreign), Ref("no-one")))
        with directory.counting() as counted, pytest.raises(UnknownReference) as unknown:
            await g.groups.update(group.id, [change])
        assert unknown.value.values == (foreign, "no-one")
        assert counted["modify"] == 0
        assert held(g, "staff") == {NOBODY}


async def test_a_group_of_a_group(directory: Slapd) -> None:
    async with ground(directory) as g:
        ann = await g.user("ann")
        inner = await g.group("inner", ann)
        outer = await g.group("outer", inner, ann)
        entry = await g.groups.read(outer.id, frozenset({"@members"}))
        shown = {(ref.id, ref.collection, ref.display) for ref in entry.attributes["@members"] if isinstance(ref, Ref)}
        assert shown == {(inner.id, "Group", "inner"), (ann.id, "User", "ann")}
        await g.groups.delete(inner.id)
        assert await members(g, outer) == {ann.id}


@pytest.mark.parametrize("options", [{}, {"memberof": True}, {"avoid": ["matched-values"]}])
async def test_rule_05_groups_of_a_page_in_one_search(directory: Slapd, options: dict[str, Any]) -> None:
    async with ground(directory, **options) as g:
        people = [await g.user(f"p{n}") for n in range(12)]
        staff, board = await g.group("staff", *people), await g.group("board", people[3])
        wanted = frozenset({"uid", "@groups"})
        await g.users.search(Query(attributes=wanted, limit=2))
        with directory.counting() as counted:
            page = await g.users.search(Query(attributes=wanted, limit=12))
        assert counted["search"] == 3, "the ids, the page, its groups"
        for entry in page.entries:
            refs = {(ref.id, ref.display) for ref in entry.attributes["@groups"] if isinstance(ref, Ref)}
            expected = {(staff.id, "staff")} | ({(board.id, "board")} if entry.id == people[3].id else set())
            assert refs == expected
        leaf = Compare("@groups", Operator.EQ, Ref(board.id))
        assert [each.id for each in (await g.users.search(Query(leaf))).entries] == [people[3].id]
        others = await g.users.search(Query(And((Not(leaf), Compare("@groups", Operator.EQ, Ref(staff.id))))))
        assert others.total == 11


async def test_members_of_a_large_group_are_resolved_in_batches(directory: Slapd) -> None:
    directory.load_offline(large_group(1200))
    async with ground(directory) as g:
        (large,) = (await g.groups.search(Query(Compare("cn", Operator.EQ, "large")))).entries
        with directory.counting() as counted:
            assert len(await members(g, large)) == 1200
        assert counted["search"] == 1 + 3


async def test_dns_written_by_others_are_matched_as_the_directory_does(directory: Slapd) -> None:
    async with ground(directory) as g:
        ann = await g.user("Ann  Lee, Jr")
        group = await g.group("staff")
        spelled = "UID=ann lee\\2c jr, OU=People,dc=example,DC=com"
        assert directory.raw.modify(group.name, {"member": [("MODIFY_ADD", [spelled])]})
        assert await members(g, group) == {ann.id}
        entry = await g.users.read(ann.id, frozenset({"@groups"}))
        assert entry.attributes["@groups"] == (Ref(group.id),)
        await g.groups.update(group.id, join(ann, kind=Kind.REMOVE))
        assert await members(g, group) == set()
