"""A target under fire and a gateway before it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.process import Process, configured
from tests.faults.targets import Target, mariadb_target, postgres_target, rest_target, slapd_target

BACKENDS = {
    "slapd": slapd_target,
    "postgres": postgres_target,
    "mariadb": mariadb_target,
    "shared_workroom": rest_target,
}


@pytest.fixture(scope="module", params=BACKENDS)
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    """A target, empty at first; the tests of a module share it, each with names of its own."""
    found = BACKENDS[request.param](request.getfixturevalue(request.param))
    yield found
    found.start()
    found.thaw()
    found.gate.close()


@pytest.fixture(scope="module")
def gateway(target: Target, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """The gateway in a process, started; shared as the target is."""
    folder: Path = tmp_path_factory.mktemp("gateway")
    process = Process(configured(folder, target.options, target.mapping))
    try:
        process.start()
        yield process
    finally:
        process.close()


@pytest.fixture(autouse=True)
def fair_weather(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a test did to the target ends with it."""
    yield
    if "target" in request.fixturenames:
        found: Target = request.getfixturevalue("target")
        found.start()
        found.thaw()
        found.gate.drop()
