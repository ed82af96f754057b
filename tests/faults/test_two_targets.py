"""One gateway, two targets: what one of them suffers is not the other's business."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backends.postgres import Postgres
from tests.backends.slapd import Slapd
from tests.faults.process import Process, configured
from tests.faults.targets import Target, postgres_target, slapd_target
from tests.faults.words import Request, is_503, made, patch, person, soon

OTHER = "/scim/other"
CROWD = 12


@pytest.fixture
def targets(slapd: Slapd, postgres: Postgres) -> Iterator[tuple[Target, Target]]:
    """A directory and a database."""
    pair = slapd_target(slapd), postgres_target(postgres)
    yield pair
    for each in pair:
        each.start()
        each.thaw()
        each.gate.close()


@pytest.fixture
def gateway(targets: tuple[Target, Target], tmp_path: Path) -> Iterator[Process]:
    """The gateway before both; the database's connection is at ``OTHER``."""
    directory, database = targets
    more = {
        "target.other": database.options,
        "connection.other": {"path": OTHER, "target": "other", "mapping": database.mapping},
    }
    process = Process(configured(tmp_path, directory.options, directory.mapping, more=more))
    try:
        process.start()
        yield process
    finally:
        process.close()


def elsewhere(request: Request) -> Request:
    """The same request to the other connection."""
    method, path, body = request
    return method, f"{OTHER}{path}", body


def test_rule_16_a_frozen_target_keeps_no_deprovisioning_of_another_waiting(
    gateway: Process, targets: tuple[Target, Target]
) -> None:
    directory, database = targets
    crowd = [made(gateway, person("crowd", f"u{number}")) for number in range(CROWD)]
    ann = made(gateway, elsewhere(person("crowd", "ann")))
    directory.freeze()
    database.kill()
    answers = [gateway.begin(*patch(id, active=False)) for id in crowd]
    answers.append(gateway.begin(*elsewhere(patch(ann, active=False))))
    for answer in answers:
        is_503(answer.result(30))
    assert gateway.ask(*elsewhere(("GET", "/Users", None))).status == 503
    database.start()
    soon(lambda: not database.active("crowd")["ann"], patience=15)
    assert gateway.ask(*elsewhere(person("crowd", "bob"))).status == 201
    directory.thaw()
    soon(lambda: not any(directory.active("crowd").values()))
