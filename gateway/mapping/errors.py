"""What can be wrong with a configuration or a mapping file: a list of messages, all at once, each with its place."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.mapping.model import Place


@dataclass(frozen=True, slots=True)
class Message:
    """One thing that is wrong, said as a sentence for the person who edits the file.

    :param place: file, line and key; None where the trouble is no line's fault.
    """

    place: Place | None
    text: str

    def __str__(self) -> str:
        return self.text if self.place is None else f"{self.place}: {self.text}"


class ConfigError(Exception):
    """A configuration that cannot be used. ``messages`` is never empty; ``str()`` is one line for each."""

    def __init__(self, messages: Iterable[Message]) -> None:
        self.messages: list[Message] = list(messages)
        super().__init__("\n".join(str(message) for message in self.messages))


class MappingError(ConfigError):
    """A mapping file that cannot be used."""


def suggest(word: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` for the known word nearest to ``word``, or an empty string.

    Capitals do not count, so that ``username`` finds ``userName``.
    """
    spelled = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), list(spelled), n=1, cutoff=0.6)
    return f"; did you mean {spelled[near[0]]!r}?" if near else ""


def alike(word: str, name: str) -> bool:
    """Whether ``word`` may be ``name``, misspelled: what ``suggest`` would take it for."""
    return bool(difflib.get_close_matches(word.lower(), [name.lower()], n=1, cutoff=0.6))


def listed(words: Sequence[str], joint: str = "and") -> str:
    """Return ``'a', 'b' and 'c'``."""
    quoted = [repr(word) for word in words]
    if len(quoted) < 2:
        return "".join(quoted)
    return f"{', '.join(quoted[:-1])} {joint} {quoted[-1]}"


def in_order(messages: Iterable[Message]) -> list[Message]:
    """Return the messages by file and line, each once."""
    unique = {str(message): message for message in messages}
    return sorted(unique.values(), key=lambda each: (each.place.file, each.place.line) if each.place else ("", 0))
