"""posixAccount and posixGroup on a real slapd: numbers, and members by name."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from connectors.contract import Connector, Query, Reference
from connectors.entry import GROUPS, MEMBERS, Attributes, Change, Entry, Kind, Ref
from connectors.filters import Compare, Operator
from connectors.ldap import LdapConnector
from connectors.ldap.collection import LdapCollection
from connectors.testing import Specimen
from tests.backends.slapd import Slapd
from tests.connectors.ldap_mapping import GROUP, USER
from tests.connectors.test_ldap_kit import Kit

NUMBERS = {"from": 10000, "to": 59999, "counter": "cn=numbers,{base}"}
PERSON = replace(
    USER,
    attributes=USER.attributes | {"uidNumber", "gidNumber", "homeDirectory"},
    options={**USER.options, "class": [*USER.options["class"], "posixAccount"], "numbers": {"uidNumber": NUMBERS}},
    types={**USER.types, "uidNumber": "integer", "gidNumber": "integer"},
)
TEAM = replace(
    GROUP,
    options={**GROUP.options, "class": ["top", "posixGroup"], "numbers": {"gidNumber": NUMBERS}},
    members={"attr": "memberUid", "value": "uid", "ref": "user"},
    references={MEMBERS: Reference(("User",), GROUP.references[MEMBERS].display)},
)


def person(n: int) -> Attributes:
    held = {"uid": f"person{n}", "cn": f"Person {n}", "sn": f"Number {n}", "homeDirectory": f"/home/{n}"}
    return {**{name: (value,) for name, value in held.items()}, "gidNumber": (100,), "@parent": ("ou=people,{base}",)}


class TestKit(Kit):
    """The whole contract once more: members by name are members."""

    specimen: Specimen = replace(Kit.specimen, specs={"User": PERSON, "Group": TEAM}, fill=person)

    def target(self, directory: Slapd) -> dict[str, Any]:
        return {}


class Ground:
    """A connector, its two collections, and what really stands in a group."""

    def __init__(self, connector: Connector, directory: Slapd) -> None:
        collections = connector.collections({"User": PERSON, "Group": TEAM})
        self.users: LdapCollection = collections["User"]  # type: ignore[assignment]
        self.groups: LdapCollection = collections["Group"]  # type: ignore[assignment]
        self.directory = directory

    def held(self, cn: str) -> set[str]:
        (found,) = self.directory.search(f"(&(objectClass=posixGroup)(cn={cn}))").values()
        return set(found.get("memberUid", ()))

    async def team(self, cn: str, *members: Entry) -> Entry:
        refs = {MEMBERS: tuple(Ref(each.id) for each in members)} if members else {}
        return await self.groups.create({"cn": (cn,), "@parent": ("ou=groups,{base}",), **refs})


@pytest.fixture
async def ground(directory: Slapd) -> AsyncIterator[Ground]:
    connector = LdapConnector.from_options("test", directory.options)
    yield Ground(connector, directory)
    await connector.close()


@pytest.mark.anyio
async def test_members_stand_by_name(ground: Ground) -> None:
    ann, ben = await ground.users.create(person(1)), await ground.users.create(person(2))
    team = await ground.team("team", ann)
    await ground.groups.update(team.id, [Change(Kind.ADD, MEMBERS, (Ref(ben.id), Ref(ann.id)))])
    assert ground.held("team") == {"person1", "person2"}
    await ground.groups.update(team.id, [Change(Kind.REMOVE, MEMBERS, (Ref(ann.id),))])
    assert ground.held("team") == {"person2"}
    found = await ground.users.search(Query(Compare(GROUPS, Operator.EQ, Ref(team.id))))
    assert [each.id for each in found.entries] == [ben.id]


@pytest.mark.anyio
async def test_a_membership_follows_a_rename_and_ends_with_its_owner(ground: Ground) -> None:
    ann, ben = await ground.users.create(person(1)), await ground.users.create(person(2))
    first, second = await ground.team("first", ann, ben), await ground.team("second", ann)
    await ground.users.update(ann.id, [Change(Kind.REPLACE, "uid", ("moss",))])
    assert (ground.held("first"), ground.held("second")) == ({"moss", "person2"}, {"moss"})
    held = (await ground.users.read(ann.id, frozenset({GROUPS}))).attributes[GROUPS]
    assert {ref.id for ref in held if isinstance(ref, Ref)} == {first.id, second.id}
    await ground.users.delete(ann.id)
    assert (ground.held("first"), ground.held("second")) == ({"person2"}, set())


@pytest.mark.anyio
async def test_a_move_changes_no_membership(ground: Ground) -> None:
    ann = await ground.users.create(person(1))
    await ground.team("team", ann)
    await ground.users.update(ann.id, [Change(Kind.REPLACE, "@parent", ("ou=disabled,{base}",))])
    assert ground.held("team") == {"person1"}


@pytest.mark.anyio
async def test_names_that_no_user_has_are_neither_shown_nor_removed(ground: Ground) -> None:
    ann = await ground.users.create(person(1))
    team = await ground.team("team", ann)
    dn = f"cn=team,ou=groups,{ground.directory.base}"
    assert ground.directory.raw.modify(dn, {"memberUid": [("MODIFY_ADD", ["somebody"])]})
    read = await ground.groups.read(team.id, frozenset({MEMBERS}))
    assert [ref.id for ref in read.attributes[MEMBERS] if isinstance(ref, Ref)] == [ann.id]
    await ground.groups.update(team.id, [Change(Kind.REMOVE, MEMBERS, (Ref(ann.id),))])
    assert ground.held("team") == {"somebody"}


def test_members_can_only_be_named_as_their_entries_are() -> None:
    connector = LdapConnector.from_options("test", {"urls": ["ldap://127.0.0.1"], "base": "dc=example"})
    wrong = replace(TEAM, members={"attr": "memberUid", "value": "mail"})
    with pytest.raises(ValueError, match=r"members\.value must be the 'rdn' of User, 'uid'"):
        connector.collections({"User": PERSON, "Group": wrong})
