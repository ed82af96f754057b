"""Assertions: what is confirmed is found again, by id, anchor, externalId and ledger value."""

import pytest

from gateway.ledger import Ledger, LedgerConflict
from gateway.ledger.model import Confirmed, Deferred
from tests.ledger.words import GROUPS, OTHERS, USERS, intent, write

pytestmark = pytest.mark.anyio


async def test_a_confirmed_write_is_read_back_as_it_was(ledger: Ledger) -> None:
    made = await write(
        ledger,
        "a1",
        document={"userName": "ann", "name": {"givenName": "Änn"}},
        external_id="00u1",
        stored={"externalId": "00u1"},
        overlay={"userName": "x"},
        deferred=(Deferred("urn:x:User:manager.value", "User", "bob"),),
        origin="adopted",
    )
    assert await ledger.get(USERS, "a1") == made
    assert made.document == {"userName": "ann", "name": {"givenName": "Änn"}}
    assert (made.life, made.work, made.origin, made.version) == ("live", "settled", "adopted", 0)
    assert made.created == made.modified == made.confirmed
    assert await ledger.by_ids(USERS, ["a1", "zz"]) == {"a1": made}
    assert await ledger.by_anchors(USERS, ["a1", "zz"]) == {"a1": made}
    assert await ledger.by_external(USERS, "00u1") == [made]
    assert await ledger.get(GROUPS, "a1") is None


async def test_rule_14_passwords_and_rule_17_members_never_enter_the_document(ledger: Ledger) -> None:
    meant = intent(proposed={"userName": "ann", "password": "s3cret", "members": [{"value": "b"}]})
    await ledger.record(meant)
    assert (await ledger.unsettled())[0].proposed == {"userName": "ann"}
    made = await ledger.confirm(meant, Confirmed("a1", "a1", document=dict(meant.proposed or {})))
    assert made.document == {"userName": "ann"}
    assert await ledger.get(USERS, "a1") == made


async def test_a_later_write_keeps_what_it_does_not_name(ledger: Ledger) -> None:
    first = await write(ledger, "a1", document={"userName": "ann"}, external_id="E", stored={"x": "1", "y": "2"})
    second = await write(ledger, "a1", stored={"x": None, "z": "3"})
    assert second.document == {"userName": "ann"}
    assert second.external_id == "E"
    assert second.stored == {"y": "2", "z": "3"}
    assert second.created == first.created
    assert (await write(ledger, "a1", external_id="")).external_id is None


async def test_documents_are_found_by_whom_they_name(ledger: Ledger) -> None:
    odd = 'o"d\\d\u00e9%_' + "x" * 3000
    made = [
        await write(ledger, id, document={"x": {"y": odd}, "n": id}, refers=frozenset({odd, id})) for id in ("a1", "a2")
    ]
    await write(ledger, "a3", document={"x": "od"}, refers=frozenset({"od", "a3"}))
    await write(ledger, "a3", life="deleted")
    found = await ledger.naming(USERS, [odd])
    assert sorted(one.id for one in found) == ["a1", "a2"]
    assert await ledger.naming(USERS, ["a1", "a1"]) == [made[0]]
    assert await ledger.naming(USERS, [odd[:3], odd[:-1], "a3", "od", "%"]) == []
    assert await ledger.naming(OTHERS, ["a1"]) == []
    await write(ledger, "a1", changed=False)
    assert [one.id for one in await ledger.naming(USERS, ["a1"])] == ["a1"], "what was kept goes on naming them"
    await write(ledger, "a1", document={"x": "other"})
    assert await ledger.naming(USERS, ["a1"]) == []


async def test_rule_06_a_write_that_changes_nothing_changes_neither_version_nor_time(ledger: Ledger) -> None:
    first = await write(ledger, "a1", stored={"x": "1"})
    same = await write(ledger, "a1", stored={"x": "1"}, changed=False)
    assert (same.version, same.modified) == (first.version, first.modified)
    seen = await write(ledger, "a1", stored={"x": "2"}, changed=False)
    assert seen.version == first.version + 1
    assert seen.modified is not None
    assert first.modified is not None
    assert seen.modified > first.modified


async def test_rule_13_the_live_owner_speaks_for_an_object_whoever_asks(ledger: Ledger) -> None:
    await write(ledger, "a1", document={"userName": "theirs"}, life="deleted")
    live = await write(ledger, "a1", OTHERS, document={"userName": "ours"})
    assert await ledger.get(USERS, "a1") == live
    assert (await ledger.by_anchors(USERS, ["a1"]))["a1"] == live


async def test_rule_13_the_database_itself_refuses_a_second_live_owner(ledger: Ledger) -> None:
    await write(ledger, "a1")
    with pytest.raises(LedgerConflict):
        await write(ledger, "a1", OTHERS)
    owner = await ledger.get(OTHERS, "a1")
    assert owner is not None
    assert owner.connection == "okta"
    assert len(await ledger.unsettled(OTHERS)) == 1


async def test_rule_20_a_deleted_object_is_hidden_until_somebody_owns_the_entry_again(ledger: Ledger) -> None:
    await write(ledger, "a1")
    assert await ledger.hidden(USERS) == frozenset()
    await write(ledger, "a1", life="deleted")
    assert await ledger.hidden(USERS) == {"a1"}
    assert await ledger.hidden(OTHERS) == {"a1"}
    assert await ledger.hidden(GROUPS) == frozenset()
    await write(ledger, "a1", OTHERS)
    assert await ledger.hidden(USERS) == frozenset()


async def test_rule_24_an_entry_that_was_replaced_stays_hidden_and_the_id_stays(ledger: Ledger) -> None:
    await write(ledger, "a1")
    await write(ledger, "a1", anchor="b2", retired=("a1",))
    seen = await ledger.seen(USERS)
    assert seen.hidden == {"a1"}
    assert (seen.id_of("b2"), seen.anchor_of("a1"), seen.anchor_of("b2")) == ("a1", "b2", None)
    assert (await ledger.by_anchors(USERS, ["b2"]))["b2"].id == "a1"


async def test_an_anchor_used_again_belongs_to_the_new_object(ledger: Ledger) -> None:
    await write(ledger, "7", life="deleted")
    await write(ledger, "new", anchor="7")
    assert await ledger.hidden(USERS) == frozenset()
    assert (await ledger.by_anchors(USERS, ["7"]))["7"].id == "new"
    gone = await ledger.get(USERS, "7")
    assert gone is not None
    assert (gone.life, gone.anchor) == ("deleted", None)


async def test_ledger_values_are_found_by_every_operator(ledger: Ledger) -> None:
    await write(ledger, "a", stored={"externalId": "Anna", "level": 5})
    await write(ledger, "b", stored={"externalId": "bert", "tags": ["x", "Y"]})
    await write(ledger, "c", stored={"externalId": "anna" + "x" * 5000})
    await write(ledger, "gone", life="deleted", stored={"externalId": "anna"})

    async def found(op: str, value: object, path: str = "externalId", **more: bool) -> str:
        return "".join(sorted(await ledger.stored_ids(USERS, path, op, value, **more)))

    assert await found("eq", "anna") == "a"
    assert await found("eq", "anna", case_exact=True) == ""
    assert await found("eq", "ANNA" + "X" * 5000) == "c"
    assert await found("ne", "anna") == "bc"
    assert await found("sw", "AN") == "ac"
    assert await found("ew", "rt") == "b"
    assert await found("co", "nn") == "ac"
    assert await found("pr", None) == "abc"
    assert await found("gt", "anna") == "bc"
    assert await found("ge", "anna") == "abc"
    assert await found("lt", "b") == "ac"
    assert await found("le", "anna") == "a"
    assert await found("eq", 5, "level") == "a"
    assert await found("eq", "y", "tags") == "b"
    assert await found("eq", "anna", "other") == ""


async def test_rule_18_deferred_references_are_found_by_whom_they_wait_for(ledger: Ledger) -> None:
    waits = Deferred("urn:x:User:manager.value", "User", "boss-1")
    await write(ledger, "a1", deferred=(waits,))
    assert await ledger.waiting_for(USERS, ["boss-1", "other"]) == [(USERS, "a1", waits)]
    assert await ledger.waiting_for(GROUPS, ["boss-1"]) == []
    assert await ledger.waiting_for(OTHERS, ["boss-1"]) == []
    await write(ledger, "a1", deferred=())
    assert await ledger.waiting_for(USERS, ["boss-1"]) == []


async def test_rule_01_what_readers_see_otherwise_than_the_target_is_listed(ledger: Ledger) -> None:
    await write(ledger, "plain", stored={"externalId": "x"})
    await write(ledger, "absent", anchor=None, life="absent")
    await write(ledger, "renamed", overlay={"userName": "0123"})
    await write(ledger, "waits", deferred=(Deferred("manager.value", "User", "x"),))
    await write(ledger, "gone", overlay={"userName": "x"}, life="deleted")
    assert [one.id for one in await ledger.special(USERS)] == ["absent", "renamed", "waits"]
    assert [one.id for one in await ledger.absent(USERS)] == ["absent"]
    await write(ledger, "renamed", overlay={"userName": None})
    assert [one.id for one in await ledger.special(USERS)] == ["absent", "waits"]


async def test_hostile_texts_are_stored_and_found(ledger: Ledger) -> None:
    nasty = "a\0b'\"%_\\ \ud800 ;--"
    await write(ledger, "a1", external_id=nasty, stored={"externalId": nasty.replace("\ud800", "")})
    assert [one.id for one in await ledger.by_external(USERS, nasty)] == ["a1"]
    assert await ledger.stored_ids(USERS, "externalId", "eq", nasty.replace("\ud800", "")) == {"a1"}
    assert await ledger.get(USERS, nasty) is None
    assert await ledger.by_ids(USERS, [nasty]) == {}
    assert await ledger.by_anchors(USERS, [nasty]) == {}


async def test_relink_writes_rows_as_given(ledger: Ledger) -> None:
    made = await write(ledger, "a1", stored={"externalId": "E"})
    (row,) = await ledger.assertions(USERS)
    assert row == made
    other = await Ledger.open("sqlite://")
    await other.rebuild([row])
    assert await other.assertions(USERS) == [made]
    assert await other.stored_ids(USERS, "externalId", "eq", "e") == {"a1"}
    await other.close()
