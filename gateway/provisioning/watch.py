"""Whether a target, or the ledger, answers: said in the log when that changes, not with every request."""

import logging
import time
from collections.abc import Callable
from typing import Literal

log = logging.getLogger(__name__)

QUIET = 60.0
"""seconds in which one that comes and goes is not spoken of again"""
AWAY = (
    "%s is away: %s. Requests are answered 503, and what takes access away is done once it is back. "
    "Next: see whether it runs and can be reached from here; `dirbridge check --online` asks it"
)
LOGIN = (
    "%s refuses the login: %s. Requests are answered 503 until it takes it. "
    "Next: put right its login in config.toml, or the secret named there, and start again; "
    "`dirbridge check --online` tries it"
)


class Watch:
    """One thing that may be away.

    :param name: as the operator knows it: ``target 'corp'``. :param away: what to say, with the name and the reason.
    """

    def __init__(self, name: str, away: str = AWAY, clock: Callable[[], float] = time.monotonic) -> None:
        self._name, self._away, self._clock = name, away, clock
        self._lost = False
        self._tried = False
        self._said = False
        self._spoke = float("-inf")

    def lost(self, reason: str) -> None:
        """It did not answer, however often it was asked."""
        self._tried = True
        if self._lost:
            return
        self._lost, now = True, self._clock()
        if now - self._spoke < QUIET:
            return
        self._said, self._spoke = True, now
        log.warning(LOGIN if "not accept" in reason else self._away, self._name, reason)

    def answered(self) -> None:
        """It answers."""
        if self._lost and self._said:
            log.warning("%s answers again", self._name)
        self._lost = self._said = False
        self._tried = True

    @property
    def state(self) -> Literal["answers", "away", "untried"]:
        """What is known of it: from the trial at the start, and from every request since."""
        return "away" if self._lost else "answers" if self._tried else "untried"
