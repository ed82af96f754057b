"""The ground a write stands on: one resource type of one connection, with everything that serves it."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TypeVar

from connectors.entry import Entry
from gateway.ledger.ledger import Ledger
from gateway.ledger.model import Scope
from gateway.mapping.compiled import ResourceMapping
from gateway.provisioning.model import Clock, ConnectionSettings
from gateway.provisioning.reading.reading import Reader
from gateway.provisioning.retry import Retrying

T = TypeVar("T")
AfterCall = Callable[[str, str, Entry | None], Awaitable[None]]
"""What follows a lifecycle event (``deactivate``, ``delete``) on an object: event, SCIM id, the entry as it was.
Raises ``Unavailable`` where a ``must`` call could not be made, and is then called again until it holds."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: the token's name and the request's id, for intents and audit lines."""

    name: str = ""
    request_id: str = ""


actor: ContextVar[Actor] = ContextVar("actor", default=Actor())  # noqa: B039 - frozen


@dataclass(slots=True)
class Trail:
    """What a request has left in the ledger so far.

    :param recorded: an intent. :param noted: a line of the audit.
    """

    recorded: bool = False
    noted: bool = False


trail: ContextVar[Trail] = ContextVar("trail", default=Trail())  # noqa: B039 - outside of requests nobody looks at it


@contextmanager
def acting(name: str, request_id: str = "") -> Iterator[None]:
    """Everything written within is written by this token, for this request."""
    token = actor.set(Actor(name, request_id))
    try:
        yield
    finally:
        actor.reset(token)


@dataclass(frozen=True, slots=True)
class Ground:
    """One resource type of one connection.

    :param others: the grounds of all types of the connection, by name, this one included.
    """

    scope: Scope
    mapping: ResourceMapping
    collection: Retrying
    ledger: Ledger
    reader: Reader
    settings: ConnectionSettings
    clock: Clock
    after: AfterCall | None = None
    others: Mapping[str, "Ground"] = field(default_factory=dict, repr=False)

    @property
    def type(self) -> str:
        return self.scope.resource_type

    def key(self, id: str) -> str:
        """The lock of one object; the same for every connection to the target (rule 12)."""
        return f"object:{self.scope.target}:{self.type}:{id}"

    def match_key(self, value: str) -> str:
        """The lock of what a POST is matched by (rule 12)."""
        return f"match:{self.scope.target}:{self.type}:{value}"

    def value_key(self, name: str, value: str) -> str:
        """The lock of a value that may be held once, such as a user name that two POSTs want at the same time."""
        return f"value:{self.scope.target}:{self.type}:{name}:{value.casefold()}"


class MoreLocks(Exception):
    """Raised under a lock, before anything is written, when the work turns out to touch more than it holds: no failure,
    but the wish to start again with more keys."""

    def __init__(self, keys: frozenset[str]) -> None:
        super().__init__(f"{len(keys)} more")
        self.keys = keys


async def under_locks(ground: Ground, keys: frozenset[str], work: Callable[[frozenset[str]], Awaitable[T]]) -> T:
    """Run ``work(held)`` under all ``keys``; they are taken in one go and in order, so no two writes wait in a ring."""
    while True:
        try:
            async with ground.ledger.lock(*sorted(keys)):
                return await work(keys)
        except MoreLocks as more:
            keys |= more.keys


def require(held: frozenset[str], needed: frozenset[str]) -> None:
    """Go on only under all of ``needed``. :raises MoreLocks:"""
    if not needed <= held:
        raise MoreLocks(needed - held)
