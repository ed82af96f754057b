"""Search as a list: offset, limit, total, order, and a walk by cursor while others write."""

from typing import Any

import pytest

from connectors.contract import Page, Query
from connectors.entry import GROUPS, ID, Entry, Ref
from connectors.errors import Unsupported
from connectors.filters import Compare, Operator, Present, Verdict
from connectors.testing.specimen import Ground, ids_of

NUMBER = 23


class ListTests:
    """Lists."""

    async def test_all_are_listed_once_with_the_exact_total(self, ground: Ground) -> None:
        made = {entry.id for entry in await ground.persons(NUMBER)}
        page = await ground.people.search(Query())
        assert len(page.entries) == NUMBER
        assert {entry.id for entry in page.entries} == made
        assert page.cursor is None
        _total(ground, page, NUMBER)

    async def test_an_empty_list(self, ground: Ground) -> None:
        for query in (Query(), Query(limit=0), Query(limit=5), Query(ids=()), Query(offset=3)):
            page = await ground.people.search(query)
            assert (page.entries, page.cursor) == ((), None)
            _total(ground, page, 0)

    async def test_pages_by_offset_join_without_gap_or_overlap(self, ground: Ground) -> None:
        await ground.persons(NUMBER)
        whole = [entry.id for entry in (await ground.people.search(Query())).entries]
        for size in (1, 7, NUMBER - 1, NUMBER, NUMBER + 1):
            joined: list[str] = []
            for offset in range(0, NUMBER + size, size):
                page = await ground.people.search(Query(offset=offset, limit=size))
                assert len(page.entries) == max(0, min(size, NUMBER - offset))
                _total(ground, page, NUMBER)
                joined += [entry.id for entry in page.entries]
            assert joined == whole, f"pages of {size}"

    async def test_limit_nought_gives_the_total_alone(self, ground: Ground) -> None:
        await ground.persons(3)
        page = await ground.people.search(Query(limit=0))
        assert page.entries == ()
        _total(ground, page, 3)

    async def test_the_total_is_that_of_the_filter(self, ground: Ground) -> None:
        text = ground.specimen.text
        for value in ("one", "one", "two"):
            await ground.person(**{text: value})
        if ground.people.judge(Compare(text, Operator.EQ, "one")) is Verdict.EXACT:
            page = await ground.people.search(Query(Compare(text, Operator.EQ, "one"), limit=1))
            assert len(page.entries) == 1
            _total(ground, page, 2)

    async def test_ids_narrow_and_unknown_ones_are_ignored(self, ground: Ground) -> None:
        text = ground.specimen.text
        one, two = await ground.person(**{text: "x"}), await ground.person()
        await ground.person(**{text: "x"})
        odd = ("no-such-id", "*", "", "' OR '1'='1", "a\0b", "\ud800", "%", "cn=x,dc=example")
        page = await ground.people.search(Query(ids=[one.id, *odd, two.id, one.id]))
        assert sorted(entry.id for entry in page.entries) == sorted({one.id, two.id})
        _total(ground, page, 2)
        if ground.people.judge(Present(text)) is not Verdict.UNSUPPORTED:
            page = await ground.people.search(Query(Present(text), ids=[one.id, two.id]))
            assert [entry.id for entry in page.entries] == [one.id]
        assert (await ground.people.search(Query(ids=odd))).entries == ()

    async def test_a_list_returns_what_was_asked_for(self, ground: Ground) -> None:
        text = ground.specimen.text
        await ground.person(**{text: "something"})
        await ground.person()
        entries = (await ground.people.search(Query(attributes=frozenset({text})))).entries
        shown = sorted((dict(entry.attributes) for entry in entries), key=len)
        assert shown == [{}, {text: ("something",)}]
        whole = (await ground.people.search(Query())).entries
        for entry in whole:
            assert entry == await ground.people.read(entry.id)

    async def test_groups_of_a_page_cost_the_same_for_few_and_for_many(self, ground: Ground) -> None:
        people = await ground.persons(NUMBER)
        groups = [await ground.group(*people), await ground.group(people[0])]
        wanted = frozenset({ground.specimen.name, GROUPS})
        await ground.people.search(Query(attributes=wanted))  # whatever is learnt at first use
        costs = []
        for size in (3, NUMBER):
            before = ground.operations() if ground.operations else 0
            page = await ground.people.search(Query(attributes=wanted, limit=size, count=False))
            costs.append((ground.operations() if ground.operations else 0) - before)
            for entry in page.entries:
                expected = {groups[0].id, groups[1].id} if entry.id == people[0].id else {groups[0].id}
                assert ids_of(entry, GROUPS) == expected
        assert costs[0] == costs[1], "the groups of each entry are asked for one by one"

    async def test_sorted_by_text(self, ground: Ground) -> None:
        text = ground.specimen.text
        values = ("delta", "Alpha", "charlie", "BRAVO", "alpha2", None, "Z", "_", None)
        entries = [await ground.person(**({text: value} if value else {})) for value in values]
        if not ground.people.capabilities.sorting:
            with pytest.raises(Unsupported):
                await ground.people.search(Query(sort_by=text))
            return
        held = {entry.id: value for entry, value in zip(entries, values, strict=True)}
        folded = sorted(value.lower() for value in values if value)
        exact = sorted(value for value in values if value)
        for sort_exact, expected in ((False, folded), (True, exact)):
            for descending in (False, True):
                query = Query(sort_by=text, sort_exact=sort_exact, descending=descending)
                shown = [held[entry.id] for entry in (await ground.people.search(query)).entries]
                plain = [value if sort_exact or not value else value.lower() for value in shown]
                assert plain == ([None, None, *reversed(expected)] if descending else [*expected, None, None])
                await _pages_agree(ground, query)

    async def test_sorted_by_other_types(self, ground: Ground) -> None:
        if not ground.people.capabilities.sorting:
            pytest.skip("this backend does not sort")
        for kind, values in (
            ("number", (10, 9, 100, -1)),
            ("boolean", (True, False)),
            ("moment", ("2024-01-02T00:00:00Z", "2023-12-31T00:00:00Z")),
        ):
            attribute = getattr(ground.specimen, kind)
            if attribute:
                for value in values:
                    await ground.person(**{attribute: value})
                for descending in (False, True):
                    query = Query(sort_by=attribute, descending=descending)
                    entries = (await ground.people.search(query)).entries
                    shown = [entry.attributes[attribute][0] for entry in entries if attribute in entry.attributes]
                    ordered: Any = sorted(values, reverse=descending)
                    assert shown == ordered
                    await _pages_agree(ground, query)

    async def test_equal_values_keep_one_order(self, ground: Ground) -> None:
        text = ground.specimen.text
        for value in ("same", "Same", "SAME", "same", "other", "same"):
            await ground.person(**{text: value})
        for query in (Query(), Query(descending=True), Query(sort_by=ID)):
            if query.sort_by is None or ground.people.capabilities.sorting:
                await _pages_agree(ground, query)
        if ground.people.capabilities.sorting:
            await _pages_agree(ground, Query(sort_by=text))
            await _pages_agree(ground, Query(sort_by=text, descending=True))

    async def test_a_walk_by_cursor_is_complete_while_others_write(self, ground: Ground) -> None:
        text, sorting = ground.specimen.text, ground.people.capabilities.sorting
        for query in (Query(), Query(descending=True), *([Query(sort_by=text)] if sorting else [])):
            people = [await ground.person(**({text: f"t{n % 4}"} if n % 5 else {})) for n in range(NUMBER)]
            doomed, staying = people[::4], {entry.id for n, entry in enumerate(people) if n % 4}
            walked: list[str] = []
            cursor = None
            for step in range(NUMBER * 3):
                page = await ground.people.search(_at(query, cursor, limit=4))
                walked += [entry.id for entry in page.entries]
                if (cursor := page.cursor) is None:
                    break
                if step < len(doomed):
                    await ground.people.delete(doomed[step].id)
                    await ground.person(**{text: f"t{step}"})
            assert cursor is None, "the walk does not end"
            assert len(walked) == len(set(walked)), "an entry came twice"
            assert staying <= set(walked), "an entry was passed over"
            for id in await ground.found():
                await ground.people.delete(id)

    async def test_a_cursor_goes_with_a_filter_and_with_a_total(self, ground: Ground) -> None:
        """The filter is one that the backend judges exactly, as few of them do with texts: then by a group."""
        text = ground.specimen.text
        people = [await ground.person(**{text: "in" if n % 3 else "out"}) for n in range(12)]
        leaf = Compare(text, Operator.EQ, "in")
        if ground.people.judge(leaf) is not Verdict.EXACT:
            group = await ground.group(*(person for n, person in enumerate(people) if n % 3))
            leaf = Compare(GROUPS, Operator.EQ, Ref(group.id))
            assert ground.people.judge(leaf) is Verdict.EXACT
        pages = [await ground.people.search(Query(leaf, limit=4))]
        while pages[-1].cursor is not None:
            pages.append(await ground.people.search(Query(leaf, limit=4, cursor=pages[-1].cursor)))
        assert [len(page.entries) for page in pages] == [4, 4]
        assert {entry.id for page in pages for entry in page.entries} == await ground.found(leaf)
        for page in pages:
            _total(ground, page, 8)

    async def test_what_is_no_cursor_is_refused(self, ground: Ground) -> None:
        await ground.persons(2)
        for cursor in ("nonsense", "", "[]", "{}", "[1,2,3,4]", '["a"', "\0"):
            with pytest.raises(Unsupported):
                await ground.people.search(Query(cursor=cursor, limit=1))


def _total(ground: Ground, page: Page, number: int) -> None:
    if ground.people.capabilities.counting:
        assert page.total == number
    else:
        assert page.total in (None, number)


def _at(query: Query, cursor: str | None, limit: int) -> Query:
    return Query(
        sort_by=query.sort_by, sort_exact=query.sort_exact, descending=query.descending, cursor=cursor, limit=limit
    )


async def _pages_agree(ground: Ground, query: Query) -> None:
    """The whole list, the list by offsets and the list by cursor are the same list."""
    whole = [entry.id for entry in (await ground.people.search(query)).entries]
    by_offset: list[Entry] = []
    for offset in range(0, len(whole) + 2, 2):
        page = await ground.people.search(
            Query(
                sort_by=query.sort_by,
                sort_exact=query.sort_exact,
                descending=query.descending,
                offset=offset,
                limit=2,
            )
        )
        by_offset += page.entries
    assert [entry.id for entry in by_offset] == whole
    page = await ground.people.search(_at(query, None, 2))
    by_cursor = list(page.entries)
    while page.cursor is not None and len(by_cursor) <= len(whole):
        page = await ground.people.search(_at(query, page.cursor, 2))
        by_cursor += page.entries
    assert [entry.id for entry in by_cursor] == whole
