"""Lists from a real directory: a page at any offset costs what the first does."""

from dataclasses import replace
from typing import Any

import pytest

from connectors.contract import Query
from connectors.entry import ID, Change, Kind, Ref
from connectors.errors import TooMany, Unsupported
from connectors.filters import And, AnyOf, Compare, Filter, Not, Operator, Present
from tests.backends.slapd import Slapd
from tests.connectors.ldap_ground import Ground, ground

pytestmark = pytest.mark.anyio
NUMBER = 2500


def people(number: int) -> str:
    return "".join(
        f"dn: uid=p{n},ou=people,{{base}}\nobjectClass: inetOrgPerson\nuid: p{n}\ncn: p{n}\n"
        f"sn: {'even' if n % 2 == 0 else 'odd'}\nemployeeNumber: {number - n}\n\n"
        for n in range(number)
    )


async def test_a_page_at_any_offset_is_one_search(directory: Slapd) -> None:
    directory.load_offline(people(NUMBER))
    async with ground(directory) as g:
        first = await g.users.search(Query(limit=100))
        assert (first.total, len(first.entries)) == (NUMBER, 100)
        seen = [each.id for each in first.entries]
        for offset in (100, 1200, 2400):
            with directory.counting() as counted:
                page = await g.users.search(Query(limit=100, offset=offset))
            assert (counted["operations"], counted["entries"]) == (1, 100)
            assert page.total == NUMBER
            seen += [each.id for each in page.entries]
        assert len(set(seen)) == 400
        with directory.counting() as counted:
            await g.users.search(Query(limit=100))
        assert counted["entries"] == NUMBER + 100, "the first page is read anew, three pages of ids and its entries"


async def test_a_walk_by_cursor_reads_the_ids_once(directory: Slapd) -> None:
    directory.load_offline(people(NUMBER))
    async with ground(directory) as g:
        for query in (
            Query(limit=500),
            Query(Compare("sn", Operator.EQ, "odd"), limit=500),
            Query(sort_by="employeeNumber", descending=True, limit=500),
        ):
            with directory.counting() as counted:
                seen, cursor, pages = [], None, 0
                while pages == 0 or cursor:
                    page = await g.users.search(
                        Query(
                            query.filter,
                            sort_by=query.sort_by,
                            descending=query.descending,
                            limit=500,
                            cursor=cursor,
                        )
                    )
                    seen += [each.id for each in page.entries]
                    cursor, pages = page.cursor, pages + 1
            number = NUMBER if query.filter is None else NUMBER // 2
            assert len(seen) == len(set(seen)) == page.total == number
            assert counted["entries"] <= 2 * number + 500


async def test_a_walk_goes_on_in_another_process(directory: Slapd) -> None:
    directory.load_offline(people(300))
    for sort_by, descending in ((None, False), ("employeeNumber", False), ("employeeNumber", True), ("title", True)):
        cursor, seen, steps = None, [], 0
        while cursor or not steps:
            async with ground(directory) as g:  # nothing is remembered from page to page
                query = Query(sort_by=sort_by, descending=descending, limit=70, cursor=cursor)
                page = await g.users.search(query)
            seen += [each.attributes["uid"][0] for each in page.entries]
            cursor, steps = page.cursor, steps + 1
        assert len(seen) == len(set(seen)) == 300
        if sort_by == "employeeNumber":
            numbers = sorted((str(300 - n) for n in range(300)), reverse=descending)
            assert seen == [f"p{300 - int(number)}" for number in numbers]


async def test_own_writes_are_seen_in_later_pages(directory: Slapd) -> None:
    async with ground(directory) as g:
        made = [await g.user(f"p{number}") for number in range(6)]
        await g.users.search(Query(limit=2))
        assert (await g.users.search(Query(limit=2, offset=2))).total == 6
        await g.user("new")
        assert (await g.users.search(Query(limit=2, offset=2))).total == 7
        await g.users.delete(made[0].id)
        assert (await g.users.search(Query(limit=2, offset=2))).total == 6
        odd = Query(Compare("title", Operator.EQ, "Dr"), limit=1, offset=1)
        assert (await g.users.search(odd)).total == 0
        for each in made[1:4]:
            await g.set(each, title="Dr")
        assert (await g.users.search(odd)).total == 3


async def test_a_change_in_place_leaves_the_list_of_everybody_as_it_is(directory: Slapd) -> None:
    """While an IdP writes, a page of a huge directory must not cost a look at all of it."""
    directory.load_offline(people(NUMBER))
    async with ground(directory) as g:
        first = await g.users.search(Query(limit=100))
        odd = Query(Compare("sn", Operator.EQ, "odd"), limit=100, offset=100)
        await g.users.search(replace(odd, offset=0))
        await g.users.update(first.entries[0].id, [Change(Kind.REPLACE, "sn", ("odd",))])
        with directory.counting() as counted:
            await g.users.search(Query(limit=100, offset=1200))
        assert (counted["operations"], counted["entries"]) == (1, 100)
        with directory.counting() as counted:
            await g.users.search(odd)
        assert counted["entries"] > NUMBER // 2, "who is odd is another matter"
        await g.users.update(first.entries[0].id, [Change(Kind.REPLACE, "uid", ("renamed",))])
        with directory.counting() as counted:
            await g.users.search(Query(limit=100, offset=1200))
        assert counted["entries"] == NUMBER + 100


@pytest.mark.parametrize(
    "order", [{}, {"descending": True}, {"sort_by": "uid"}, {"sort_by": "uid", "descending": True}]
)
async def test_ids_that_are_left_out_make_no_other_list(directory: Slapd, order: dict[str, Any]) -> None:
    directory.load_offline(people(1_200))
    async with ground(directory) as g:
        every = [each.id for each in (await g.users.search(Query(**order))).entries]
        gone = (every[0], every[3], every[777], every[1_199], "nobody")
        left = [id for id in every if id not in gone]
        but = Query(Not(AnyOf(ID, gone, case_exact=True)), limit=100, **order)
        seen = [each.id for each in (await g.users.search(but)).entries]
        with directory.counting() as counted:
            for offset in range(100, 1_200, 100):
                page = await g.users.search(replace(but, offset=offset))
                assert page.total == len(left)
                seen += [each.id for each in page.entries]
        assert seen == left
        assert counted["entries"] == len(left) - 100, "the list is read once"
        walked, cursor = list[str](), None
        while cursor is not None or not walked:
            page = await g.users.search(replace(but, cursor=cursor))
            walked += [each.id for each in page.entries]
            cursor = page.cursor
        assert walked == left
        await g.users.delete(left[500])
        again = await g.users.search(replace(but, filter=And((but.filter, Present("uid"))), limit=None))
        assert [each.id for each in again.entries] == [id for id in left if id != left[500]]


async def test_a_filter_of_few_is_one_search(directory: Slapd) -> None:
    directory.load_offline(people(50))
    async with ground(directory) as g:
        await g.users.search(Query(limit=1))
        with directory.counting() as counted:
            page = await g.users.search(Query(Compare("uid", Operator.EQ, "P7"), limit=100))
        assert (page.total, counted["operations"]) == (1, 1)
        with directory.counting() as counted:
            ids = [page.entries[0].id, "x", "8f0e2b0a-0000-1041-8000-000000000000"]
            assert (await g.users.search(Query(ids=ids))).total == 1
        assert counted["operations"] == 1


async def test_the_rest_of_a_mixed_tree_is_not_in_the_list(directory: Slapd) -> None:
    async with ground(directory) as g:
        ann, group = await g.user("ann"), await g.group("staff")
        assert [each.id for each in (await g.users.search(Query())).entries] == [ann.id]
        assert [each.id for each in (await g.groups.search(Query())).entries] == [group.id]
        assert (await g.users.search(Query(ids=[group.id]))).entries == ()


async def test_a_size_limit_of_the_server_is_too_many(directory: Slapd) -> None:
    directory.load_offline(people(700))
    rights = {"olcAccess": [("MODIFY_REPLACE", ["{0}to * by * read"])]}
    directory.configure("olcDatabase={1}mdb,cn=config", rights)
    try:
        async with ground(directory, bind={}, avoid=["paged"]) as g:
            with pytest.raises(TooMany):
                await g.users.search(Query())
    finally:
        directory.restart()
    async with ground(directory, max_scan=100) as g:
        with pytest.raises(TooMany):
            await g.users.search(Query(limit=10))


async def test_what_cannot_be_sorted_or_continued_is_unsupported(directory: Slapd) -> None:
    async with ground(directory) as g:
        for name in ("userPassword", "@groups", "manager"):
            with pytest.raises(Unsupported):
                await g.users.search(Query(sort_by=name))
        with pytest.raises(Unsupported):
            await g.users.search(Query(cursor="not ours", limit=5))
        with pytest.raises(Unsupported):
            await g.users.search(Query(Compare("userPassword", Operator.EQ, "x")))


async def test_filters_on_every_kind_of_attribute(directory: Slapd) -> None:
    async with ground(directory) as g:
        boss = await g.user("boss")
        ann = await g.user("ann", testExact="MiXed", testAscii="MiXed", testFlag=True, manager=Ref(boss.id))
        assert await found(g, Compare("testExact", Operator.EQ, "mixed")) == {ann.id}
        assert await found(g, Compare("testAscii", Operator.EQ, "mixed")) == {ann.id}
        assert await found(g, Compare("testExact", Operator.EQ, "mixed", True)) == set()
        assert await found(g, Compare("testFlag", Operator.EQ, True)) == {ann.id}
        assert await found(g, Not(Compare("testFlag", Operator.EQ, True))) == {boss.id}
        assert await found(g, Not(Present("manager"))) == {boss.id}
        assert await found(g, Compare("manager", Operator.EQ, Ref(boss.id))) == {ann.id}
        assert await found(g, Compare("createTimestamp", Operator.GE, "19990101000000Z")) == {ann.id, boss.id}
        assert await found(g, Compare("createTimestamp", Operator.LT, "19990101000000Z")) == set()
        assert await found(g, AnyOf("uid", (*(f"no{n}" for n in range(1200)), "ANN"))) == {ann.id}
        await g.users.update(ann.id, [Change(Kind.REPLACE, "displayName", ("Straße",))])
        for spelled in ("strasse", "STRASSE", "straße"):
            assert await found(g, Compare("displayName", Operator.EQ, spelled)) == {ann.id}
            assert await found(g, Compare("displayName", Operator.SW, spelled[:4])) == {ann.id}


async def found(g: Ground, filter: Filter) -> set[str]:
    return {each.id for each in (await g.users.search(Query(filter))).entries}


async def test_a_server_that_returns_few_at_once_is_asked_by_pages(directory: Slapd) -> None:
    """Active Directory returns 1,000 entries of a plain search, and all of a paged one."""
    limits = f'dn.exact="{directory.bind_dn}" size.soft=5 size.hard=5 size.pr=100 size.prtotal=unlimited'
    async with ground(directory, page=5) as g:
        members = [await g.user(f"u{n}") for n in range(12)]
        team = await g.group("team", *members)
        directory.configure("olcDatabase={1}mdb,cn=config", {"olcLimits": [("MODIFY_REPLACE", [limits])]})
        try:
            read = await g.groups.read(team.id, frozenset({"@members"}))
            assert {each.id for each in read.attributes["@members"] if isinstance(each, Ref)} == {m.id for m in members}
            assert len((await g.users.search(Query())).entries) == 12
        finally:
            directory.restart()
