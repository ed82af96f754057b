"""Reads tables of options key by key, and collects everything that is wrong with them."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.rest import paths


def unknown(key: str, known: Iterable[str]) -> str:
    """Say that ``key`` is not known, and which one was probably meant."""
    names = sorted(known)
    close = difflib.get_close_matches(key, names, 1)
    hint = f"did you mean '{close[0]}'?" if close else f"known are {', '.join(names)}"
    return f"unknown key '{key}'; {hint}"


@dataclass(slots=True)
class Reader:
    """One table. :param where: how messages begin. :param mistakes: where they go."""

    where: str
    table: Mapping[str, Any]
    mistakes: list[str] = field(default_factory=list)

    def complain(self, text: str) -> None:
        self.mistakes.append(f"{self.where}: {text}" if self.where else text)

    def only(self, known: Iterable[str]) -> None:
        """Report every key that is not known."""
        names = frozenset(known)
        for key in self.table:
            if key not in names:
                self.complain(unknown(key, names))

    def inner(self, key: str, value: Any = None) -> "Reader | None":
        """The table under a key; None where there is none."""
        value = self.table.get(key) if value is None else value
        if value is None:
            return None
        where = f"{self.where}.{key}" if self.where else key
        if not isinstance(value, Mapping):
            self.mistakes.append(f"{where}: must be a table")
            return None
        return Reader(where, value, self.mistakes)

    def text(self, key: str, default: Any = None, *, needed: bool = False) -> Any:
        """A text that is not empty."""
        value = self.table.get(key, default)
        if value is None and not needed:
            return None
        if not isinstance(value, str) or not value or not value.isprintable():
            self.complain(f"'{key}' must be a text" if key in self.table else f"'{key}' is missing")
            return default
        return value

    def flag(self, key: str, default: bool = False) -> bool:
        value = self.table.get(key, default)
        if not isinstance(value, bool):
            self.complain(f"'{key}' is true or false")
            return default
        return value

    def whole(self, key: str, default: int, least: int, most: int) -> int:
        value = self.table.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.complain(f"'{key}' is a whole number from {least} to {most}")
            return default
        return value

    def seconds(self, key: str, default: float) -> float:
        value = self.table.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 3600:
            self.complain(f"'{key}' is a number of seconds, up to 3600")
            return default
        return float(value)

    def statuses(self, key: str, default: Iterable[int]) -> frozenset[int]:
        """One status or an array of them."""
        value = self.table.get(key)
        if value is None:
            return frozenset(default)
        found = value if isinstance(value, list) else [value]
        if not all(type(each) is int and 400 <= each < 600 for each in found):
            self.complain(f"'{key}' is an array of statuses from 400 to 599, such as [404, 410]")
            return frozenset(default)
        return frozenset(found)

    def path(self, key: str, default: str | None = None) -> paths.Path | None:
        """A dotted path; None where none is given and there is no default."""
        value = self.table.get(key, default)
        if value is None:
            return None
        try:
            return paths.parse(value)
        except (ValueError, TypeError) as error:
            self.complain(f"'{key}': {error}")
            return None
