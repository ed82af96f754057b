"""Members: deltas that state what should be, and are seen from both sides."""

import asyncio

from connectors.contract import Query
from connectors.entry import GROUPS, MEMBERS, Change, Kind, Ref
from connectors.testing.specimen import Ground, ids_of


class MemberTests:
    """Members."""

    async def test_members_come_and_go_and_twice_is_once(self, ground: Ground) -> None:
        one, two, three = await ground.persons(3)
        group = await ground.group(one)
        for kind, persons, expected in (
            (Kind.ADD, (two,), {one.id, two.id}),
            (Kind.ADD, (two,), {one.id, two.id}),
            (Kind.ADD, (one, two, three), {one.id, two.id, three.id}),
            (Kind.REMOVE, (one, two), {three.id}),
            (Kind.REMOVE, (one, two), {three.id}),
            (Kind.REMOVE, (three,), set()),
            (Kind.ADD, (one, one), {one.id}),
        ):
            change = Change(kind, MEMBERS, tuple(Ref(person.id) for person in persons))
            assert await ground.groups.update(group.id, [change]) is None, "a change of members alone returns nothing"
            assert await ground.members(group) == expected, change

    async def test_a_group_is_created_with_and_without_members(self, ground: Ground) -> None:
        people = await ground.persons(2)
        assert await ground.members(await ground.group(*people)) == {person.id for person in people}
        empty = await ground.group()
        assert await ground.members(empty) == set()
        assert MEMBERS not in (await ground.groups.read(empty.id, frozenset({MEMBERS}))).attributes

    async def test_removing_somebody_unknown_changes_nothing(self, ground: Ground) -> None:
        person = await ground.person()
        group = await ground.group(person)
        refs = tuple(map(Ref, ("no-such-id", "*", "", "' OR '1'='1", "%")))
        assert await ground.groups.update(group.id, [Change(Kind.REMOVE, MEMBERS, refs)]) is None
        assert await ground.members(group) == {person.id}

    async def test_members_and_attributes_change_together(self, ground: Ground) -> None:
        one, two = await ground.persons(2)
        group = await ground.group(one)
        name = next(iter(group.attributes.keys() & ground.groups.spec.attributes - {ground.groups.spec.anchor}))
        changes = [
            Change(Kind.ADD, MEMBERS, (Ref(two.id),)),
            Change(Kind.REPLACE, name, ("renamed",)),
            Change(Kind.REMOVE, MEMBERS, (Ref(one.id),)),
        ]
        changed = await ground.groups.update(group.id, changes)
        assert changed is not None
        assert changed.attributes[name] == ("renamed",)
        assert await ground.members(group) == {two.id}

    async def test_a_member_change_in_a_group_leaves_other_groups_alone(self, ground: Ground) -> None:
        one, two = await ground.persons(2)
        first, second = await ground.group(one, two), await ground.group(one, two)
        await ground.groups.update(first.id, [Change(Kind.REMOVE, MEMBERS, (Ref(one.id),))])
        assert await ground.members(first) == {two.id}
        assert await ground.members(second) == {one.id, two.id}

    async def test_members_know_their_collection(self, ground: Ground) -> None:
        group = await ground.group(await ground.person())
        entry = await ground.groups.read(group.id, frozenset({MEMBERS}))
        for ref in entry.attributes[MEMBERS]:
            assert isinstance(ref, Ref)
            assert ref.collection == ground.specimen.people

    async def test_labels_are_as_the_mapping_asks(self, ground: Ground) -> None:
        """Where the specimen has its groups ask for ``text``, then ``name``: the first that a member has."""
        specimen = ground.specimen
        reference = ground.groups.spec.references.get(MEMBERS)
        if reference is None or reference.display.get(specimen.people) != (specimen.text, specimen.name):
            return
        both = await ground.person(**{specimen.name: "Label", specimen.text: "Better"})
        group = await ground.group(both, await ground.person(**{specimen.name: "Other"}))
        for first in ("Better", "Label"):
            entry = await ground.groups.read(group.id, frozenset({MEMBERS}))
            labels = {ref.display for ref in entry.attributes[MEMBERS] if isinstance(ref, Ref)}
            assert labels == {first, "Other"}
            await ground.people.update(both.id, [Change(Kind.REPLACE, specimen.text)])

    async def test_groups_show_direct_membership(self, ground: Ground) -> None:
        one, two, three = await ground.persons(3)
        first, second = await ground.group(one, two), await ground.group(two)
        expected = {one.id: {first.id}, two.id: {first.id, second.id}, three.id: set[str]()}
        for entry in (await ground.people.search(Query(attributes=frozenset({GROUPS})))).entries:
            assert ids_of(entry, GROUPS) == expected[entry.id]
        await ground.groups.delete(first.id)
        assert ids_of(await ground.people.read(two.id, frozenset({GROUPS})), GROUPS) == {second.id}

    async def test_a_crowd_joins_and_leaves_at_once(self, ground: Ground) -> None:
        people = await ground.persons(ground.specimen.crowd)
        group = await ground.group()
        await ground.join(group, *people)
        assert await ground.members(group) == {person.id for person in people}
        leaving = Change(Kind.REMOVE, MEMBERS, tuple(Ref(person.id) for person in people[1:]))
        await ground.groups.update(group.id, [leaving])
        assert await ground.members(group) == {people[0].id}

    async def test_a_member_more_costs_the_same_in_a_small_and_in_a_large_group(self, ground: Ground) -> None:
        people = await ground.persons(ground.specimen.crowd // 3)
        costs = []
        for group in (await ground.group(people[1]), await ground.group(*people[1:])):
            await ground.join(group, people[1])  # whatever is learnt at first use
            before = ground.operations() if ground.operations else 0
            await ground.join(group, people[0])
            costs.append((ground.operations() if ground.operations else 0) - before)
            assert people[0].id in await ground.members(group)
        assert costs[0] == costs[1]

    async def test_members_added_at_the_same_time_all_stay(self, ground: Ground) -> None:
        people = await ground.persons(8)
        group = await ground.group()
        await asyncio.gather(*(ground.join(group, person) for person in people))
        assert await ground.members(group) == {person.id for person in people}

    async def test_the_version_of_a_group_moves_with_its_members_only_if_they_change(self, ground: Ground) -> None:
        one, two = await ground.persons(2)
        group = await ground.group(one)
        if not ground.groups.capabilities.versions:
            return
        before = (await ground.groups.read(group.id)).version
        await ground.join(group, one)
        assert (await ground.groups.read(group.id)).version == before
        await ground.join(group, two)
        assert (await ground.groups.read(group.id)).version != before
