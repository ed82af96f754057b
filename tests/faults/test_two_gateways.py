"""Two gateways, two processes, one ledger on PostgreSQL and one target (rule 12; H3)."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from gateway.ledger.postgres import conninfo_of
from tests.backends.postgres import Postgres
from tests.faults.process import NOTHING, Process, configured
from tests.faults.targets import Target
from tests.faults.words import cast, join, leave, made, named, patch, person, remove, soon, team

Twins = tuple[Process, Process]


@pytest.fixture(scope="module")
def twins(target: Target, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twins]:
    """Both started."""
    url = postgres.database()
    pair = []
    for name in ("left", "right"):
        folder: Path = tmp_path_factory.mktemp(name)
        pair.append(Process(configured(folder, target.options, target.mapping, url), url))
    left, right = pair
    try:
        left.start()
        right.start()
        yield left, right
    finally:
        left.close()
        right.close()


def test_h3_a_token_revoked_in_one_is_refused_at_once_in_the_other(twins: Twins, target: Target) -> None:
    left, right = twins
    said = left.verb("token", "create", "short-lived").stdout.split()
    token = max((word for word in said if word.startswith("dbr-scim-")), key=len)
    assert [each.ask("GET", "/Users?count=1", token=token).status for each in twins] == [200, 200]
    revoked = left.verb("token", "revoke", "short-lived")
    assert revoked.returncode == 0, revoked.stderr
    refused = [each.ask("GET", "/Users?count=1", token=token) for each in (right, left)]
    assert [answer.status for answer in refused] == [401, 401]


def test_rule_12_one_of_many_equal_posts_wins(twins: Twins, target: Target) -> None:
    for name in ("ann", "bob", "eve"):
        answers = [each.begin(*person("race", name)) for each in twins * 4]
        statuses = sorted(answer.result(30).status for answer in answers)
        assert statuses == [201] + [409] * 7
    assert set(target.users("race")) == {"ann", "bob", "eve"}


def test_rule_12_changes_through_both_all_stand(twins: Twins, target: Target) -> None:
    left, right = twins
    ids = [made(left, person("both", f"u{number}")) for number in range(6)]
    group = made(right, team("both", "all", *ids[:3]))
    changes = [
        left.begin(*patch(ids[0], active=False)),
        right.begin(*patch(ids[0], name=named("Ann"))),
        *(right.begin(*join(group, id)) for id in ids[3:]),
        *(left.begin(*leave(group, id)) for id in ids[:3]),
    ]
    assert [change.result(30).status // 100 for change in changes] == [2] * len(changes)
    assert target.groups("both") == {"all": {"u3", "u4", "u5"}}
    assert target.users("both")["u0"]["givenName"] == "Ann"
    assert not target.active("both")["u0"]
    shown = [each.ask("GET", f"/Users/{ids[0]}").body for each in twins]
    assert shown[0]["active"] is shown[1]["active"] is False
    assert {**shown[0]["meta"], "location": ""} == {**shown[1]["meta"], "location": ""}


def waits(gateway: Process) -> bool:
    """Whether a gateway waits for a lock that another holds."""
    with psycopg.connect(conninfo_of(gateway.ledger)) as ledger:
        locks = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        return ledger.execute(locks).fetchone() is not None


@pytest.mark.parametrize("at", [1, 2])
def test_rule_20_whoever_is_deleted_through_one_joins_no_group_through_the_other(
    twins: Twins, target: Target, at: int
) -> None:
    """Held at the write that switches them off, or at that which takes them out of the group that they were in."""
    left, right = twins
    scene = f"going{at}"
    ann = made(left, person(scene, "ann"))
    made(left, team(scene, "old", ann))
    group = made(right, team(scene, "new"))
    target.gate.catch("request", only=at)
    going = right.begin(*remove(ann))
    target.gate.caught()
    joining = left.begin(*join(group, ann))
    soon(lambda: joining.done() or waits(left))
    target.gate.release()
    assert going.result(30).status == 204
    assert joining.result(30).status == 400
    assert target.groups(scene) == {"old": set(), "new": set()}


def test_rule_20_whoever_joins_a_group_through_one_leaves_it_with_a_delete_through_the_other(
    twins: Twins, target: Target
) -> None:
    left, right = twins
    ann = made(left, person("joining", "ann"))
    group = made(right, team("joining", "new"))
    target.gate.catch("request", only=1)
    joining = left.begin(*join(group, ann))
    target.gate.caught()
    going = right.begin(*remove(ann))
    soon(lambda: going.done() or waits(left))
    target.gate.release()
    assert joining.result(30).ok
    assert going.result(30).status == 204
    assert target.groups("joining") == {"new": set()}
    assert not target.active("joining").get("ann", False)


def test_rule_12_the_other_waits_for_the_lock_and_goes_on_when_its_holder_is_killed(
    twins: Twins, target: Target
) -> None:
    left, right = twins
    told = cast(left, "heir")
    target.gate.catch("answer")
    dying = [left.begin(*request) for request in told.writes]
    target.gate.caught(len(dying))
    heirs = [right.begin(*request) for request in told.writes]
    left.kill()
    target.gate.drop()
    assert [each.result(30) for each in dying] == [NOTHING] * len(dying)
    assert [each.result(40).status // 100 for each in heirs] == [2] * len(heirs)
    assert target.active("heir") == {"ann": False, "bob": True, "cal": True, "dan": False, "zoe": True}
    assert target.groups("heir") == {"one": {"ann"}, "two": {"ann", "bob"}}
    left.start()
    soon(lambda: left.ask("GET", f"/Users/{told.ids['dan']}").status == 404)
