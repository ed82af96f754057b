"""Real targets under fire, each behind a gate: slapd with ``openldap``, PostgreSQL and MariaDB with ``sql``, and
Workroom (``examples/application``)."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.backends.mariadb import Mariadb
from tests.backends.postgres import Postgres
from tests.backends.slapd import Slapd
from tests.backends.workroom import Workroom
from tests.faults.gate import Gate, http_writes, ldap_writes, mariadb_commits, postgres_commits
from tests.journeys.directories import Told
from tests.journeys.in_slapd import InSlapd
from tests.journeys.in_sql import InApplication
from tests.journeys.in_workroom import InWorkroom

Options = Mapping[str, Any]


class Target:
    """One backend: what config.toml says of it, what stands in it, and its switches.

    :param options: ``[target.it]``, through the gate. :param seen: reads beside the gateway.
    """

    def __init__(
        self,
        server: Slapd | Postgres | Mariadb | Workroom,
        seen: InSlapd | InApplication | InWorkroom,
        gate: Gate,
        options: Options,
    ) -> None:
        self.server, self.seen, self.gate, self.options = server, seen, gate, options
        self.mapping = seen.mapping

    def users(self, scene: str) -> dict[str, Told]:
        """name → what stands there, of the users of one scene; a user twice would be an error already."""
        told = self.seen.content(())["user"]
        return {name.partition("@")[0]: user for name, user in told.items() if name.endswith(f"@{scene}.example")}

    def active(self, scene: str) -> dict[str, bool]:
        """name → whether the target lets the user in."""
        return {name: told["active"] is True for name, told in self.users(scene).items()}

    def groups(self, scene: str) -> dict[str, set[str]]:
        """name → members, of the groups of one scene."""
        told = self.seen.content(())["group"]
        return {
            name.removesuffix(f" of {scene}"): {each.partition("@")[0] for each in group["members"]}
            for name, group in told.items()
            if name.endswith(f" of {scene}")
        }

    def kill(self) -> None:
        self.server.kill()

    def start(self) -> None:
        self.server.start()

    def freeze(self) -> None:
        self.server.pause()

    def thaw(self) -> None:
        self.server.resume()


def slapd_target(server: Slapd) -> Target:
    """A directory with nothing but its organisational units."""
    server.reset()
    gate = Gate(server.port, ldap_writes)
    seen = InSlapd(server)
    options = {
        **seen.target(),
        "urls": [f"ldap://127.0.0.1:{gate.port}"],
        "timeouts": {"connect": 1, "answer": 2},
        "retry": {"attempts": 3, "deadline": "2s"},
    }
    return Target(server, seen, gate, options)


def rest_target(server: Workroom) -> Target:
    """An application behind a REST API, with nobody in it."""
    server.clear()
    gate = Gate(server.port, http_writes)
    seen = InWorkroom(server, str(Path(__file__).parent / "workroom.toml"))
    options = {
        **seen.target(),
        "base": f"http://127.0.0.1:{gate.port}",
        "timeouts": {"connect": 1, "answer": 2},
        "retry": {"attempts": 3, "deadline": "2s"},
    }
    return Target(server, seen, gate, options)


def postgres_target(server: Postgres) -> Target:
    """An application's database with its tables, empty."""
    return _database(server, postgres_commits)


def mariadb_target(server: Mariadb) -> Target:
    """The same, on the other server."""
    return _database(server, mariadb_commits)


def _database(server: Postgres | Mariadb, commits: Callable[[bytes], bool]) -> Target:
    server.resume()
    server.start()
    url = server.database()
    gate = Gate(server.port, commits)
    seen = InApplication(url, server)
    options = {
        "kind": "sql",
        "url": url.replace(f":{server.port}/", f":{gate.port}/"),
        "timeout": 2,
        "retry": {"attempts": 3, "deadline": "2s"},
    }
    return Target(server, seen, gate, options)
