"""Who is asked for by name comes with their groups in one search, where they lie where the gateway makes people."""

import pytest

from connectors.contract import Query
from connectors.entry import GROUPS, Entry
from connectors.filters import And, AnyOf, Compare, Filter, Not, Operator
from tests.backends.slapd import Slapd
from tests.connectors.ldap_ground import Ground, ground

pytestmark = pytest.mark.anyio
WITH_GROUPS = frozenset({"uid", "cn", GROUPS})


def named(uid: str) -> Filter:
    return Compare("uid", Operator.EQ, uid)


async def found(g: Ground, filter: Filter) -> dict[str, list[str]]:
    """The DNs of all that the filter finds, each with the ids of its groups."""
    page = await g.users.search(Query(filter, attributes=WITH_GROUPS, limit=20, count=False))
    return {entry.name: [ref.id for ref in entry.attributes.get(GROUPS, ())] for entry in page.entries}


def dangling(g: Ground, cn: str, dn: str) -> None:
    classes = ["top", "groupOfNames"]
    assert g.slapd.raw.add(f"cn={cn},ou=groups,{g.slapd.base}", classes, {"cn": cn, "member": dn}), g.slapd.raw.result


async def test_an_entry_found_by_its_name_comes_with_its_groups(directory: Slapd) -> None:
    async with ground(directory) as g:
        ann, bob = await g.user("ann"), await g.user("Bob, the \\ builder")
        staff, crew = await g.group("staff", ann, bob), await g.group("crew", ann)
        both: list[Entry] = sorted((staff, crew), key=lambda group: group.id)
        for filter in (named("ann"), named("ANN"), AnyOf("uid", ("ann",)), And((named("ann"), Not(named("bob"))))):
            with directory.counting() as counted:
                assert await found(g, filter) == {ann.name: [group.id for group in both]}
            assert counted["search"] == 1
        assert await found(g, named("Bob, the \\ builder")) == {bob.name: [staff.id]}
        with directory.counting() as counted:
            assert await found(g, named("nobody")) == {}
        assert counted["search"] == 1


async def test_groups_of_the_place_where_somebody_is_not_are_not_theirs(directory: Slapd) -> None:
    """A group may name a DN that no entry has any more, while somebody of that name lives elsewhere."""
    async with ground(directory) as g:
        dangling(g, "ghosts", f"uid=ann,ou=people,{directory.base}")
        assert await found(g, named("ann")) == {}
        ann = await g.user("ann", **{"@parent": "ou=groups,{base}"})
        staff = await g.group("staff", ann)
        assert await found(g, named("ann")) == {ann.name: [staff.id]}


async def test_more_groups_than_a_page_has_room_for_are_all_shown(directory: Slapd) -> None:
    async with ground(directory) as g:
        ann = await g.user("ann")
        groups = [await g.group(f"g{number}", ann) for number in range(130)]
        assert await found(g, named("ann")) == {ann.name: sorted(group.id for group in groups)}
