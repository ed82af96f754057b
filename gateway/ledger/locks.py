"""Keyed locks within one process."""

import asyncio
from collections.abc import Sequence
from types import TracebackType


class KeyedLocks:
    """One ``asyncio.Lock`` for every key that somebody holds or waits for; forgotten with the last of them."""

    def __init__(self) -> None:
        self._locks: dict[str, _Counted] = {}

    def hold(self, keys: Sequence[str]) -> "Held":
        """Hold all ``keys``, taken in the order given (callers sort them, so that no two wait for one another)."""
        return Held(self._locks, keys)


class _Counted:
    """A lock and how many hold it or wait for it."""

    __slots__ = ("lock", "users")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.users = 0


class Held:
    """Some keys, held within an ``async with`` block."""

    __slots__ = ("_keys", "_locks", "_taken")

    def __init__(self, locks: dict[str, _Counted], keys: Sequence[str]) -> None:
        self._locks = locks
        self._keys = keys
        self._taken: list[str] = []

    async def __aenter__(self) -> None:
        try:
            for key in self._keys:
                await self._take(key)
        except BaseException:
            self._release()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release()

    async def _take(self, key: str) -> None:
        counted = self._locks.get(key)
        if counted is None:
            counted = self._locks[key] = _Counted()
        counted.users += 1
        try:
            await counted.lock.acquire()
        except BaseException:
            self._leave(key, counted)
            raise
        self._taken.append(key)

    def _release(self) -> None:
        while self._taken:
            key = self._taken.pop()
            counted = self._locks[key]
            counted.lock.release()
            self._leave(key, counted)

    def _leave(self, key: str, counted: _Counted) -> None:
        counted.users -= 1
        if not counted.users:
            del self._locks[key]
