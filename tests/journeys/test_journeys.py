"""Every dialogue in ``dialogues/`` on every backend, the target's content compared after every step."""

from pathlib import Path

import pytest

from tests.backends.mariadb import Mariadb
from tests.backends.postgres import Postgres
from tests.backends.slapd import Slapd
from tests.journeys.dialogue import journey, journeys
from tests.journeys.directories import Directory
from tests.journeys.in_389 import In389
from tests.journeys.in_embedded import InEmbedded
from tests.journeys.in_keystone import InKeystone
from tests.journeys.in_memory import InMemory
from tests.journeys.in_samba import InSamba
from tests.journeys.in_scim import InScim
from tests.journeys.in_slapd import InPosix, InSlapd
from tests.journeys.in_sql import InApplication
from tests.journeys.player import Player, serving

pytestmark = pytest.mark.anyio
CASES = [(name, backend) for name, backends in journeys().items() for backend in backends]


@pytest.fixture
def directory(backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> Directory:
    """A fresh target."""
    if backend in ("openldap", "openldap-posix"):
        server: Slapd = request.getfixturevalue("slapd")
        server.reset()
        return InSlapd(server) if backend == "openldap" else InPosix(server)
    if backend == "389ds":
        return In389(request.getfixturevalue("directory_389"))
    if backend == "samba":
        return InSamba(request.getfixturevalue("domain"))
    if backend == "keystone":
        return InKeystone(request.getfixturevalue("keystone"))
    if backend == "scim":
        return InScim(request.getfixturevalue("scim_server"))
    if backend == "sql-postgresql":
        postgres: Postgres = request.getfixturevalue("postgres")
        return InApplication(request.getfixturevalue("postgres_url"), postgres)
    if backend == "sql-mariadb":
        mariadb: Mariadb = request.getfixturevalue("mariadb")
        return InApplication(request.getfixturevalue("mariadb_url"), mariadb)
    if backend == "sql-sqlite":
        return InApplication(f"sqlite:///{tmp_path}/application.db")
    return InMemory() if backend == "memory" else InEmbedded(tmp_path / "directory.db")


@pytest.mark.parametrize(("name", "backend"), CASES)
async def test_journey(name: str, backend: str, directory: Directory, tmp_path: Path) -> None:
    story = journey(name, backend)
    async with serving(tmp_path, story, directory) as client:
        player = Player(story, directory, client)
        await player.put_there()
        for step in story.step:
            await player.play(step)
    assert not player.needless, f"this backend can hold, or nobody asks for, {sorted(player.needless)}"
