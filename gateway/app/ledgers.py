"""The ledger that a configuration names."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.config import Config, ConfigError, anchored_url, resolve_all
from gateway.ledger.ledger import Ledger
from gateway.ledger.model import LedgerUnavailable
from gateway.mapping.errors import Message


def ledger_url(config: Config) -> str:
    """Return the URL, its secret resolved and its path absolute. :raises ConfigError:"""
    try:
        return anchored_url(resolve_all(config.server.ledger, config.root), config.root)
    except ValueError as error:
        raise ConfigError([Message(config.place("server", "ledger"), str(error))]) from error


@asynccontextmanager
async def ledger_of(config: Config) -> AsyncIterator[Ledger]:
    """Open the ledger beside whoever serves from it, and close it again. :raises ConfigError, LedgerUnavailable:"""
    try:
        ledger = await Ledger.open(ledger_url(config))
    except LedgerUnavailable as error:
        raise type(error)(str(Message(config.place("server", "ledger"), str(error)))) from error
    try:
        yield ledger
    finally:
        await ledger.close()
