"""``Retrying``: a collection that waits for its backend, within the patience of the IdP that asks.

Only ``Unavailable`` is retried. A write whose answer was lost is not sent blindly again: what can be read is read
first, so that a repeated delete that finds nothing, or a repeated update that finds itself done, is a success. A lost
``create`` is settled here only where the caller chose the id; otherwise the caller, who knows how to look for the
entry, is told ``Unavailable(uncertain=True)`` at once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception
from tenacity.wait import wait_random_exponential

from connectors.contract import Calling, Capabilities, Collection, CollectionSpec, Page, Query
from connectors.entry import Attributes, Change, Entry, Kind
from connectors.errors import Conflict, ConnectorError, NotFound, Unavailable, Unsupported
from connectors.filters import Leaf, Verdict
from gateway.provisioning.model import RetrySettings
from gateway.provisioning.watch import Watch

T = TypeVar("T")
_until: ContextVar[float | None] = ContextVar("until", default=None)


class patience:  # noqa: N801 - reads as what it is; a class, because every request passes here
    """All calls to targets made within share these seconds, however many they are."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        self._token = _until.set(asyncio.get_running_loop().time() + self._seconds)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        _until.reset(self._token)


@contextmanager
def share(parts: int) -> Iterator[None]:
    """What happens within may take one of ``parts`` equal shares of the patience that is left, so that one call which
    is never answered leaves time for the others."""
    now, until = asyncio.get_running_loop().time(), _until.get()
    token = _until.set(None if until is None else now + max(until - now, 0.0) / parts)
    try:
        yield
    finally:
        _until.reset(token)


@dataclass(slots=True)
class Attempts:
    """One call to a backend with its repetitions.

    :param writing: a call cut off by the deadline may have taken effect.
    :param resend: repeat also after an uncertain failure; the call itself then looks before it writes.
    """

    settings: RetrySettings
    writing: bool = False
    resend: bool = True
    watch: Watch = field(default_factory=lambda: Watch("the target"))
    uncertain: bool = False
    """an attempt so far may have taken effect unseen"""

    async def run(self, call: Callable[[], Awaitable[T]]) -> T:
        """Return what ``call`` returns, and let ``watch`` know. :raises Unavailable: it still is when patience ends."""
        try:
            result = await self._run(call)
        except Unavailable as failure:
            self.watch.lost(failure.detail)
            raise
        except ConnectorError:
            self.watch.answered()
            raise
        self.watch.answered()
        return result

    async def _run(self, call: Callable[[], Awaitable[T]]) -> T:
        """Return what ``call`` returns. :raises Unavailable: it still is when patience ends."""
        loop = asyncio.get_running_loop()
        until = _until.get()
        if until is None:
            until = loop.time() + self.settings.deadline
        try:
            return await self._once(call, until)
        except Unavailable as failure:
            if not self._worth_repeating(failure):
                raise
            return await self._again(call, until, failure)

    async def _once(self, call: Callable[[], Awaitable[T]], until: float) -> T:
        try:
            async with asyncio.timeout_at(until):
                return await call()
        except TimeoutError as late:
            self.uncertain |= self.writing
            raise Unavailable("no answer in time", uncertain=self.uncertain) from late
        except Unavailable as failure:
            self.uncertain |= failure.uncertain and self.writing
            failure.uncertain = self.uncertain
            raise

    async def _again(self, call: Callable[[], Awaitable[T]], until: float, failure: Unavailable) -> T:
        """Hand over to tenacity, for which the failure just seen was the first attempt."""
        seen = [failure]

        async def attempt() -> T:
            if seen:
                raise seen.pop()
            return await self._once(call, until)

        def out_of_patience(state: RetryCallState) -> bool:
            too_late = asyncio.get_running_loop().time() + state.upcoming_sleep >= until
            return too_late or state.attempt_number >= self.settings.attempts

        retrying = AsyncRetrying(
            retry=retry_if_exception(self._worth_repeating), wait=self._pause, stop=out_of_patience, reraise=True
        )
        return await retrying(attempt)

    def _worth_repeating(self, failure: BaseException) -> bool:
        return isinstance(failure, Unavailable) and (self.resend or not self.uncertain)

    def _pause(self, state: RetryCallState) -> float:
        """Exponential with full jitter, and never less than the backend asked for."""
        failure = state.outcome.exception() if state.outcome else None
        asked = failure.retry_after if isinstance(failure, Unavailable) else None
        jitter = wait_random_exponential(multiplier=self.settings.initial, max=self.settings.longest)
        return max(jitter(state), asked or 0.0)


class Retrying:
    """The same ``Collection``, patient."""

    def __init__(self, collection: Collection, settings: RetrySettings, watch: Watch | None = None) -> None:
        self._collection = collection
        self._watch = watch or Watch("the target")
        self._settings = settings
        self.spec: CollectionSpec = collection.spec
        self.capabilities: Capabilities = collection.capabilities

    def judge(self, leaf: Leaf) -> Verdict:
        return self._collection.judge(leaf)

    async def read(self, id: str, attributes: frozenset[str] | None = None) -> Entry:
        return await Attempts(self._settings, watch=self._watch).run(lambda: self._collection.read(id, attributes))

    async def search(self, query: Query) -> Page:
        return await Attempts(self._settings, watch=self._watch).run(lambda: self._collection.search(query))

    async def create(self, attributes: Attributes, id: str | None = None) -> Entry:
        """As the contract says; a repetition that meets the entry under ``id`` returns it."""
        certain = id is not None or self.capabilities.repeatable
        attempts = Attempts(self._settings, writing=True, watch=self._watch, resend=certain)

        async def call() -> Entry:
            if attempts.uncertain and id is not None:
                own = await self._find(id)
                if own is not None:
                    return own
            return await self._collection.create(attributes, id)

        return await attempts.run(call)

    async def update(self, id: str, changes: Sequence[Change], expected: str | None = None) -> Entry | None:
        """As the contract says; changes state what should be, so that repeating them is harmless."""
        attempts = Attempts(self._settings, writing=True, watch=self._watch)

        async def call() -> Entry | None:
            version = expected
            if attempts.uncertain and expected is not None:
                version = await self._version_to_repeat_on(id, changes, expected)
            return await self._collection.update(id, changes, version)

        return await attempts.run(call)

    async def delete(self, id: str, expected: str | None = None) -> None:
        """As the contract says; a repetition that finds nothing has done it."""
        attempts = Attempts(self._settings, writing=True, watch=self._watch)

        async def call() -> None:
            try:
                await self._collection.delete(id, expected)
            except NotFound:
                if not attempts.uncertain:
                    raise

        await attempts.run(call)

    async def call(self, number: int, id: str) -> None:
        """See ``Calling.call``; made twice it is as if made once. :raises Unsupported: this backend makes no calls."""
        collection = self._collection
        if not isinstance(collection, Calling):
            raise Unsupported("this backend has no calls to make")
        await Attempts(self._settings, writing=True, watch=self._watch).run(lambda: collection.call(number, id))

    async def _find(self, id: str) -> Entry | None:
        try:
            return await self._collection.read(id)
        except NotFound:
            return None

    async def _version_to_repeat_on(self, id: str, changes: Sequence[Change], expected: str) -> str | None:
        """The entry moved on: by our own lost write, which may be repeated, or by somebody else's."""
        entry = await self._collection.read(id)
        if entry.version != expected and not all(holds(entry, change) for change in changes if self._readable(change)):
            raise Conflict("the entry was changed by somebody else meanwhile")
        return entry.version

    def _readable(self, change: Change) -> bool:
        return not change.attribute.startswith("@") and change.attribute not in self.spec.secrets


def holds(entry: Entry, change: Change) -> bool:
    """Whether what ``change`` states is already so."""
    present = entry.attributes.get(change.attribute, ())
    if change.kind is Kind.ADD:
        return all(value in present for value in change.values)
    if change.kind is Kind.REMOVE:
        return not any(value in present for value in change.values)
    return len(present) == len(change.values) and all(value in present for value in change.values)
