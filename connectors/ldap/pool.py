"""Bound connections: last in first out, ordered failover, and no write is ever sent twice."""

import asyncio
import socket
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from connectors.errors import Unavailable
from connectors.ldap import codes
from connectors.ldap.controls import PAGED, cookie_of, paged
from connectors.ldap.features import Features, learn
from connectors.ldap.messages import SUBTREE, Control, Response, Row, search
from connectors.ldap.options import Settings
from connectors.ldap.session import LoginRefused, Lost, Session, open_socket


class Pool:
    """Connections to the first of ``settings.urls`` that answers, all to the same one, at most ``settings.pool``."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self.settings = settings
        self.clock = clock
        self.features = Features()
        self.switched: float | None = None
        """when the server was last changed for another"""
        self._room = asyncio.Semaphore(settings.pool)
        self._openers = ThreadPoolExecutor(settings.pool, thread_name_prefix="ldap-open")
        self._idle: list[Session] = []
        self._busy: set[Session] = set()
        self._active = 0
        self._learnt: dict[str, Features] = {}
        self._tried_earlier = 0.0
        self._closed = False

    async def take(self) -> Session:
        """A live connection to the active server; waits while all are in use.

        :raises Unavailable: no server answers, or none takes the login. Nothing was sent.
        """
        await self._room.acquire()
        try:
            session = self._at_hand() or await self._connect(self._order(self._wants_earlier()))
        except BaseException:
            self._room.release()
            raise
        self._busy.add(session)
        return session

    def give(self, session: Session) -> None:
        """Take a connection back, or drop it if it is closed or of another server."""
        self._busy.discard(session)
        self._room.release()
        if session.open and not self._closed and session.url == self.settings.urls[self._active]:
            self._idle.append(session)
        else:
            session.close()

    async def close(self) -> None:
        """Close every connection, those in use too: their verbs end as unavailable."""
        self._closed = True
        for session in (*self._idle, *self._busy):
            session.close()
        self._idle = []
        await asyncio.get_running_loop().run_in_executor(None, self._openers.shutdown)

    def _at_hand(self) -> Session | None:
        """The connection last used, unless an earlier server is due to be tried again."""
        if self._closed:
            raise Unavailable("the connection to the directory is closed")
        active = self.settings.urls[self._active]
        while self._idle and not self._is_due():
            session = self._idle.pop()
            if session.url == active and session.alive():
                return session
            session.close()
        return None

    def _is_due(self) -> bool:
        return self._active > 0 and self.clock() - self._tried_earlier >= self.settings.failback

    def _wants_earlier(self) -> bool:
        """Whether it is time to try a server earlier in the list again; then it was tried."""
        due = self._is_due()
        if due:
            self._tried_earlier = self.clock()
        return due

    def _order(self, earlier: bool) -> list[int]:
        """The urls to try: the active one first, unless an earlier one is due to be tried again."""
        order = list(range(len(self.settings.urls)))
        if not earlier:
            order.sort(key=lambda at: at != self._active)
        return order

    async def _connect(self, order: Sequence[int]) -> Session:
        refused, reason = False, "no connection"
        for at in order:
            try:
                session = await self._open(self.settings.urls[at])
                await self._adopt(at, session)
                return session
            except LoginRefused:
                refused = True
            except Lost as error:
                reason = str(error)
        raise Unavailable("the directory does not accept the login" if refused else f"the directory: {reason}")

    async def _open(self, url: str) -> Session:
        """Open one in a thread, where ldap3 may wait. :raises Lost, LoginRefused:"""
        try:
            opening = self._openers.submit(open_socket, self.settings, url)
        except RuntimeError as error:
            raise Unavailable("the connection to the directory is closed") from error
        try:
            sock = await asyncio.shield(asyncio.wrap_future(opening))
        except asyncio.CancelledError:
            opening.add_done_callback(_discard)
            raise
        return Session(sock, url, self.settings.answer)

    async def _adopt(self, at: int, session: Session) -> None:
        learnt = self._learnt.get(session.url)
        if learnt is None:
            try:
                learnt = self._learnt[session.url] = await learn(session, self.settings)
            except BaseException:
                session.close()
                raise
        if at != self._active:
            self._active = at
            self.switched = self._tried_earlier = self.clock()
            stale, self._idle = self._idle, []
            for old in stale:
                old.close()
        self.features = learnt


def _discard(opening: Future[socket.socket]) -> None:
    """Nobody waits any more for what was opened."""
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()


class Link:
    """One verb's use of the directory: a connection for its duration, and another where that one was dead."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._session: Session | None = None
        self.wrote = False
        """a change was sent"""

    async def __aenter__(self) -> Self:
        await self._connected()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            self._pool.give(self._session)
            self._session = None

    @property
    def features(self) -> Features:
        """What the server can do."""
        return self._pool.features

    async def search(
        self,
        base: str,
        filter: bytes,
        attributes: Sequence[str],
        scope: int = SUBTREE,
        controls: Sequence[Control] = (),
    ) -> Response:
        """One search; asked once more on a new connection if this one was dead.

        :raises Unavailable: no server, or no answer.
        """
        return await self._asked(search(base, scope, filter, attributes), controls)

    async def _asked(self, request: bytes, controls: Sequence[Control] = ()) -> Response:
        try:
            return await (await self._connected()).call(request, controls)
        except Lost as error:
            if error.silent:
                raise Unavailable("the directory gives no answer in time") from error
        try:
            return await (await self._connected()).call(request, controls)
        except Lost as error:
            raise Unavailable("the connection to the directory was lost") from error

    async def find(
        self,
        base: str,
        filter: bytes,
        attributes: Sequence[str],
        scope: int = SUBTREE,
        controls: Sequence[Control] = (),
    ) -> Sequence[Row]:
        """The entries below ``base``, which must be there and readable (semantics, rule 2).

        :raises Unavailable: the base is missing or may not be read.
        :raises ConnectorError: what else the directory says.
        """
        response = await self.search(base, filter, attributes, scope, controls)
        if response.code == codes.SIZE_LIMIT and scope == SUBTREE and self.features.has(PAGED):
            return await self._find_by_pages(base, filter, attributes, controls)
        return response.rows if response.code == codes.SUCCESS else _refuse_search(response)

    async def _find_by_pages(
        self, base: str, filter: bytes, attributes: Sequence[str], controls: Sequence[Control]
    ) -> Sequence[Row]:
        """All of it where a server returns only so much at once: Active Directory 1,000 entries."""
        found, cookie = await self.find_page(base, filter, attributes, self._pool.settings.page, controls=controls)
        rows = [*found]
        while cookie:
            found, cookie = await self.find_page(
                base, filter, attributes, self._pool.settings.page, cookie, controls=controls
            )
            rows += found
        return rows

    async def find_few(self, base: str, filter: bytes, attributes: Sequence[str], most: int) -> Sequence[Row] | None:
        """The entries below ``base``; None where there are more than ``most``, or than the server sends at once.

        :raises Unavailable, ConnectorError: as ``find``.
        """
        response = await self._asked(search(base, SUBTREE, filter, attributes, size=most))
        if response.code in codes.LIMITS:
            return None
        return response.rows if response.code == codes.SUCCESS else _refuse_search(response)

    async def find_page(
        self,
        base: str,
        filter: bytes,
        attributes: Sequence[str],
        size: int,
        cookie: bytes = b"",
        controls: Sequence[Control] = (),
    ) -> tuple[Sequence[Row], bytes]:
        """One page of the paged results control, and the cookie for the next (empty: none).

        The cookie belongs to this link's connection; if that is lost, so is the walk.
        """
        request = search(base, SUBTREE, filter, attributes)
        if not cookie:
            response = await self.search(base, filter, attributes, SUBTREE, (paged(size), *controls))
        else:
            try:
                response = await (await self._connected()).call(request, (paged(size, cookie), *controls))
            except Lost as error:
                raise Unavailable("the connection to the directory was lost in the middle of a list") from error
        if response.code != codes.SUCCESS:
            _refuse_search(response)
        return response.rows, cookie_of(response)

    async def write(self, operation: bytes, controls: Sequence[Control] = ()) -> Response:
        """Send one change, once.

        :raises Unavailable: ``uncertain`` where it had been sent.
        """
        session = await self._connected()
        self.wrote = True
        try:
            return await session.call(operation, controls)
        except Lost as error:
            detail = "the directory gives no answer in time" if error.silent else "the directory's connection was lost"
            raise Unavailable(detail, uncertain=error.sent) from error

    async def _connected(self) -> Session:
        if self._session is not None and not self._session.open:
            self._pool.give(self._session)
            self._session = None
        if self._session is None:
            self._session = await self._pool.take()
        return self._session


def _refuse_search(response: Response) -> Sequence[Row]:
    if response.code == codes.NO_SUCH_OBJECT:
        raise Unavailable("the place in the directory where these entries live is missing or may not be read")
    raise codes.error(response)
