"""The ledger that a configuration names."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.app.own import address_of_ledger
from gateway.config import Config, ConfigError
from gateway.ledger.errors import LedgerUnavailable
from gateway.ledger.ledger import Ledger
from gateway.mapping.errors import Message


def ledger_url(config: Config) -> str:
    """Return the URL, its secret resolved and its path absolute. :raises ConfigError:"""
    try:
        return address_of_ledger(config)
    except ValueError as error:
        raise ConfigError([Message(config.place("server", "ledger"), str(error))]) from error


@asynccontextmanager
async def ledger_of(config: Config, *, make: bool = True) -> AsyncIterator[Ledger]:
    """Open the ledger beside whoever serves from it, and close it again.

    :param make: make it where there is none; else an empty one is given instead, and nothing is left behind.
    :raises ConfigError, LedgerUnavailable:
    """
    try:
        ledger = await Ledger.open(ledger_url(config), make=make)
    except LedgerUnavailable as error:
        raise type(error)(str(Message(config.place("server", "ledger"), str(error)))) from error
    try:
        yield ledger
    finally:
        await ledger.close()
