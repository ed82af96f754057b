"""The ledger is on a PostgreSQL that dies or freezes: 503, and the target is not touched (rule 12)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backends.postgres import Postgres, running
from tests.backends.slapd import Slapd
from tests.faults.outcomes import repeating_ends_it
from tests.faults.process import Process, configured
from tests.faults.targets import Target, slapd_target
from tests.faults.words import cast, is_503


@pytest.fixture(scope="module")
def target(slapd: Slapd) -> Iterator[Target]:
    """The target is well all the time."""
    found = slapd_target(slapd)
    yield found
    found.gate.close()


@pytest.fixture(scope="module")
def store() -> Iterator[Postgres]:
    """The ledger's own server."""
    with running(sync=True) as server:
        yield server


@pytest.fixture(scope="module")
def gateway(target: Target, store: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """A gateway with that ledger."""
    folder: Path = tmp_path_factory.mktemp("gateway")
    process = Process(configured(folder, target.options, target.mapping, store.url), store.url)
    try:
        process.start()
        yield process
    finally:
        store.resume()
        process.close()


def test_rule_12_a_dead_ledger_is_503_and_the_target_is_not_touched(
    gateway: Process, target: Target, store: Postgres
) -> None:
    told = cast(gateway, "dead")
    there = target.seen.traces()
    store.kill()
    reads = [("GET", f"/Users/{told.ids['ann']}", None), ("GET", "/Users", None)]
    for answer in [gateway.begin(*request) for request in [*told.writes, *reads]]:
        is_503(answer.result(40))
    assert target.seen.traces() == there, "written, and nobody would remember"
    store.start()
    assert gateway.ask(*told.writes[-1]).status == 204
    repeating_ends_it(gateway, target, told)


@pytest.mark.parametrize("how", ["killed", "frozen"])
def test_a_ledger_that_fails_between_apply_and_confirm(
    gateway: Process, target: Target, store: Postgres, how: str
) -> None:
    """The target has done it and nobody could write that down: 503, and the next look settles it."""
    told = cast(gateway, how)
    target.gate.catch("answer")
    answers = [gateway.begin(*request) for request in told.writes]
    target.gate.caught(len(answers))
    store.kill() if how == "killed" else store.pause()
    target.gate.release()
    for answer in answers:
        is_503(answer.result(35))
    store.start() if how == "killed" else store.resume()
    assert gateway.ask(*told.writes[-1]).status in (204, 404)
    repeating_ends_it(gateway, target, told)
