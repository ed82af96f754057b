"""Record, confirm, abandon; pending work; members; the audit."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.ledger import Ledger, LedgerConflict
from gateway.ledger.model import AuditChange, AuditLine, Confirmed, Goal
from tests.ledger.words import GROUPS, NOON, OTHERS, USERS, intent, pending, write

pytestmark = pytest.mark.anyio


async def test_an_intent_is_there_from_record_until_confirm(ledger: Ledger) -> None:
    meant = intent(match=("userName=ann",), before={"cn": ("Ann",), "photo": (b"\xff",)}, reducing=Goal(delete=True))
    await ledger.record(meant)
    (found,) = await ledger.unsettled()
    assert replace(found, before=None) == replace(meant, before=None)
    assert found.before == {"cn": ["Ann"], "photo": ["ff"]}
    assert await ledger.unsettled(USERS, match=["userName=ann", "x"]) == [found]
    assert await ledger.unsettled(USERS, match=["userName=bob"]) == []
    assert await ledger.unsettled(OTHERS) == []
    await ledger.confirm(meant, Confirmed("a1", "a1"))
    assert await ledger.unsettled() == []


async def test_recording_grows_the_generation(ledger: Ledger) -> None:
    await write(ledger, "a1")
    await write(ledger, "a1")
    found = await ledger.get(USERS, "a1")
    assert found is not None
    assert found.generation == 1


async def test_an_intent_cannot_be_recorded_twice(ledger: Ledger) -> None:
    meant = intent()
    await ledger.record(meant)
    with pytest.raises(LedgerConflict):
        await ledger.record(meant)


async def test_rule_16_an_abandoned_write_leaves_only_what_reduces(ledger: Ledger) -> None:
    await write(ledger, "a1", document={"userName": "ann", "active": True})
    meant = intent(operation="patch", id="a1", proposed={"userName": "new", "active": False})
    await ledger.record(meant)
    await ledger.abandon(meant, "the directory is away", park=pending("a1"))
    found = await ledger.get(USERS, "a1")
    assert found is not None
    assert found.document == {"userName": "ann", "active": True}
    assert found.work == "pending"
    assert await ledger.unsettled() == []
    assert [one.goal for one in await ledger.due(NOON, 10)] == [Goal(deactivate=True)]
    assert [line.outcome for line in await ledger.audit(resource="a1")] == ["done", "pending"]


async def test_rule_16_an_abandoned_write_without_reduction_leaves_nothing(ledger: Ledger) -> None:
    meant = intent()
    await ledger.record(meant)
    await ledger.abandon(meant, "400", outcome="refused")
    assert await ledger.unsettled() == []
    assert await ledger.pending() == []
    assert [line.outcome for line in await ledger.audit()] == ["refused"]


async def test_goals_of_one_object_add_up(ledger: Ledger) -> None:
    await ledger.park(pending("g", Goal(remove_members=frozenset("ab"))))
    await ledger.park(pending("g", Goal(remove_members=frozenset("c"), delete=True, must=("x",))))
    (one,) = await ledger.pending(USERS, "g")
    assert one.goal == Goal(delete=True, remove_members=frozenset("abc"), must=("x",))
    assert one.generation == 1


async def test_work_is_due_in_order_put_off_and_finished(ledger: Ledger) -> None:
    await ledger.park(pending("late", next_due=NOON + timedelta(minutes=1)))
    await ledger.park(pending("soon", next_due=NOON - timedelta(minutes=1)))
    await ledger.park(pending("now"))
    assert [one.id for one in await ledger.due(NOON, 10)] == ["soon", "now"]
    assert [one.id for one in await ledger.due(NOON, 1)] == ["soon"]
    (soon, _) = await ledger.due(NOON, 10)
    await ledger.reschedule(soon, NOON + timedelta(hours=1), "still away")
    assert [one.id for one in await ledger.due(NOON, 10)] == ["now"]
    (again,) = await ledger.pending(USERS, "soon")
    assert (again.attempts, again.reason) == (1, "still away")
    await ledger.reschedule(again, NOON, "no rights", failed=True)
    assert [one.id for one in await ledger.due(NOON, 10)] == ["now"]
    assert [one.id for one in await ledger.pending() if one.failed] == ["soon"]
    assert await ledger.finish(again)
    assert await ledger.pending(USERS, "soon") == []


async def test_work_parked_again_outlives_a_worker_that_is_late(ledger: Ledger) -> None:
    await write(ledger, "a1")
    await ledger.park(pending("a1"))
    (old,) = await ledger.due(NOON, 1)
    await ledger.park(pending("a1", Goal(delete=True)))
    assert not await ledger.finish(old)
    await ledger.reschedule(old, NOON + timedelta(days=1), "late")
    (new,) = await ledger.due(NOON, 1)
    assert new.goal == Goal(deactivate=True, delete=True)
    assert await ledger.finish(new)
    settled = await ledger.get(USERS, "a1")
    assert settled is not None
    assert settled.work == "settled"


async def test_confirm_settles_and_parks_in_the_same_breath(ledger: Ledger) -> None:
    await ledger.park(pending("a1"))
    done = await write(ledger, "a1", settled=True)
    assert (done.work, await ledger.pending()) == ("settled", [])
    left = await write(ledger, "a1", park=pending("a1", Goal(must=("sessions",))))
    assert left.work == "pending"
    assert [one.goal.must for one in await ledger.pending()] == [("sessions",)]


async def test_rule_17_members_are_rows(ledger: Ledger) -> None:
    await write(ledger, "g", GROUPS, members_added=frozenset("abc"), members_held=frozenset("h"))
    assert await ledger.asserted_members(GROUPS, "g") == frozenset("abch")
    assert await ledger.held_members(GROUPS, ["g", "x"]) == {"g": ["h"]}
    assert await ledger.held_groups(GROUPS, ["h", "a"]) == {"h": ["g"]}
    assert await ledger.held(GROUPS) == [("g", "h")]
    assert await ledger.memberships(USERS, "a") == [("Group", "g")]
    await write(ledger, "g", GROUPS, members_added=frozenset("h"), members_removed=frozenset("a"))
    assert await ledger.asserted_members(GROUPS, "g") == frozenset("bch")
    assert await ledger.held_members(GROUPS, ["g"]) == {}
    await write(ledger, "b", life="deleted", forget_memberships=True)
    assert await ledger.asserted_members(GROUPS, "g") == frozenset("ch")
    await write(ledger, "g", GROUPS, members_cleared=True, members_added=frozenset("z"))
    assert await ledger.asserted_members(GROUPS, "g") == frozenset("z")


async def test_memberships_of_someone_absent_are_held(ledger: Ledger) -> None:
    await write(ledger, "g", GROUPS, members_added=frozenset("ab"))
    seen = await ledger.seen(GROUPS)
    assert not seen.holds
    await write(ledger, "a", anchor=None, life="absent")
    assert await ledger.held_members(GROUPS, ["g"]) == {"g": ["a"]}
    assert await ledger.asserted_members(GROUPS, "g") == frozenset("ab")
    assert (await ledger.seen(GROUPS)).holds, "readers look anew"


async def test_ten_thousand_members_are_one_statement(ledger: Ledger) -> None:
    many = frozenset(f"user-{number}" for number in range(10_000))
    await write(ledger, "g", GROUPS, members_added=many)
    assert await ledger.asserted_members(GROUPS, "g") == many


async def test_the_audit_says_who_did_what_and_is_asked_by_any_of_it(ledger: Ledger) -> None:
    meant = intent(operation="patch", id="a1", actor="okta-token", request_id="r-1", before={"cn": ["Ann"]})
    change = AuditChange("name.formatted", "cn", "Ann", "Anna")
    await ledger.record(meant)
    await ledger.confirm(meant, Confirmed("a1", "a1", changes=(change,)))
    await ledger.note(AuditLine(NOON, "entra", "delete", "refused", actor="other", id="b", detail="protected"))
    (line,) = await ledger.audit(connection="okta")
    assert (line.operation, line.resource_type, line.id, line.actor) == ("patch", "User", "a1", "okta-token")
    assert (line.request_id, line.changes, line.before) == ("r-1", (change,), {"cn": ["Ann"]})
    assert [one.id for one in await ledger.audit()] == ["a1", "b"]
    assert [one.id for one in await ledger.audit(limit=1)] == ["b"]
    assert [one.id for one in await ledger.audit(resource="a1")] == ["a1"]
    assert [one.id for one in await ledger.audit(outcome="refused", actor="other")] == ["b"]
    assert [one.id for one in await ledger.audit(since=NOON + timedelta(seconds=1))] == ["a1"]
