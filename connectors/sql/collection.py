"""The five verbs on tables."""

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import sqlalchemy as sa

from connectors.contract import Capabilities, CollectionSpec, Page, Query
from connectors.entry import Attributes, Change, Entry
from connectors.errors import Refused, Unavailable, UnknownReference
from connectors.filters import Leaf, Verdict
from connectors.sql import calling, listing, making, tables, writing
from connectors.sql.engine import Database
from connectors.sql.judging import judge
from connectors.sql.options import TableOptions
from connectors.sql.reading import Layouts

T = TypeVar("T")


class Schema:
    """The tables of one mapping file, looked up at the first verb and again after the database was away."""

    def __init__(self, sections: Mapping[str, TableOptions]) -> None:
        self.sections = sections
        self.layouts: Layouts | None = None
        self._lock = threading.Lock()
        self._creating = asyncio.Lock()
        self._created = not any(options.create for options in sections.values())

    def __call__(self, connection: sa.Connection) -> Layouts:
        """The layouts; called in a thread, with a connection. :raises sqlalchemy.exc.NoSuchTableError:"""
        layouts = self.layouts
        if layouts is None:
            with self._lock:
                layouts = self.layouts = self.layouts or tables.reflect(connection, self.sections)
        return layouts

    async def ready(self, database: Database) -> None:
        """Create what may be created and is not there; once."""
        if self._created:
            return
        async with self._creating:
            if not self._created:
                await database.write(lambda connection: making.create_missing(connection, self.sections))
                self._created = True


class SqlCollection:
    """See ``Collection``."""

    def __init__(self, spec: CollectionSpec, schema: Schema, database: Database) -> None:
        self.spec = spec
        self.capabilities = Capabilities(
            sorting=True,
            counting=True,
            versions=spec.version is not None,
            atomic=True,
            generates_id=spec.generate is None,
        )
        self._schema = schema
        self._database = database

    def judge(self, leaf: Leaf) -> Verdict:
        """See ``Collection.judge``: exact or not at all, and modest until the tables were seen once."""
        return judge(leaf, self.spec.name, self._schema.sections, self._schema.layouts, self._database.dialect)

    async def create(self, attributes: Attributes, id: str | None = None) -> Entry:
        """See ``Collection.create``."""
        return await self._write(lambda at, layouts: writing.create(at, layouts, self.spec.name, attributes, id))

    async def read(self, id: str, attributes: frozenset[str] | None = None) -> Entry:
        """See ``Collection.read``."""
        return await self._read(lambda at, layouts: writing.read(at, layouts, self.spec.name, id, attributes))

    async def search(self, query: Query) -> Page:
        """See ``Collection.search``."""
        return await self._read(lambda at, layouts: listing.search(at, layouts, self.spec.name, query))

    async def update(self, id: str, changes: Sequence[Change], expected: str | None = None) -> Entry | None:
        """See ``Collection.update``."""
        return await self._write(lambda at, layouts: writing.update(at, layouts, self.spec.name, id, changes, expected))

    async def delete(self, id: str, expected: str | None = None) -> None:
        """See ``Collection.delete``; a row that tables outside the mapping refer to is not deleted."""
        try:
            await self._write(lambda at, layouts: writing.delete(at, layouts, self.spec.name, id, expected))
        except UnknownReference as error:
            raise Refused("rows of other tables refer to this one") from error

    async def call(self, number: int, id: str) -> None:
        """See ``Calling.call``."""
        await self._write(lambda at, layouts: calling.call(at, layouts, self.spec.name, number, id))

    async def _read(self, job: Callable[[sa.Connection, Layouts], T]) -> T:
        await self._schema.ready(self._database)
        try:
            return await self._database.read(lambda connection: job(connection, self._schema(connection)))
        except Unavailable:
            self._schema.layouts = None
            raise

    async def _write(self, job: Callable[[sa.Connection, Layouts], T]) -> T:
        await self._schema.ready(self._database)
        try:
            return await self._database.write(lambda connection: job(connection, self._schema(connection)))
        except Unavailable:
            self._schema.layouts = None
            raise
