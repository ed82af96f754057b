"""How a verb ends: 0 fine, 1 found something, 2 unusable configuration, 3 target unreachable."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer

from connectors.errors import ConnectorError, Unavailable
from gateway.cli.screen import complain
from gateway.mapping.errors import ConfigError

FINE, FOUND, UNUSABLE, UNREACHABLE = 0, 1, 2, 3


@contextmanager
def outcomes() -> Iterator[None]:
    """Let a verb raise what it meets; end the program with a sentence and the exit code that means it."""
    from gateway.ledger.errors import LedgerConflict, LedgerUnavailable

    try:
        yield
    except ConfigError as error:
        end(UNUSABLE, *(str(message) for message in error.messages))
    except (Unavailable, LedgerUnavailable) as error:
        end(UNREACHABLE, str(error))
    except (ConnectorError, LedgerConflict) as error:
        end(FOUND, str(error))


def end(code: int, *sentences: str) -> NoReturn:
    """Say why, and end."""
    for sentence in sentences:
        complain(sentence)
    raise typer.Exit(code)
