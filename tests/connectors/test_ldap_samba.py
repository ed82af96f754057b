"""What Active Directory does otherwise, on a real Samba domain controller: ids, accounts, passwords, long groups."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from connectors.contract import Query
from connectors.entry import GROUPS, MEMBERS, Change, Entry, Kind, Ref, Value
from connectors.errors import AlreadyExists, InvalidValue, UnknownReference
from connectors.filters import Compare, Operator
from connectors.ldap import LdapConnector, members, ranges, updating
from connectors.ldap.collection import LdapCollection
from tests.backends.samba import Samba
from tests.connectors.ldap_samba import ACCOUNT, ROLE, account, role

pytestmark = pytest.mark.anyio
PASSWORD = "Geheim-12345"


def quoted(password: str) -> bytes:
    """As the step ``ad_password`` writes it."""
    return f'"{password}"'.encode("utf-16-le")


class Ground:
    """A connector and its two collections."""

    def __init__(self, connector: LdapConnector) -> None:
        collections = connector.collections({"User": ACCOUNT, "Group": ROLE})
        self.users: LdapCollection = collections["User"]
        self.groups: LdapCollection = collections["Group"]

    async def user(self, n: int, **more: Value) -> Entry:
        return await self.users.create({**account(n), **{name: (value,) for name, value in more.items()}})

    async def group(self, n: int, *members: Entry) -> Entry:
        refs = {MEMBERS: tuple(Ref(each.id) for each in members)} if members else {}
        return await self.groups.create({**role(n), **refs})


@pytest.fixture
async def ground(domain: Samba) -> AsyncIterator[Ground]:
    connector = LdapConnector.from_options("test", domain.options)
    yield Ground(connector)
    await connector.close()


async def test_the_id_is_the_guid(ground: Ground, domain: Samba) -> None:
    ann = await ground.user(1)
    (held,) = domain.rows("(cn=Person 1)").values()
    assert ann.id == str(uuid.UUID(bytes_le=held["objectGUID"][0]))
    assert ann.version is not None
    assert ann.version.partition("@")[0] == held["uSNChanged"][0].decode()
    assert ann.version.partition("@")[2], "two domain controllers count by themselves"


async def test_an_enabled_account_has_its_password_from_the_first_moment(ground: Ground, domain: Samba) -> None:
    ann = await ground.user(1, userAccountControl=512, unicodePwd=quoted(PASSWORD))
    assert ann.attributes["userAccountControl"] == (512,)
    assert "unicodePwd" not in ann.attributes
    assert domain.bind(ann.name, PASSWORD)


async def test_an_enabled_account_without_a_password_is_refused(ground: Ground, domain: Samba) -> None:
    with pytest.raises(InvalidValue) as refused:
        await ground.user(1, userAccountControl=512)
    assert refused.value.attribute == "unicodePwd"
    assert not domain.search("(cn=Person 1)")


async def test_a_password_that_the_policy_refuses_leaves_nothing(ground: Ground, domain: Samba) -> None:
    with pytest.raises(InvalidValue) as refused:
        await ground.user(1, userAccountControl=512, unicodePwd=quoted("kurz"))
    assert "policy" in refused.value.detail
    assert refused.value.attribute == "unicodePwd"
    assert not domain.search("(cn=Person 1)")


async def test_a_refused_password_undoes_the_rest_of_a_change(ground: Ground, domain: Samba) -> None:
    ann = await ground.user(1, userAccountControl=512, unicodePwd=quoted(PASSWORD))
    changes = [
        Change(Kind.REPLACE, "cn", ("Renamed",)),
        Change(Kind.REPLACE, "title", ("Dr",)),
        Change(Kind.REPLACE, "unicodePwd", (quoted("kurz"),)),
    ]
    with pytest.raises(InvalidValue):
        await ground.users.update(ann.id, changes)
    assert (await ground.users.read(ann.id)).attributes == ann.attributes
    assert domain.bind(ann.name, PASSWORD)


async def test_a_disabled_account_cannot_bind_and_its_flags_survive(ground: Ground, domain: Samba) -> None:
    """H12"""
    ann = await ground.user(1, userAccountControl=66048, unicodePwd=quoted(PASSWORD))
    await ground.users.update(ann.id, [Change(Kind.REPLACE, "userAccountControl", (66050,))])
    assert not domain.bind(ann.name, PASSWORD)
    await ground.users.update(ann.id, [Change(Kind.REPLACE, "userAccountControl", (66048,))])
    assert domain.bind(ann.name, PASSWORD)


@pytest.mark.parametrize("name", ["a" * 21, "ann/lee", "ann*", "ann.", "a\tb"])
async def test_account_names_are_held_to_the_rules_of_windows(ground: Ground, domain: Samba, name: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        await ground.user(1, sAMAccountName=name)
    assert refused.value.attribute == "sAMAccountName"
    ann = await ground.user(1)
    with pytest.raises(InvalidValue):
        await ground.users.update(ann.id, [Change(Kind.REPLACE, "sAMAccountName", (name,))])
    assert domain.search("(cn=Person 1)")[ann.name]["sAMAccountName"] == ["person1"]


async def test_names_that_are_taken(ground: Ground) -> None:
    await ground.user(1, userPrincipalName="ann@corp.example")
    for name, value in (("sAMAccountName", "PERSON1"), ("userPrincipalName", "ANN@corp.example"), ("cn", "person 1")):
        with pytest.raises(AlreadyExists) as taken:
            await ground.user(2, **{name: value})
        assert (taken.value.attribute or "").lower() == name.lower()
        assert name == "cn" or name.lower() in taken.value.detail.lower(), "nobody can tell which of the names it is"


async def test_a_refusal_names_the_attribute_and_no_entry(ground: Ground) -> None:
    with pytest.raises(InvalidValue) as refused:
        await ground.user(1, msNPAllowDialin="perhaps")
    assert refused.value.attribute == "msNPAllowDialin"
    assert not any(word in refused.value.detail for word in ("CN=", "OU=", "Person 1"))


async def test_a_long_group_is_read_in_portions(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    people = [await ground.user(n) for n in range(1, 12)]
    group = await ground.group(1, *people)
    empty = await ground.group(2)
    monkeypatch.setattr(ranges, "PORTION", 3)
    read = await ground.groups.read(group.id, frozenset({MEMBERS}))
    assert {ref.id for ref in read.attributes[MEMBERS] if isinstance(ref, Ref)} == {each.id for each in people}
    assert MEMBERS not in (await ground.groups.read(empty.id, frozenset({MEMBERS}))).attributes
    found = (await ground.groups.search(Query(attributes=frozenset({MEMBERS, "cn"})))).entries
    assert {len(each.attributes.get(MEMBERS, ())) for each in found} == {11, 0}


async def test_groups_in_groups_are_shown_as_members(ground: Ground) -> None:
    ann = await ground.user(1)
    inner = await ground.group(1, ann)
    outer = await ground.group(2, inner, ann)
    read = await ground.groups.read(outer.id, frozenset({MEMBERS}))
    assert {(ref.collection, ref.id) for ref in read.attributes[MEMBERS] if isinstance(ref, Ref)} == {
        ("User", ann.id),
        ("Group", inner.id),
    }
    held = (await ground.users.read(ann.id, frozenset({GROUPS}))).attributes[GROUPS]
    assert {ref.id for ref in held if isinstance(ref, Ref)} == {inner.id, outer.id}


async def test_a_primary_group_is_no_membership_of_this_kind(ground: Ground, domain: Samba) -> None:
    """Who belongs by primaryGroupID cannot be added, and is not in ``member``: that is said, not passed over."""
    connector = LdapConnector.from_options("test", domain.options)
    users = f"CN=Users,{domain.domain}"
    spec = replace(ROLE, options={**ROLE.options, "search_base": [users], "parent": users})
    groups = connector.collections({"User": ACCOUNT, "Group": spec})["Group"]
    ann = await ground.user(1)
    everybody = (await groups.search(Query(filter=Compare("cn", Operator.EQ, "Domain Users")))).entries[0]
    with pytest.raises(InvalidValue) as refused:
        await groups.update(everybody.id, [Change(Kind.ADD, MEMBERS, (Ref(ann.id),))])
    assert "primaryGroupID" in refused.value.detail
    await connector.close()


async def test_a_group_without_a_name_of_older_windows_gets_one_from_the_domain(ground: Ground, domain: Samba) -> None:
    """So ``check`` asks for no row that writes it: a display name may have signs that this name may not."""
    connector = LdapConnector.from_options("test", domain.options)
    nameless = replace(ROLE, attributes=ROLE.attributes - {"sAMAccountName"})
    assert [each for each in await connector.check({"Group": nameless}) if each.level == "error"] == []
    groups = connector.collections({"User": ACCOUNT, "Group": nameless})["Group"]
    made = await groups.create({"cn": ("Sales/EMEA, old",), "@parent": ("OU=groups,{base}",)})
    assert (await groups.read(made.id)).attributes["cn"] == ("Sales/EMEA, old",)
    await connector.close()


async def test_who_takes_a_name_over_is_not_taken_for_its_owner(
    ground: Ground, domain: Samba, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look and the change the entry is renamed, and another gets its name."""
    ann = await ground.user(1)
    taken: list[bool] = []

    async def later(*arguments: Any) -> Any:
        if not taken:
            taken.append(domain.raw.modify_dn(ann.name, "CN=Moved"))
            taken.append(domain.raw.add(ann.name, "user", {"sAMAccountName": "heir"}))
        return await members.send(*arguments)

    monkeypatch.setattr(updating, "send", later)
    await ground.users.update(ann.id, [Change(Kind.REPLACE, "title", ("Dr",))])
    assert taken == [True, True]
    held = {dn.partition(",")[0]: row.get("title") for dn, row in domain.search("(objectClass=user)").items()}
    assert held == {"CN=Moved": ["Dr"], "CN=Person 1": None}


async def test_a_member_who_goes_at_the_same_moment_is_named(
    ground: Ground, domain: Samba, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, ben = await ground.user(1), await ground.user(2)
    group = await ground.group(1)

    async def later(*arguments: Any) -> Any:
        domain.raw.delete(ben.name)
        return await members.send(*arguments)

    monkeypatch.setattr(updating, "send", later)
    with pytest.raises(UnknownReference) as unknown:
        await ground.groups.update(group.id, [Change(Kind.ADD, MEMBERS, (Ref(ann.id), Ref(ben.id)))])
    assert unknown.value.values == (ben.id,)
    assert MEMBERS not in (await ground.groups.read(group.id, frozenset({MEMBERS}))).attributes
