"""Mistakes of form: what is said about them, and what they hide from the checks of meaning."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from gateway.mapping.errors import Message, alike
from gateway.mapping.file.positions import Path


@dataclass(slots=True)
class Report:
    """What is wrong with the form of a document.

    :ivar faults: where, as paths of the document; ``strays``: the unknown keys. What was meant there is not known, so
        that nothing is said about its absence: one mistake is one message.
    """

    messages: list[Message] = field(default_factory=list)
    faults: set[Path] = field(default_factory=set)
    strays: set[Path] = field(default_factory=set)


def hidden(faults: Iterable[Path], strays: Iterable[Path], *path: str | int) -> bool:
    """Whether something may well stand at ``path`` that a mistake hides: its own, one of a table around it, or an
    unknown key that is nearly spelled like it."""
    return any(fault == path[: len(fault)] for fault in faults) or any(_nearly(stray, path) for stray in strays)


def _nearly(stray: Path, path: Path) -> bool:
    size = len(stray)
    if size > len(path) or stray[:-1] != path[: size - 1]:
        return False
    wrong, meant = stray[-1], path[size - 1]
    return isinstance(wrong, str) and isinstance(meant, str) and alike(wrong, meant)


def touched(faults: Iterable[Path], *path: str | int) -> bool:
    """Whether a mistake stands at ``path`` or below it."""
    return any(fault[: len(path)] == path for fault in faults)
