"""Writing to a real directory: hostile names, renames, half-done work taken back, passwords, locks."""

import pytest

from connectors.contract import Query
from connectors.entry import Change, Kind, Ref
from connectors.errors import AlreadyExists, Conflict, InvalidValue, NotFound, Refused, Unavailable, UnknownReference
from connectors.filters import Compare, Operator
from connectors.ldap.dn import parse
from tests.backends.slapd import Slapd
from tests.connectors.ldap_ground import ground

pytestmark = pytest.mark.anyio
HOSTILE = ("evil,ou=admins", "*", "a+b=c", "#hash", " lead", "trail ", "\\2a", "a\\", '"', "(uid=*)", "a\0b", "ü/ö;<>")


@pytest.mark.parametrize("uid", HOSTILE)
async def test_a_hostile_name_stays_one_name_below_its_parent(directory: Slapd, uid: str) -> None:
    async with ground(directory) as g:
        entry = await g.user(uid, description=uid)
        (dn,) = directory.search("(objectClass=inetOrgPerson)")
        assert dn.lower().endswith(",ou=people,dc=example,dc=com")
        assert len(parse(dn) or ()) == 4
        assert g.raw("(objectClass=inetOrgPerson)")["uid"] == [uid]
        assert entry.attributes["uid"] == entry.attributes["description"] == (uid,)
        found = await g.users.search(Query(Compare("uid", Operator.EQ, uid)))
        assert [each.id for each in found.entries] == [entry.id]
        moved = await g.set(entry, uid=f"{uid}2")
        assert moved.attributes["uid"] == (f"{uid}2",)
        await g.users.delete(entry.id)
        assert directory.search("(objectClass=inetOrgPerson)") == {}


async def test_a_star_finds_only_itself(directory: Slapd) -> None:
    async with ground(directory) as g:
        star, _ = await g.user("*"), await g.user("ann")
        for operator in (Operator.EQ, Operator.CO, Operator.SW, Operator.EW):
            found = await g.users.search(Query(Compare("uid", operator, "*")))
            assert [each.id for each in found.entries] == [star.id]


async def test_rename_and_move_are_one_operation_and_keep_the_id(directory: Slapd) -> None:
    async with ground(directory) as g:
        ann = await g.user("ann")
        group = await g.group("staff", ann)
        changes = [Change(Kind.REPLACE, "uid", ("anna",)), Change(Kind.REPLACE, "@parent", ("ou=disabled,{base}",))]
        await g.users.update((await g.user("bob")).id, [Change(Kind.REPLACE, "uid", ("bo",)), *changes[1:]])
        with directory.counting() as counted:
            moved = await g.users.update(ann.id, changes)
        assert moved is not None
        assert moved.id == ann.id
        assert moved.name == "uid=anna,ou=disabled,dc=example,dc=com"
        assert (counted["rename"], counted["modify"]) == (1, 0)
        members = await g.groups.read(group.id, frozenset({"@members"}))
        assert members.attributes["@members"] == (Ref(ann.id),)
        with directory.counting() as counted:
            await g.users.update(ann.id, changes)
        assert counted["rename"] == counted["modify"] == 0, "it is already there"


async def test_a_name_in_another_case_is_a_rename(directory: Slapd) -> None:
    async with ground(directory) as g:
        ann = await g.user("ann")
        assert (await g.set(ann, uid="Ann")).name.startswith("uid=Ann,")


async def test_the_naming_attribute_of_an_adopted_entry_is_the_one_in_its_dn(directory: Slapd) -> None:
    directory.load(
        "dn: cn=Ann Lee,ou=people,{base}\nobjectClass: inetOrgPerson\nuid: ann\ncn: Ann Lee\ncn: Annie\nsn: Lee\n"
    )
    async with ground(directory) as g:
        (ann,) = (await g.users.search(Query())).entries
        assert (await g.set(ann, uid="anna")).name == "cn=Ann Lee,ou=people,dc=example,dc=com"
        changed = await g.set(ann, cn="Ann Roe")
        assert (changed.name, changed.attributes["cn"]) == ("cn=Ann Roe,ou=people,dc=example,dc=com", ("Ann Roe",))


async def test_a_rename_is_taken_back_when_the_rest_is_refused(directory: Slapd) -> None:
    async with ground(directory) as g:
        ann = await g.user("ann", title="Dr")
        changes = [Change(Kind.REPLACE, "uid", ("anna",)), Change(Kind.REPLACE, "title", ("Prof",))]
        with pytest.raises(InvalidValue) as refused:
            await g.users.update(ann.id, [*changes, Change(Kind.REPLACE, "mail", ("ü@example.com",))])
        assert refused.value.attribute == "mail"
        after = await g.users.read(ann.id)
        assert (after.name, after.attributes["title"]) == (ann.name, ("Dr",))


async def test_everything_is_taken_back_when_the_password_is_refused(directory: Slapd) -> None:
    async with ground(directory) as g:
        ann = await g.user("ann", title="Dr")
        changes = [
            Change(Kind.REPLACE, "uid", ("anna",)),
            Change(Kind.REPLACE, "title", ("Prof",)),
            Change(Kind.REPLACE, "displayName", ("Anna",)),
            Change(Kind.REPLACE, "userPassword", ("short",)),
        ]
        with pytest.raises(InvalidValue) as refused:
            await g.users.update(ann.id, changes)
        assert refused.value.attribute == "userPassword"
        assert "short" not in refused.value.detail
        after = await g.users.read(ann.id)
        assert (after.name, after.attributes) == (ann.name, {**after.attributes, "title": ("Dr",)})
        assert "displayName" not in after.attributes


async def test_an_entry_whose_password_is_refused_is_not_made(directory: Slapd) -> None:
    async with ground(directory) as g:
        with pytest.raises(InvalidValue):
            await g.user("ann", userPassword="short")
        assert directory.search("(uid=ann)") == {}


async def test_a_password_is_hashed_and_works(directory: Slapd) -> None:
    async with ground(directory) as g:
        ann = await g.user("ann", userPassword="correct horse")
        assert directory.bind(ann.name, "correct horse")
        assert all(value.startswith("{") for value in g.raw("(uid=ann)")["userPassword"])
        changed = await g.set(ann, userPassword="battery staple")
        assert directory.bind(ann.name, "battery staple")
        assert changed == await g.users.read(ann.id), "the version is that after the password"


async def test_who_is_disabled_stays_so_with_a_new_password(directory: Slapd) -> None:
    async with ground(directory) as g:
        ann = await g.user("ann", pwdAccountLockedTime="000001010000Z", userPassword="correct horse")
        assert ann.attributes["pwdAccountLockedTime"] == ("000001010000Z",)
        assert not directory.bind(ann.name, "correct horse")
        await g.set(ann, userPassword="battery staple")
        assert not directory.bind(ann.name, "battery staple")
        await g.users.update(ann.id, [Change(Kind.REPLACE, "pwdAccountLockedTime")])
        assert directory.bind(ann.name, "battery staple")
        await g.set(ann, userPassword="third secret word", pwdAccountLockedTime="000001010000Z")
        assert not directory.bind(ann.name, "third secret word")


async def test_a_taken_name_and_a_taken_mail_name_the_attribute(directory: Slapd) -> None:
    async with ground(directory) as g:
        ann, bob = await g.user("ann", mail="ann@example.com"), await g.user("bob")
        for create in ({"uid": "ann"}, {"uid": "carl", "mail": "ANN@example.com"}):
            with pytest.raises(AlreadyExists) as taken:
                await g.user(**create)
            assert taken.value.attribute == ("mail" if "mail" in create else "uid")
        with pytest.raises(AlreadyExists):
            await g.set(bob, uid="ANN")
        with pytest.raises(AlreadyExists):
            await g.set(bob, mail="ann@example.com")
        assert await g.users.read(bob.id) == bob
        assert await g.users.read(ann.id) == ann


async def test_a_stale_version_is_a_conflict_also_on_unique_attributes(directory: Slapd) -> None:
    async with ground(directory) as g:
        ann = await g.user("ann")
        newer = await g.set(ann, title="Dr")
        for name in ("title", "mail", "uid"):
            with pytest.raises(Conflict):
                await g.users.update(ann.id, [Change(Kind.REPLACE, name, ("x@y",))], ann.version)
        assert await g.users.read(ann.id) == newer
        for name in ("title", "mail", "uid"):
            changed = await g.users.update(ann.id, [Change(Kind.REPLACE, name, ("x@y",))], newer.version)
            assert changed is not None
            newer = changed


async def test_a_write_by_a_stale_place_never_hits_another(directory: Slapd) -> None:
    async with ground(directory) as g:
        ann = await g.user("ann")
        assert directory.raw.modify_dn(ann.name, "uid=gone")
        twin = await g.user("ann")  # another person, where ann was last seen
        changed = await g.set(ann, title="Dr")
        assert changed.name == "uid=gone,ou=people,dc=example,dc=com"
        assert "title" not in (await g.users.read(twin.id)).attributes
        assert directory.raw.modify_dn(changed.name, "uid=gone2")
        await g.users.delete(ann.id)
        assert list(directory.search("(objectClass=inetOrgPerson)")) == [twin.name]


async def test_a_manager_outside_the_mapping_is_neither_shown_nor_removed(directory: Slapd) -> None:
    async with ground(directory) as g:
        ann, bob = await g.user("ann"), await g.user("bob", displayName="Bob")
        foreign = f"cn=gateway,{directory.base}"
        assert directory.raw.modify(ann.name, {"manager": [("MODIFY_ADD", [foreign])]})
        assert "manager" not in (await g.users.read(ann.id)).attributes
        changed = await g.set(ann, manager=Ref(bob.id))
        (ref,) = changed.attributes["manager"]
        assert isinstance(ref, Ref)
        assert (ref.id, ref.collection, ref.display) == (bob.id, "User", "Bob")
        assert sorted(g.raw("(uid=ann)")["manager"]) == sorted([foreign, bob.name])
        await g.users.update(ann.id, [Change(Kind.REPLACE, "manager")])
        assert g.raw("(uid=ann)")["manager"] == [foreign]


async def test_an_unknown_manager_is_named(directory: Slapd) -> None:
    async with ground(directory) as g:
        ann = await g.user("ann")
        with pytest.raises(UnknownReference) as unknown:
            await g.set(ann, manager=Ref("8f0e2b0a-0000-1041-8000-000000000000"))
        assert unknown.value.values == ("8f0e2b0a-0000-1041-8000-000000000000",)
        assert unknown.value.attribute == "manager"


async def test_what_the_schema_refuses_names_the_attribute(directory: Slapd) -> None:
    async with ground(directory) as g:
        with pytest.raises(InvalidValue) as refused:
            await g.users.create({"uid": ("ann",), "cn": ("ann",)})
        assert refused.value.attribute == "sn"
        with pytest.raises(InvalidValue) as refused:
            await g.users.create({"cn": ("ann",), "sn": ("x",)})
        assert refused.value.attribute == "uid"
        with pytest.raises(InvalidValue):
            await g.user("ann", **{"@parent": "ou=people,dc=elsewhere"})
        with pytest.raises(Unavailable):
            await g.user("ann", **{"@parent": "ou=nowhere,{base}"})
        ann = await g.user("ann")
        with pytest.raises(InvalidValue):
            await g.users.update(ann.id, [Change(Kind.REPLACE, "uid")])
        with pytest.raises(Unavailable):
            await g.set(ann, **{"@parent": "ou=nowhere,{base}"})
        assert await g.users.read(ann.id) == ann


async def test_an_entry_with_others_below_it_is_not_deleted_and_stays_a_member(directory: Slapd) -> None:
    async with ground(directory) as g:
        ann = await g.user("ann")
        group = await g.group("staff", ann)
        directory.load(f"dn: cn=phone,{ann.name}\nobjectClass: device\ncn: phone\n")
        with pytest.raises(Refused):
            await g.users.delete(ann.id)
        members = await g.groups.read(group.id, frozenset({"@members"}))
        assert members.attributes["@members"] == (Ref(ann.id),)


async def test_ids_of_other_forms_are_not_found(directory: Slapd) -> None:
    async with ground(directory) as g:
        ann = await g.user("ann")
        for id in (ann.name, "*", f"{ann.id})(uid=*", ann.id.replace("-", ""), f"{{{ann.id}}}", "", "\0"):
            with pytest.raises(NotFound):
                await g.users.read(id)
            with pytest.raises(NotFound):
                await g.users.delete(id)
        assert (await g.users.read(ann.id)).id == ann.id


async def test_bytes_and_flags_keep_their_form(directory: Slapd) -> None:
    async with ground(directory) as g:
        ann = await g.user("ann", testBytes=b"\xff\x00\x01", testFlag=True, testNumber=7, testMoment="20240101000000Z")
        shown = {name: ann.attributes[name][0] for name in ("testBytes", "testFlag", "testNumber", "testMoment")}
        assert shown == {
            "testBytes": b"\xff\x00\x01",
            "testFlag": True,
            "testNumber": 7,
            "testMoment": "20240101000000Z",
        }
        assert g.raw("(uid=ann)")["testFlag"] == ["TRUE"]
        cleared = await g.set(ann, title="")
        assert "title" not in cleared.attributes
