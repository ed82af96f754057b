"""Who comes and who goes at this moment, and that nothing of it is looked for row by row."""

import asyncio
from typing import Any

import pytest

from gateway.ledger import Ledger, codec
from gateway.ledger import migrations as steps
from gateway.ledger.migrations import migrate
from gateway.ledger.model import Goal, Pending
from gateway.ledger.postgres import PostgresStore
from gateway.ledger.sqlite import SqliteStore, path_of
from gateway.ledger.store import Store
from tests.ledger.words import GROUPS, NOON, OTHERS, USERS, intent, write

pytestmark = pytest.mark.anyio


async def test_whoever_joins_is_found_by_their_id(ledger: Ledger) -> None:
    adds = intent(GROUPS, "patch", id="g1", adding=frozenset({"a1", "a\0b"}))
    makes = intent(GROUPS, "create", match=("cn=x",), adding=frozenset({"a1"}))
    for one in (adds, makes, intent(GROUPS, "patch", id="g2"), intent(USERS, "patch", id="a1")):
        await ledger.record(one)
    found = await ledger.joining("corp", "a1")
    assert {one.key for one in found} == {adds.key, makes.key}
    assert await ledger.joining("corp", "a\0b") == [one for one in found if one.key == adds.key]
    assert await ledger.joining("corp", "a") == await ledger.joining("elsewhere", "a1") == []
    await ledger.withdraw(makes)
    assert [one.key for one in await ledger.joining("corp", "a1")] == [adds.key]
    assert await ledger.audit() == [], "what was withdrawn was never begun"


async def test_whoever_is_taken_away_is_found_with_the_row_that_speaks_for_them(ledger: Ledger) -> None:
    row = await write(ledger, "a1")
    goes = [
        intent(USERS, "delete", id="a1", reducing=Goal(delete=True)),
        intent(OTHERS, "patch", id="a2", reducing=Goal(deactivate=True)),
        intent(USERS, "patch", id="a3", anchor="old", match=("uid=x",)),
    ]
    stays = [
        intent(USERS, "patch", id="a1"),
        intent(USERS, "restore", id="a1", match=("uid=x",)),
        intent(USERS, "delete", id="a4", reducing=Goal(delete=True)),
        intent(GROUPS, "delete", id="a1", reducing=Goal(delete=True)),
    ]
    for one in (*goes, *stays):
        await ledger.record(one)
    intents, rows = await ledger.leaving(USERS, ["a1", "a2", "a3"])
    assert {one.key for one in intents} == {one.key for one in goes}
    assert {id: (one.id, one.anchor) for id, one in rows.items()} == {"a1": (row.id, row.anchor)}


async def test_members_among_some(ledger: Ledger) -> None:
    await write(ledger, "g1", GROUPS, members_added=frozenset({"a1", "a2"}), members_held=frozenset({"a3"}))
    assert await ledger.asserted_among(GROUPS, "g1", ["a2", "a3", "a9"]) == {"a2", "a3"}
    assert await ledger.asserted_among(GROUPS, "g2", ["a2"]) == frozenset()


PLACE = {"connection": "okta", "target": "corp", "resource_type": "User"}
LOOKUPS = [
    ("naming", {**PLACE, "names": "x", "beginning": "x"}, "ledger_reference_names"),
    ("joining", {"target": "corp"}, "ledger_intent_adding"),
    ("intents_on", {"target": "corp", "resource_type": "User", "ids": '["x"]'}, "ledger_intent_object"),
]


async def test_each_look_up_finds_an_index(durable_url: str) -> None:
    ledger = await Ledger.open(durable_url)
    postgresql = durable_url.startswith("postgres")
    names = [(f"a{number}", frozenset({f"boss {number}"})) for number in range(200)]
    await asyncio.gather(*(write(ledger, id, document={"x": id}, refers=refers) for id, refers in names))

    def plan(session: Any) -> dict[str, list[str]]:
        if postgresql:  # which reads a table of a few rows from end to end, unless it is told how dear that were
            session.execute("SET LOCAL enable_seqscan = off")
            session.execute("ANALYZE")
        word = "EXPLAIN " if postgresql else "EXPLAIN QUERY PLAN "
        told = {name: session.execute(word + getattr(ledger._s, name), key).fetchall() for name, key, _ in LOOKUPS}
        return {name: [str(row[-1]) for row in rows] for name, rows in told.items()}

    told = await ledger._store.write(plan)
    await ledger.close()
    for name, _, index in LOOKUPS:
        assert any(index in line for line in told[name]), told[name]
        scans = [line for line in told[name] if "Seq Scan" in line or ("SCAN" in line and "VIRTUAL" not in line)]
        assert scans == [], told[name]


def _store(url: str) -> Store:
    return PostgresStore(url) if url.startswith("postgres") else SqliteStore(path_of(url))


async def test_a_ledger_of_schema_1_goes_on_knowing_whom_its_documents_name(durable_url: str) -> None:
    store = _store(durable_url)
    await migrate(store, steps.STEPS[:1])
    row = dict.fromkeys(("connection", "target", "resource_type", "id", "anchor", "document"), "")
    row |= {**PLACE, "id": "a1", "anchor": "a1"}
    row["document"] = (
        '{"userName":"ann\\u0000","urn:x:User":{"manager":{"value":"o\\"d é"}},"emails":[{"value":"a@x"}]}'
    )
    mark = "%({})s" if durable_url.startswith("postgres") else ":{}"
    given = ", ".join(mark.format(name) for name in row)
    moment = "'2026-01-02T12:00:00+00:00'"
    constants = f"'{{}}', '{{}}', '[]', 'live', 'settled', 'created', 0, 0, {moment}, {moment}, 0"
    rest = "stored, overlay, deferred, life, work, origin, generation, version, created, modified, special"
    statement = f"INSERT INTO ledger_assertion ({', '.join(row)}, {rest}) VALUES ({given}, {constants})"
    await store.write(lambda session: session.execute(statement, row).rowcount)
    await store.close()
    ledger = await Ledger.open(durable_url)
    for named in ('o"d é', "a@x"):
        assert [one.id for one in await ledger.naming(USERS, [named])] == ["a1"]
    assert await ledger.naming(USERS, ["true", "o"]) == []
    await ledger.close()


async def test_whoever_may_have_become_a_member_unheard_is_doubtful(ledger: Ledger) -> None:
    await write(ledger, "g1", GROUPS, members_added=frozenset({"a1"}))
    for outcome in (None, "refused", "unchanged"):
        meant = intent(GROUPS, "patch", id="g1", adding=frozenset({"a1", f"of {outcome}"}))
        await ledger.record(meant)
        await ledger.abandon(meant, "away", outcome=outcome)  # type: ignore[arg-type]
    assert await ledger.asserted_members(GROUPS, "g1") == {"a1", "of None"}
    assert await ledger.doubtful_members(GROUPS, "g1") == {"of None"}
    assert await ledger.memberships(GROUPS, "of None") == [("Group", "g1")]
    await write(ledger, "of None", life="absent", anchor=None)
    assert await ledger.held_members(GROUPS, ["g1"]) == {}, "nobody was told that they are a member"
    await write(ledger, "g1", GROUPS, members_added=frozenset({"of None"}))
    assert await ledger.doubtful_members(GROUPS, "g1") == frozenset()


async def test_roles_that_have_to_follow_a_group_outlive_what_is_done_to_the_group_itself(ledger: Ledger) -> None:
    roles = Goal(roles=frozenset({"a1"}))
    made = await write(ledger, "g1", GROUPS, park=Pending(GROUPS, "g1", "g1", roles, NOON))
    assert made.work == "settled"
    await ledger.park(
        Pending(GROUPS, "g1", "g1", Goal(remove_members=frozenset({"a2"}), roles=frozenset({"a3"})), NOON)
    )
    again = await ledger.get(GROUPS, "g1")
    assert again is not None
    assert again.work == "pending"
    assert (await write(ledger, "g1", GROUPS, settled=True)).work == "settled"
    (left,) = await ledger.pending(GROUPS, "g1")
    assert left.goal == Goal(roles=frozenset({"a1", "a3"}))
    assert await ledger.finish(left)
    assert await ledger.pending() == []


def test_a_goal_of_schema_1_is_read() -> None:
    row = ("okta", "corp", "User", "a1", None, '[true,false,["x"],["delete"]]', NOON.isoformat(), 0, 0, "", "", "", 0)
    assert codec.pending(row).goal == Goal(deactivate=True, remove_members=frozenset({"x"}), must=("delete",))
