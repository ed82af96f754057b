"""A hundred thousand people and a group of all of them, on slapd and on PostgreSQL, and a gateway in front."""

import contextlib
import hashlib
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import httpx2
import sqlalchemy as sa

from gateway.app.gateway import build
from gateway.app.parts import assemble
from gateway.config import load_config
from tests.backends.postgres import Postgres
from tests.backends.slapd import Slapd
from tests.journeys.in_sql import schema
from tests.performance.conftest import Bench

PEOPLE = 100_000
GROUPS = {"ten": range(10), "all": range(PEOPLE), "replaced": range(2_000, 12_000)}
GROUPS |= dict.fromkeys(("growing", "guarded"), range(PEOPLE - 1, PEOPLE))
"""groups and their members"""
GUARDED, FORBIDDEN = "guarded", 3_333
OUTLAW = PEOPLE - 2
"""a group, and whom the target itself does not let in; and whom it lets into none"""


def person(number: int) -> str:
    """The id of one of them."""
    return f"{number:08x}-0000-4000-8000-{number:012x}"


def group(name: str) -> str:
    """The id of a group."""
    return f"ffffffff-0000-4000-8000-{list(GROUPS).index(name):012x}"


class Huge(Protocol):
    """One backend with all that in it."""

    mapping: str

    def target(self) -> str:
        """The keys of ``[target.corp]``."""

    def counting(self) -> contextlib.AbstractContextManager[Counter[str]]:
        """Count ``operations`` and ``entries`` (rows) read within the block."""

    def members(self, name: str) -> set[str]:
        """The ids of the members of a group, read beside the gateway."""


class HugeDirectory:
    """slapd, filled offline."""

    mapping = "openldap"

    def __init__(self, server: Slapd, folder: Path) -> None:
        self.server, self._password = server, folder / "bind-password"
        self._password.write_text(server.password)
        kinds = "".join(f"objectClass: {name}\n" for name in ("top", "person", "organizationalPerson", "inetOrgPerson"))
        people = [
            f"dn: {self._dn(number)}\n{kinds}uid: user{number:06d}\ncn: user{number:06d}\nsn: User\n"
            f"entryUUID: {person(number)}\n"
            for number in range(PEOPLE)
        ]
        groups = [self._group(name, members) for name, members in GROUPS.items()]
        server.load_offline("\n".join([*people, *groups]))
        rules = [
            "{0}to attrs=userPassword by anonymous auth by * write",
            f'{{1}}to dn.base="cn={GUARDED},ou=groups,{server.base}" attrs=member'
            f' val/distinguishedNameMatch="{self._dn(FORBIDDEN)}" by * read',
            f'{{2}}to dn.children="ou=groups,{server.base}" attrs=member'
            f' val/distinguishedNameMatch="{self._dn(OUTLAW)}" by * read',
            "{3}to * by * write",
        ]
        server.configure("olcDatabase={1}mdb,cn=config", {"olcAccess": [("MODIFY_REPLACE", rules)]})

    def _dn(self, number: int) -> str:
        return f"uid=user{number:06d},ou=people,{self.server.base}"

    def _group(self, name: str, numbers: Sequence[int]) -> str:
        members = "".join(f"member: {self._dn(number)}\n" for number in numbers)
        dn = f"cn={name},ou=groups,{self.server.base}"
        return f"dn: {dn}\nobjectClass: top\nobjectClass: groupOfNames\ncn: {name}\nentryUUID: {group(name)}\n{members}"

    def target(self) -> str:
        bind = f'{{ dn = "{self.server.bind_dn}", password = "file:{self._password}" }}'
        return f'kind = "ldap"\nurls = ["{self.server.url}"]\nbase = "{self.server.base}"\nbind = {bind}'

    def counting(self) -> contextlib.AbstractContextManager[Counter[str]]:
        return self.server.counting()

    def members(self, name: str) -> set[str]:
        found = self.server.search(f"(cn={name})", base=f"ou=groups,{self.server.base}", attributes=("member",))
        (held,) = found.values()
        return {person(int(dn.partition(",")[0].removeprefix("uid=user"))) for dn in held["member"]}


class HugeDatabase:
    """PostgreSQL with the tables of the preset ``sql``, filled by itself."""

    mapping = "sql"

    def __init__(self, server: Postgres) -> None:
        self.server, self.url = server, server.database()
        numbered = "lpad(to_hex(n), 8, '0') || '-0000-4000-8000-' || lpad(to_hex(n), 12, '0')"
        statements = schema()
        statements.append(
            "INSERT INTO users (id, row_version, email, status)"
            f" SELECT {numbered}, 1, 'user' || n, 'active' FROM generate_series(0, {PEOPLE - 1}) n"
        )
        for name, members in GROUPS.items():
            statements.append(f"INSERT INTO teams (team_id, name) VALUES ('{group(name)}', '{name}')")
            statements.append(
                "INSERT INTO memberships (team_id, user_id, source)"
                f" SELECT '{group(name)}', {numbered}, 'seed' FROM generate_series({members[0]}, {members[-1]}) n"
            )
        statements.append(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not her'; END $$"
        )
        statements.append(
            "CREATE TRIGGER guarded BEFORE INSERT ON memberships FOR EACH ROW"
            f" WHEN (NEW.team_id = '{group(GUARDED)}' AND NEW.user_id = '{person(FORBIDDEN)}')"
            " EXECUTE FUNCTION refuse()"
        )
        statements.append(
            "CREATE TRIGGER outlawed BEFORE INSERT ON memberships FOR EACH ROW"
            f" WHEN (NEW.user_id = '{person(OUTLAW)}') EXECUTE FUNCTION refuse()"
        )
        for statement in (*statements, "ANALYZE"):
            server.execute(statement, self.url)

    def target(self) -> str:
        return f'kind = "sql"\nurl = "{self.url}"\ntimeout = 60'

    @contextlib.contextmanager
    def counting(self) -> Iterator[Counter[str]]:
        counted: Counter[str] = Counter()

        def note(connection: sa.Connection, cursor: Any, statement: str, *_rest: object) -> None:
            if connection.dialect.name == "postgresql":
                counted["operations"] += 1
                counted["modify"] += not statement.startswith("SELECT")
                counted["entries"] += cursor.rowcount if statement.startswith("SELECT") else 0

        sa.event.listen(sa.Engine, "after_cursor_execute", note)
        try:
            yield counted
        finally:
            sa.event.remove(sa.Engine, "after_cursor_execute", note)

    def members(self, name: str) -> set[str]:
        rows = self.server.execute(f"SELECT user_id FROM memberships WHERE team_id = '{group(name)}'", self.url)
        return {row[0] for row in rows}


@contextlib.asynccontextmanager
async def gateway(huge: Huge, folder: Path) -> AsyncIterator[Bench]:
    """A gateway before it, asked over ASGI."""
    token = secrets.token_urlsafe(16)
    (folder / "config.toml").write_text(f"""
[server]
ledger = "sqlite:///{folder}/ledger.db"

[target.corp]
{huge.target()}

[connection.it]
path    = "/scim/v2"
dialect = "okta"
target  = "corp"
mapping = "{huge.mapping}"
tokens  = [{{ name = "it", sha256 = "{hashlib.sha256(token.encode()).hexdigest()}" }}]
""")
    opened = await build(assemble(load_config(folder / "config.toml")))
    transport = httpx2.ASGITransport(app=opened.application)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/scim+json"}
    try:
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://scim.test/scim/v2", headers=headers, timeout=300
        ) as client:
            yield Bench(opened, client, huge)  # type: ignore[arg-type]
    finally:
        await opened.close()
