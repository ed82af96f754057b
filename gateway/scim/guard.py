"""What one connection may do, and how fast. Decided after parsing; deprovisioning is never refused (rule 26)."""

from collections.abc import Callable
from time import monotonic
from typing import Any

from scim2_models import ForbiddenException

from gateway.provisioning.errors import TooManyRequests429
from gateway.scim.patching import Compiled, Write
from gateway.scim.settings import Rate, ScimSettings


class Bucket:
    """A token bucket: as many at once as the rate names, refilled evenly."""

    def __init__(self, rate: Rate, now: Callable[[], float] = monotonic) -> None:
        self._rate = rate
        self._now = now
        self._level = float(rate.number)
        self._filled = now()

    def take(self, *, may_refuse: bool = True) -> None:
        """Take one token. :raises TooManyRequests429: there is none, with the wait until there is."""
        now = self._now()
        each = self._rate.number / self._rate.seconds
        self._level = min(self._rate.number, self._level + (now - self._filled) * each)
        self._filled = now
        if self._level < 1 and may_refuse:
            raise TooManyRequests429(retry_after=(1 - self._level) / each)
        self._level = max(0.0, self._level - 1)


class Guard:
    """The allow list and the rate limits of one connection."""

    def __init__(self, settings: ScimSettings, now: Callable[[], float] = monotonic) -> None:
        self._allow = settings.allow
        self._reads = Bucket(settings.reads, now) if settings.reads else None
        self._writes = Bucket(settings.writes, now) if settings.writes else None

    def read(self) -> None:
        """Admit a read. :raises TooManyRequests429:"""
        if self._reads:
            self._reads.take()

    def write(self, operations: set[str], *, group: bool, reducing: bool) -> None:
        """Admit a write.

        :param operations: what it does, in the words of ``allow``; a write of a group is ``groups`` and nothing else.
        :param reducing: it takes access away, so no limit refuses it.
        :raises ForbiddenException: the connection does not do this. :raises TooManyRequests429:
        """
        needed = {"groups"} if group else operations
        refused = sorted(needed - self._allow)
        if refused:
            raise ForbiddenException(detail=f"This connection does not allow: {', '.join(refused)}")
        if self._writes:
            self._writes.take(may_refuse=not reducing)


def replacing(resource: dict[str, Any]) -> tuple[set[str], bool]:
    """What a PUT does, and whether it takes access away; members left out may be removals."""
    deactivates = resource.get("active") is False
    return ({"update", "deactivate"} if deactivates else {"update"}), deactivates or "members" in resource


def patching(patch: Compiled) -> tuple[set[str], bool]:
    """What a PATCH does, and whether it takes access away."""
    writes = [write for operation in patch.operations for write in operation]
    off = [write for write in writes if deactivates(write)]
    operations = ({"deactivate"} if off else set()) | ({"update"} if len(off) < len(writes) or not writes else set())
    return operations, bool(off) or any(change.op != "add" for change in patch.members)


def deactivates(write: Write) -> bool:
    """Whether a write switches the object off."""
    return write.place.path == "active" and write.op != "remove" and write.value is False
