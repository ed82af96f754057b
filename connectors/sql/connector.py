"""A database as a backend: the keys of ``[target.NAME]``, opening, checking, closing."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from connectors.contract import CollectionSpec, Finding
from connectors.sql.checking import findings
from connectors.sql.collection import Schema, SqlCollection
from connectors.sql.engine import Database
from connectors.sql.options import CREATES, not_created, read_options, unknown_key

KEYS = ("url", "password", "pool", "timeout", "create_tables")
UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0}


class SqlConnector:
    """Tables in one database.

    :param url: an SQLAlchemy URL. :param pool: the most connections. :param timeout: seconds one verb may take.
    :param create_tables: create missing tables for every section, as ``create = true`` does for one.
    """

    def __init__(
        self, name: str, url: sa.URL | str, *, pool: int = 8, timeout: float = 15.0, create_tables: bool = False
    ) -> None:
        self.name = name
        self.create_tables = create_tables
        self.database = Database(sa.make_url(url), pool=pool, timeout=timeout)

    @classmethod
    def from_options(cls, name: str, options: Mapping[str, Any]) -> "SqlConnector":
        """See ``Connector.from_options``; keys: ``url password pool timeout create_tables``."""
        mistakes = [unknown_key(key, KEYS) for key in options if key not in KEYS]
        pool = _pool(options.get("pool", 8), mistakes)
        timeout = _seconds(options.get("timeout", 15), mistakes)
        url = _url(options, mistakes)
        if url is not None and options.get("create_tables") and url.get_backend_name() not in CREATES:
            mistakes.append(f"'create_tables': {not_created(url.get_backend_name(), 'every table')}")
        if mistakes or url is None:
            raise ValueError("\n".join(mistakes))
        try:
            return cls(name, url, pool=pool, timeout=timeout, create_tables=bool(options.get("create_tables", False)))
        except (sa.exc.ArgumentError, ImportError) as error:
            raise ValueError(f"'url': no driver for '{url.drivername}' is installed") from error

    def collections(self, specs: Mapping[str, CollectionSpec]) -> Mapping[str, SqlCollection]:
        """See ``Connector.collections``."""
        schema = Schema(read_options(specs, self.create_tables, self.database.dialect))
        return {name: SqlCollection(spec, schema, self.database) for name, spec in specs.items()}

    async def check(self, specs: Mapping[str, CollectionSpec]) -> Sequence[Finding]:
        """See ``Connector.check``: tables, columns, and the indices that look-ups need."""
        sections = read_options(specs, self.create_tables, self.database.dialect)
        if (missing := self.database.missing_file) is not None:
            tables = [options.table for options in sections.values() if not options.create]
            text = f"there is no file {missing}, so no table {', '.join(map(repr, tables))}; 'url' says where it is"
            return [Finding("error", text)] if tables else []
        return await self.database.read(lambda connection: findings(connection, sections))

    async def close(self) -> None:
        """See ``Connector.close``."""
        await self.database.close()


def _url(options: Mapping[str, Any], mistakes: list[str]) -> sa.URL | None:
    """Read the URL; the password may be in it, in its place ``{password}``, or only in its own key."""
    text, password = options.get("url"), options.get("password")
    if not isinstance(text, str) or not text:
        mistakes.append("'url' is missing; for example 'postgresql+psycopg://gateway@db/app' or 'sqlite:///app.db'")
        return None
    if "{password}" in text:
        if password is None:
            mistakes.append("'url' has a place for {password}, but there is no key 'password'")
            return None
        text = text.replace("{password}", quote(str(password), safe=""))
    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        mistakes.append("'url' is no database URL; it looks like 'postgresql+psycopg://user@host/database'")
        return None
    if password is not None and url.password is None:
        url = url.set(password=str(password))
    return url.set(drivername=_driver(url.drivername))


def _driver(name: str) -> str:
    """The driver that comes with the gateway, where none is named; MariaDB is spoken to as MySQL is, and told apart."""
    kind, plus, driver = name.partition("+")
    kind = {"postgres": "postgresql", "mariadb": "mysql"}.get(kind, kind)
    return (
        f"{kind}+{driver}" if plus else {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}.get(kind, kind)
    )


def _pool(value: Any, mistakes: list[str]) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 200:
        return value
    mistakes.append("'pool' is the number of connections, from 1 to 200")
    return 8


def _seconds(value: Any, mistakes: list[str]) -> float:
    """Read ``15``, ``"15s"``, ``"500ms"`` or ``"1m"``."""
    text = str(value)
    unit = next((each for each in UNITS if text.endswith(each)), "")
    try:
        seconds = float(text.removesuffix(unit)) * UNITS.get(unit, 1.0)
    except ValueError:
        seconds = 0.0
    if isinstance(value, bool) or not 0 < seconds <= 3600:
        mistakes.append("'timeout' is a time such as \"15s\", up to an hour")
        return 15.0
    return seconds
