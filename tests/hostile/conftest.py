"""One gateway for all of this; each test adds what it needs and asks for its own."""

import re
from collections.abc import Iterator

import pytest

from tests.backends.slapd import running
from tests.hostile.ground import Ground, grounds


@pytest.fixture(scope="session")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Ground]]:
    folder = tmp_path_factory.mktemp("hostile")
    with running(folder / "slapd") as directory, grounds(folder, directory) as made:
        yield made


@pytest.fixture(params=["embedded", "openldap"])
def ground(both: dict[str, Ground], request: pytest.FixtureRequest) -> Iterator[Ground]:
    """One of the two; afterwards its log is looked through for what should not be there."""
    chosen = both[request.param]
    start = chosen.log.stat().st_size
    yield chosen
    said = chosen.log.read_bytes()[start:].decode("utf-8", "replace")
    said = re.sub(r'"path":"[^\n]*","status"', "", said)  # what was asked for is told as it was asked
    assert "Traceback" not in said
    for secret in chosen.secrets:
        assert secret in (".py", "sqlite", "ldap3") or secret not in said, f"{secret!r} is in the log"
