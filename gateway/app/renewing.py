"""A running gateway reads its files again: what is broken never takes the place of what is good."""

import logging
from collections.abc import Callable

from gateway.app.lawful import own_files
from gateway.app.parts import Parts
from gateway.config import ConfigError
from gateway.mapping.digest import digest_of
from gateway.mapping.errors import Message
from gateway.mapping.trial import Trial

Source = Callable[[], tuple[Parts, list[Message]]]
"""reads configuration and mappings; see ``examined``"""
FIXED = ("listen", "ledger", "workers", "tls", "log_level")
"""keys of ``[server]`` that a process takes up at its start"""
log = logging.getLogger(__name__)


def renewed(source: Source, running: Parts) -> Parts | None:
    """Read the files again, with everything that ``check`` does of them. Takes seconds where a mapping has changed.

    :return: what to serve from now on; None where something is wrong, which is then in the log.
    """
    try:
        parts, messages = source()
    except ConfigError as error:
        refused([str(message) for message in error.messages])
        return None
    wrong = [str(message) for message in messages] or _broken_laws(parts, running)
    if wrong:
        refused(wrong)
        return None
    for key in FIXED:
        if getattr(parts.config.server, key) != getattr(running.config.server, key):
            log.warning("%s: takes effect at the next start", parts.config.place("server", key) or f"server.{key}")
    return parts


def refused(wrong: list[str]) -> None:
    """Say why nothing changes."""
    for sentence in wrong:
        log.error("%s", sentence)
    log.error(
        "not reloaded, and served as before. Next: put right what is named above (`dirbridge check` says it too) "
        "and send SIGHUP again"
    )


def _broken_laws(parts: Parts, running: Parts) -> list[str]:
    known = {digest_of(file) for file in own_files(running).values()}
    trial = Trial()
    files = own_files(parts).values()
    return [message for file in files if digest_of(file) not in known for message in trial.broken_laws(file)]
