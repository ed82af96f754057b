"""Update: a change states what should be, all of it or nothing, and never over somebody else's."""

import asyncio

import pytest

from connectors.contract import Query
from connectors.entry import GROUPS, MEMBERS, PARENT, Change, Entry, Kind, Ref
from connectors.errors import AlreadyExists, Conflict, InvalidValue, UnknownReference, Unsupported
from connectors.testing.specimen import Ground

MANY_AT_ONCE = 12


class WriteTests:
    """Update, versions, concurrency."""

    async def test_replace_sets_and_clears(self, ground: Ground) -> None:
        text = ground.specimen.text
        entry = await ground.person()
        for values in (("one",), ("two",), (), ("three",)):
            changed = await ground.people.update(entry.id, [Change(Kind.REPLACE, text, values)])
            assert changed is not None
            assert changed.attributes.get(text, ()) == values
            assert await ground.people.read(entry.id) == changed

    async def test_several_changes_are_made_in_one_update(self, ground: Ground) -> None:
        name, text = ground.specimen.name, ground.specimen.text
        entry = await ground.person(**{text: "before"})
        changes = [Change(Kind.REPLACE, name, ("renamed",)), Change(Kind.REPLACE, text, ())]
        changed = await ground.people.update(entry.id, changes)
        assert changed is not None
        assert changed.attributes[name] == ("renamed",)
        assert text not in changed.attributes
        assert await ground.people.read(entry.id) == changed

    async def test_a_change_leaves_other_attributes_and_other_entries_alone(self, ground: Ground) -> None:
        text = ground.specimen.text
        entry, other = await ground.person(**{text: "mine"}), await ground.person(**{text: "mine"})
        changed = await ground.people.update(entry.id, [Change(Kind.REPLACE, text, ("yours",))])
        assert changed is not None
        assert {**changed.attributes, text: ("mine",)} == entry.attributes
        assert await ground.people.read(other.id) == other

    async def test_add_and_remove_of_one_value(self, ground: Ground) -> None:
        text = ground.specimen.text
        entry = await ground.person()
        for change, expected in (
            (Change(Kind.REMOVE, text, ("x",)), ()),
            (Change(Kind.ADD, text, ("x",)), ("x",)),
            (Change(Kind.ADD, text, ("x",)), ("x",)),
            (Change(Kind.REMOVE, text, ("other",)), ("x",)),
            (Change(Kind.REMOVE, text, ("x",)), ()),
            (Change(Kind.REMOVE, text, ("x",)), ()),
        ):
            changed = await ground.people.update(entry.id, [change])
            assert changed is not None
            assert changed.attributes.get(text, ()) == expected, change

    async def test_add_and_remove_among_several_values(self, ground: Ground) -> None:
        many = ground.kind("many")
        entry = await ground.person(**{many: ("one", "two")})
        for change, expected in (
            (Change(Kind.ADD, many, ("three", "two")), {"one", "two", "three"}),
            (Change(Kind.REMOVE, many, ("one", "never there")), {"two", "three"}),
            (Change(Kind.REPLACE, many, ("two", "four")), {"two", "four"}),
            (Change(Kind.REMOVE, many, ("two", "four")), set()),
        ):
            changed = await ground.people.update(entry.id, [change])
            assert changed is not None
            assert set(changed.attributes.get(many, ())) == expected, change
            assert await ground.people.read(entry.id) == changed

    async def test_elements_of_a_child_table_are_added_and_removed_whole(self, ground: Ground) -> None:
        child = ground.kind("child")
        work, home = {"value": "a@x", "type": "work"}, {"value": "b@x", "type": "home"}
        entry = await ground.person(**{child: (work, home)})
        assert entry.attributes[child] == (work, home) or entry.attributes[child] == (home, work)
        changed = await ground.people.update(entry.id, [Change(Kind.REMOVE, child, (work,))])
        assert changed is not None
        assert changed.attributes[child] == (home,)
        changed = await ground.people.update(entry.id, [Change(Kind.ADD, child, (home, {"value": "c@x"}))])
        assert changed is not None
        assert sorted(map(str, changed.attributes[child])) == sorted(map(str, (home, {"value": "c@x"})))
        changed = await ground.people.update(entry.id, [Change(Kind.REPLACE, child, ())])
        assert changed is not None
        assert child not in changed.attributes

    async def test_a_reference_is_set_moved_and_cleared(self, ground: Ground) -> None:
        reference = ground.kind("reference")
        entry, one, two = await ground.persons(3)
        for refs in ((Ref(one.id),), (Ref(two.id),), (), (Ref(one.id),)):
            changed = await ground.people.update(entry.id, [Change(Kind.REPLACE, reference, refs)])
            assert changed is not None
            assert changed.attributes.get(reference, ()) == refs
            for ref in changed.attributes.get(reference, ()):
                assert isinstance(ref, Ref)
                assert ref.collection == ground.specimen.people
        with pytest.raises(UnknownReference) as unknown:
            await ground.people.update(entry.id, [Change(Kind.REPLACE, reference, (Ref("no-such-id"),))])
        assert unknown.value.values == ("no-such-id",)
        with pytest.raises(UnknownReference):
            await ground.person(**{reference: Ref("no-such-id")})

    async def test_an_update_that_changes_nothing_leaves_the_version(self, ground: Ground) -> None:
        text = ground.specimen.text
        entry = await ground.person(**{text: "same"})
        for change in (
            Change(Kind.REPLACE, text, ("same",)),
            Change(Kind.ADD, text, ("same",)),
            Change(Kind.REMOVE, text, ("other",)),
        ):
            assert await ground.people.update(entry.id, [change]) == entry
        if PARENT in ground.specimen.fill(1):
            assert await ground.people.update(entry.id, [Change(Kind.REPLACE, PARENT, ground.specimen.fill(1)[PARENT])])
        assert await ground.people.read(entry.id) == entry

    async def test_a_version_changes_with_the_entry(self, ground: Ground) -> None:
        if not ground.people.capabilities.versions:
            pytest.skip("this backend has no versions")
        seen = {(entry := await ground.person()).version}
        for values in (("one",), ("two",), (), ("one",)):
            changed = await ground.people.update(entry.id, [Change(Kind.REPLACE, ground.specimen.text, values)])
            assert changed is not None
            seen.add(changed.version)
        assert len(seen) == 5, "a version came twice"
        assert None not in seen

    async def test_a_stale_version_is_a_conflict_without_effect(self, ground: Ground) -> None:
        if not ground.people.capabilities.versions:
            pytest.skip("this backend has no versions")
        text = ground.specimen.text
        entry = await ground.person()
        newer = await ground.people.update(entry.id, [Change(Kind.REPLACE, text, ("newer",))], entry.version)
        assert newer is not None
        with pytest.raises(Conflict):
            await ground.people.update(entry.id, [Change(Kind.REPLACE, text, ("stale",))], entry.version)
        with pytest.raises(Conflict):
            await ground.people.delete(entry.id, entry.version)
        assert await ground.people.read(entry.id) == newer
        await ground.people.delete(entry.id, newer.version)
        assert await ground.found() == set()

    async def test_a_refused_value_refuses_the_whole_update(self, ground: Ground) -> None:
        if ground.specimen.bad is None:
            pytest.skip("this backend takes every value")
        attribute, values = ground.specimen.bad
        entry = await ground.person()
        good = Change(Kind.REPLACE, ground.specimen.text, ("changed",))
        bad = Change(Kind.REPLACE, attribute, values)
        for changes in ([good, bad], [bad, good]):
            with pytest.raises(InvalidValue):
                await ground.people.update(entry.id, changes)
            assert await ground.people.read(entry.id) == entry
        with pytest.raises(InvalidValue):
            await ground.person(**{attribute: values})
        assert await ground.found() == {entry.id}

    async def test_an_unknown_member_refuses_the_whole_update(self, ground: Ground) -> None:
        known = await ground.person()
        group = await ground.group(await ground.person())
        before, members = await ground.groups.read(group.id), await ground.members(group)
        name = next(iter(group.attributes.keys() & ground.groups.spec.attributes - {ground.groups.spec.anchor}))
        rename = Change(Kind.REPLACE, name, ("renamed",))
        add = Change(Kind.ADD, MEMBERS, (Ref(known.id), Ref("no-such-id"), Ref("nor-this")))
        for changes in ([rename, add], [add, rename], [add]):
            with pytest.raises(UnknownReference) as unknown:
                await ground.groups.update(group.id, changes)
            assert set(unknown.value.values) == {"no-such-id", "nor-this"}
            assert await ground.groups.read(group.id) == before
            assert await ground.members(group) == members

    async def test_a_group_with_an_unknown_member_is_not_created(self, ground: Ground) -> None:
        known, groups = await ground.person(), ground.groups
        fill = ground.specimen.fill_group
        assert fill is not None
        with pytest.raises(UnknownReference) as unknown:
            await groups.create({**fill(1), MEMBERS: (Ref(known.id), Ref("no-such-id"))})
        assert unknown.value.values == ("no-such-id",)
        assert (await groups.search(Query())).entries == (), "the refused group left something behind"
        assert await groups.create(fill(1))

    async def test_members_are_deltas_and_groups_are_read_only(self, ground: Ground) -> None:
        person = await ground.person()
        group = await ground.group(person)
        with pytest.raises(Unsupported):
            await ground.groups.update(group.id, [Change(Kind.REPLACE, MEMBERS, ())])
        with pytest.raises((Unsupported, InvalidValue)):
            await ground.people.update(person.id, [Change(Kind.REPLACE, GROUPS, ())])
        assert await ground.members(group) == {person.id}

    async def test_many_verbs_at_once(self, ground: Ground) -> None:
        entries = await asyncio.gather(*(ground.person() for _ in range(MANY_AT_ONCE)))
        assert len({entry.id for entry in entries}) == MANY_AT_ONCE
        text = ground.specimen.text

        async def rewrite(entry: Entry) -> None:
            for value in ("one", "two", "three"):
                await ground.people.update(entry.id, [Change(Kind.REPLACE, text, (value,))])
                assert (await ground.people.read(entry.id)).attributes[text] == (value,)

        await asyncio.gather(*map(rewrite, entries))
        assert await ground.found() == {entry.id for entry in entries}

    async def test_of_writers_with_the_same_version_one_wins(self, ground: Ground) -> None:
        if not (ground.people.capabilities.versions and ground.people.capabilities.atomic):
            pytest.skip("this backend does not compare and swap")
        entry = await ground.person()

        async def write(number: int) -> str | None:
            change = Change(Kind.REPLACE, ground.specimen.text, (f"by {number}",))
            try:
                changed = await ground.people.update(entry.id, [change], entry.version)
            except Conflict:
                return None
            assert changed is not None
            return f"by {number}"

        winners = [each for each in await asyncio.gather(*map(write, range(6))) if each is not None]
        assert len(winners) == 1
        assert (await ground.people.read(entry.id)).attributes[ground.specimen.text] == (winners[0],)

    async def test_of_creators_of_one_unique_value_one_wins(self, ground: Ground) -> None:
        unique = ground.kind("unique")

        async def create() -> bool:
            try:
                await ground.person(**{unique: "the.one@example.com"})
            except AlreadyExists:
                return False
            return True

        assert sum(await asyncio.gather(*(create() for _ in range(6)))) == 1
        assert len(await ground.found()) == 1
