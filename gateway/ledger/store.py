"""Where the ledger's rows live: what ``sqlite`` and ``postgresql`` have in common."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeVar

from gateway.ledger.dialect import Dialect

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Cursor(Protocol):
    """As much of a DB-API cursor as the ledger uses."""

    @property
    def rowcount(self) -> int: ...
    def fetchone(self) -> Any: ...
    def fetchall(self) -> list[Any]: ...


class Session(Protocol):
    """As much of a DB-API connection as the ledger uses; inside ``Store.write`` a transaction is open on it."""

    def execute(self, statement: Any, parameters: Mapping[str, Any] | Sequence[Any] = (), /) -> Any: ...


Work = Callable[[Session], T]
"""A transaction: plain synchronous code that may be run again from its beginning, so it touches only the session."""


class Store(Protocol):
    """One database.

    ``read`` and ``write`` raise ``LedgerUnavailable`` for whatever the database cannot do now. A ``write`` that
    returns is durable; one that raises has changed nothing, unless its connection broke at the commit itself.
    """

    dialect: Dialect
    single_process: bool

    async def read(self, work: Work[T]) -> T:
        """Run a short look-up that finds an index; it may run on the event loop itself."""
        ...

    async def scan(self, work: Work[T]) -> T:
        """Run a query that may take its time."""
        ...

    async def write(self, work: Work[T]) -> T:
        """Run a transaction; several may share one commit, each under a savepoint of its own."""
        ...

    def lock(self, keys: Sequence[str]) -> AbstractAsyncContextManager[None]:
        """Hold all keys, given in sorted order and without duplicates."""
        ...

    async def close(self) -> None: ...
