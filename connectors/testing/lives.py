"""Create, read and delete: what an entry is, what its id means, and what is left when it is gone."""

import pytest

from connectors.entry import GROUPS, MEMBERS, Change, Kind, Ref
from connectors.errors import AlreadyExists, InvalidValue, NotFound
from connectors.testing.specimen import Ground, ids_of

HOSTILE_IDS = (
    "no-such-id",
    "00000000-0000-0000-0000-000000000000",
    "",
    "*",
    "0",
    "' OR '1'='1",
    "1; DROP TABLE users",
    "uid=ann,ou=people,dc=example,dc=com",
    "../../etc/passwd",
    "a\0b",
    "\ud800",
    "%",
    "x" * 5000,
)

HOSTILE_TEXTS = (
    "plain",
    "*",
    "(cn=*)",
    "a*(b)\\c",
    "back\\slash",
    "\\2a",
    "100%",
    "under_score",
    "sl/ash",
    "O'Neil",
    'say "hi"',
    "'; DROP TABLE users; --",
    "a,ou=admins",
    "a+b=c",
    "#hash",
    ";semi<angle>",
    "naïve café",
    "e\u0301 combined",
    "Straße",
    "ÅNGSTRÖM",
    "日本語",
    "😀",
    "{password}",
    "%(name)s",
    ":name",
    "$1",
    "null",
    "line\nbreak",
    "x" * 200,
)


class LifeTests:
    """Create, read, delete."""

    async def test_create_returns_the_entry_and_a_read_sees_it(self, ground: Ground) -> None:
        attributes = {**ground.specimen.fill(1), ground.specimen.text: ("something",)}
        entry = await ground.people.create(attributes)
        again = await ground.people.read(entry.id)
        assert entry == again
        for name in ground.people.spec.attributes & attributes.keys():
            assert again.attributes.get(name) == attributes[name], name

    async def test_an_absent_attribute_has_no_key(self, ground: Ground) -> None:
        entry = await ground.person()
        assert ground.specimen.text not in entry.attributes
        assert all(values for values in entry.attributes.values())

    async def test_a_read_returns_what_was_asked_for(self, ground: Ground) -> None:
        entry = await ground.person(**{ground.specimen.text: "something"})
        some = await ground.people.read(entry.id, frozenset({ground.specimen.text}))
        assert some.attributes == {ground.specimen.text: ("something",)}
        assert (some.id, some.version) == (entry.id, entry.version)
        assert (await ground.people.read(entry.id, frozenset())).attributes == {}

    async def test_a_read_leaves_out_what_nobody_asked_for_by_name(self, ground: Ground) -> None:
        entry = await ground.person()
        group = await ground.group(entry)
        shown = await ground.people.read(entry.id)
        assert not any(name.startswith("@") for name in shown.attributes)
        assert MEMBERS not in (await ground.groups.read(group.id)).attributes

    async def test_hostile_text_is_kept_to_the_letter_or_refused(self, ground: Ground) -> None:
        text, kept = ground.specimen.text, 0
        for value in HOSTILE_TEXTS:
            try:
                entry = await ground.person(**{text: value})
            except InvalidValue:
                continue
            kept += 1
            assert entry.attributes[text] == (value,)
            assert (await ground.people.read(entry.id)).attributes[text] == (value,)
            changed = await ground.people.update(entry.id, [Change(Kind.REPLACE, text, (f"{value}{value}",))])
            assert changed is not None
            assert changed.attributes[text] == (f"{value}{value}",)
        assert kept > len(HOSTILE_TEXTS) // 2, "most of these are ordinary text"

    async def test_text_that_no_backend_can_hold_is_refused_or_kept(self, ground: Ground) -> None:
        kept = set()
        for value in ("a\0b", "half \ud800 a character"):
            try:
                entry = await ground.person(**{ground.specimen.text: value})
            except InvalidValue:
                pass
            else:
                kept.add(entry.id)
                assert (await ground.people.read(entry.id)).attributes[ground.specimen.text] == (value,)
        assert await ground.found() == kept

    async def test_hostile_names_are_kept_to_the_letter_or_refused(self, ground: Ground) -> None:
        name = ground.specimen.name
        for value in (
            " both ends ",
            "a,ou=admins",
            "a+b=c",
            'q"uote',
            "back\\slash",
            "#first",
            "*",
            "(x)",
            "Ö/ö",
            "a;b",
        ):
            try:
                entry = await ground.person(**{name: value})
            except InvalidValue:
                continue
            assert (await ground.people.read(entry.id)).attributes[name] == (value,), value
            assert len(await ground.found()) == 1
            await ground.people.delete(entry.id)

    async def test_booleans_numbers_and_dates_come_back_as_they_went(self, ground: Ground) -> None:
        for kind, values in (
            ("boolean", (True, False)),
            ("number", (0, -7, 2**31 - 1)),
            ("moment", ("2024-02-29T12:30:15Z", "1999-12-31T23:59:59Z")),
        ):
            attribute = getattr(ground.specimen, kind)
            for value in values if attribute else ():
                entry = await ground.person(**{attribute: value})
                assert (await ground.people.read(entry.id)).attributes[attribute] == (value,)

    async def test_a_secret_is_written_and_never_read(self, ground: Ground) -> None:
        secret = ground.kind("secret")
        entry = await ground.person(**{secret: "correct horse"})
        assert secret not in entry.attributes
        assert secret not in (await ground.people.read(entry.id, frozenset({secret}))).attributes
        changed = await ground.people.update(entry.id, [Change(Kind.REPLACE, secret, ("battery staple",))])
        assert changed is not None
        assert secret not in changed.attributes

    async def test_an_id_outlives_a_rename_and_is_not_the_name(self, ground: Ground) -> None:
        name = ground.specimen.name
        entry = await ground.person(**{name: "before"})
        renamed = await ground.people.update(entry.id, [Change(Kind.REPLACE, name, ("after",))])
        assert renamed is not None
        assert (renamed.id, renamed.attributes[name]) == (entry.id, ("after",))
        assert (await ground.people.read(entry.id)).attributes[name] == ("after",)
        other = await ground.person(**{name: "before"})
        assert other.id != entry.id, "the id follows the name"
        assert "before" not in other.id
        assert "after" not in renamed.id

    async def test_memberships_outlive_a_rename(self, ground: Ground) -> None:
        entry = await ground.person(**{ground.specimen.name: "before"})
        group = await ground.group(entry)
        await ground.people.update(entry.id, [Change(Kind.REPLACE, ground.specimen.name, ("after",))])
        assert await ground.members(group) == {entry.id}

    async def test_what_is_not_there_is_not_found(self, ground: Ground) -> None:
        kept = await ground.person()
        change = [Change(Kind.REPLACE, ground.specimen.text, ("x",))]
        for id in HOSTILE_IDS:
            with pytest.raises(NotFound):
                await ground.people.read(id)
            with pytest.raises(NotFound):
                await ground.people.update(id, change)
            with pytest.raises(NotFound):
                await ground.people.delete(id)
        assert await ground.people.read(kept.id) == kept

    async def test_an_id_of_another_collection_is_not_found(self, ground: Ground) -> None:
        person = await ground.person()
        group = await ground.group(person)
        if ground.people.spec.options == ground.groups.spec.options or person.id == group.id:
            pytest.skip("both collections count alike")
        with pytest.raises(NotFound):
            await ground.groups.read(person.id)
        with pytest.raises(NotFound):
            await ground.people.delete(group.id)
        assert await ground.members(group) == {person.id}

    async def test_a_unique_value_is_taken_once_whatever_its_case(self, ground: Ground) -> None:
        unique = ground.kind("unique")
        first = await ground.person(**{unique: "Ann.One@example.com"})
        second = await ground.person(**{unique: "two@example.com"})
        for value in ("Ann.One@example.com", "ann.one@EXAMPLE.com"):
            with pytest.raises(AlreadyExists):
                await ground.person(**{unique: value})
            with pytest.raises(AlreadyExists):
                await ground.people.update(second.id, [Change(Kind.REPLACE, unique, (value,))])
        assert await ground.people.read(second.id) == second
        assert await ground.found() == {first.id, second.id}
        same = await ground.people.update(first.id, [Change(Kind.REPLACE, unique, ("ANN.one@example.com",))])
        assert same is not None, "one's own value in another case is not taken"

    async def test_the_deleted_are_gone(self, ground: Ground) -> None:
        entry, kept = await ground.persons(2)
        await ground.people.delete(entry.id)
        with pytest.raises(NotFound):
            await ground.people.read(entry.id)
        with pytest.raises(NotFound):
            await ground.people.delete(entry.id)
        assert await ground.found() == {kept.id}

    async def test_delete_takes_memberships_along(self, ground: Ground) -> None:
        gone, kept = await ground.persons(2)
        group = await ground.group(gone, kept)
        other = await ground.group(kept)
        await ground.people.delete(gone.id)
        assert await ground.members(group) == {kept.id}
        await ground.groups.delete(other.id)
        entry = await ground.people.read(kept.id, frozenset({GROUPS}))
        assert ids_of(entry, GROUPS) == {group.id}

    async def test_a_reference_to_the_deleted_is_not_shown(self, ground: Ground) -> None:
        reference = ground.kind("reference")
        boss = await ground.person()
        entry = await ground.person(**{reference: Ref(boss.id)})
        assert entry.attributes[reference] == (Ref(boss.id),)
        await ground.people.delete(boss.id)
        assert reference not in (await ground.people.read(entry.id)).attributes

    async def test_a_reference_to_the_deleted_is_not_to_their_namesake(self, ground: Ground) -> None:
        reference = ground.kind("reference")
        named = ground.specimen.fill(9_999)
        boss = await ground.people.create(named)
        entry = await ground.person(**{reference: Ref(boss.id)})
        await ground.people.delete(boss.id)
        await ground.people.create(named)
        assert reference not in (await ground.people.read(entry.id)).attributes
