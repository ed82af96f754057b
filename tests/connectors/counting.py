"""Counting what a database is asked: a cost that must stay flat is shown by numbers of statements, not by time."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from connectors.sql import SqlConnector


def counted(connector: SqlConnector) -> Callable[[], int]:
    """Count the statements that a connector sends from now on."""
    seen = statements(connector)
    return lambda: len(seen)


def statements(connector: SqlConnector) -> list[str]:
    """The texts of the statements that a connector sends from now on."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    sa.event.listen(connector.database.engine, "before_cursor_execute", note)
    return seen
