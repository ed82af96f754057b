"""A target under fire and a gateway before it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.process import Process, configured
from tests.faults.targets import Target, postgres_target, slapd_target


@pytest.fixture(params=["slapd", "postgresql"])
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    """An empty target, running."""
    if request.param == "slapd":
        found = slapd_target(request.getfixturevalue("slapd"))
    else:
        url = request.getfixturevalue("postgres_url")
        found = postgres_target(request.getfixturevalue("postgres"), url)
    yield found
    found.start()
    found.thaw()
    found.gate.close()


@pytest.fixture
def gateway(target: Target, tmp_path: Path) -> Iterator[Process]:
    """The gateway in a process, started."""
    process = Process(configured(tmp_path, target.options, target.mapping))
    try:
        process.start()
        yield process
    finally:
        process.close()
