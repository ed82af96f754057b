"""The ledger's half of authentication."""

import asyncio
import logging
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from gateway.ledger import codec, tokens
from gateway.ledger.errors import LedgerUnavailable
from gateway.ledger.model import Token
from gateway.ledger.opened import Opened, now
from gateway.ledger.store import Store

log = logging.getLogger("dirbridge.ledger")
TOUCH_EVERY = 60.0
"""seconds between two notes of a token's last use"""


class Tokens(Opened):
    """Bearer tokens, made, listed, revoked and verified."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._touched: dict[str, datetime] = {}
        self._touching: set[asyncio.Task[None]] = set()

    async def create_token(
        self,
        connection: str,
        name: str,
        *,
        prefix: str = "dbr-scim-",
        read_only: bool = False,
        expires: datetime | None = None,
    ) -> tuple[Token, str]:
        """Make a token; the secret is returned once and kept only as a hash.

        :raises LedgerConflict: the connection has a live token of this name.
        """
        secret = tokens.make_secret(prefix)
        shown = secret[: len(prefix) + tokens.SHOWN]
        token = await self._store.write(
            lambda session: tokens.create(session, self._s, connection, name, secret, shown, read_only, expires, now())
        )
        return token, secret

    async def tokens(self, connection: str | None = None) -> list[Token]:
        """All tokens ever made, revoked ones too, oldest first."""
        found = await self._store.read(lambda session: tokens.listed(session, self._s))
        return [one for one in found if connection is None or one.connection == connection]

    async def revoke_token(self, id_or_name: str, connection: str | None = None) -> Token | None:
        """Revoke at once, for every process. None if no live token is called so.

        :raises LedgerConflict: the name fits tokens of several connections.
        """
        return await self._store.write(lambda session: tokens.revoke(session, self._s, id_or_name, connection, now()))

    async def verify(self, connections: Collection[str], secret: str) -> Token | None:
        """The usable token behind a secret, if it is for one of ``connections``; asked of the database each time, so
        that a revocation holds from the very next request on."""
        token = await self._store.read(lambda session: tokens.verify(session, self._s, secret))
        at = now()
        if token is None or token.connection not in connections or not token.usable(at):
            return None
        return self._touch(token, at)

    def _touch(self, token: Token, at: datetime) -> Token:
        """Note the use of a token, at most once a minute and beside the request, which does not wait for it."""
        last = self._touched.get(token.id) or token.last_used
        if last is None or (at - last).total_seconds() >= TOUCH_EVERY:
            self._touched[token.id] = at
            task = asyncio.create_task(self._write_touch(token.id, at))
            self._touching.add(task)
            task.add_done_callback(self._touching.discard)
        return replace(token, last_used=at)

    async def _write_touch(self, id: str, at: datetime) -> None:
        key = {"id": id, "at": codec.moment(at)}
        try:
            await self._store.write(lambda session: session.execute(self._s.touch_token, key).rowcount)
        except LedgerUnavailable as error:
            log.warning("the last use of token %s was not noted: %s", id, error)
