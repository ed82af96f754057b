"""On which line each key of a TOML document stands.

``tomllib`` gives values without positions. This scanner gives positions without values: it walks a document that
``tomllib`` has already accepted, so it never has to judge, only to follow (TOML 1.0: dotted and quoted keys, inline
tables, arrays over several lines, arrays of tables, the four kinds of strings).
"""

import re
import tomllib

Path = tuple[str | int, ...]
"""The keys from the document's root; an element of an array is an ``int``, from 0."""

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}#\n]+")
_BLANK = re.compile(r"[ \t]*")
_BLANK_LINES = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_STRINGS = (
    re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}(?!")', re.DOTALL),
    re.compile(r"'''.*?'{3,5}(?!')", re.DOTALL),
    re.compile(r'"(?:[^"\\\n]|\\.)*"'),
    re.compile(r"'[^'\n]*'"),
)


def positions(text: str) -> dict[Path, int]:
    """Return the line, from 1, of every key and array element of a valid TOML document.

    A table that several lines speak of has the line of the first.
    """
    return _Scanner(text.replace("\r\n", "\n")).document()


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[Path, int] = {}
        self.arrays: dict[Path, int] = {}
        """array of tables → the index of its latest element"""
        self._line, self._counted = 1, 0

    def document(self) -> dict[Path, int]:
        table: Path = ()
        self._skip(_BLANK_LINES)
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                table = self._header()
            else:
                self._pair(table)
            self._skip(_BLANK_LINES)
        return self.found

    def _header(self) -> Path:
        line, many = self._here(), self.text.startswith("[[", self.at)
        self.at += 2 if many else 1
        keys = self._dotted()
        self.at += 2 if many else 1
        path: Path = ()
        for key in keys[:-1]:
            path = self._latest((*path, key))
            self.found.setdefault(path, line)
        path = (*path, keys[-1])
        self.found.setdefault(path, line)
        if many:
            self.arrays[path] = self.arrays.get(path, -1) + 1
        path = self._latest(path)
        self.found.setdefault(path, line)
        return path

    def _latest(self, path: Path) -> Path:
        return (*path, self.arrays[path]) if path in self.arrays else path

    def _pair(self, table: Path) -> None:
        line = self._here()
        path = table
        for key in self._dotted():
            path = (*path, key)
            self.found.setdefault(path, line)
        self.at += 1  # the equals sign
        self._skip(_BLANK)
        self._value(path)

    def _dotted(self) -> list[str]:
        """Read ``a."b c".d`` and the blanks around it."""
        keys: list[str] = []
        while True:
            self._skip(_BLANK)
            keys.append(self._key())
            self._skip(_BLANK)
            if not self.text.startswith(".", self.at):
                return keys
            self.at += 1

    def _key(self) -> str:
        if self.text[self.at] not in "\"'":
            return self._skip(_BARE)
        quoted = self._skip(_STRINGS[2] if self.text[self.at] == '"' else _STRINGS[3])
        word: str = tomllib.loads(f"key = {quoted}")["key"]
        return word

    def _value(self, path: Path) -> None:
        match self.text[self.at]:
            case "[":
                self._array(path)
            case "{":
                self._inline(path)
            case '"' | "'":
                self._string()
            case _:
                self._skip(_SCALAR)

    def _string(self) -> None:
        for quotes, pattern in zip(('"""', "'''", '"', "'"), _STRINGS, strict=True):
            if self.text.startswith(quotes, self.at):
                self._skip(pattern)
                return

    def _array(self, path: Path) -> None:
        self.at += 1
        index = 0
        self._skip(_BLANK_LINES)
        while self.text[self.at] != "]":
            self.found[(*path, index)] = self._here()
            self._value((*path, index))
            self._skip(_BLANK_LINES)
            if self.text[self.at] == ",":
                self.at += 1
                self._skip(_BLANK_LINES)
            index += 1
        self.at += 1

    def _inline(self, path: Path) -> None:
        self.at += 1
        self._skip(_BLANK_LINES)
        while self.text[self.at] != "}":
            self._pair(path)
            self._skip(_BLANK_LINES)
            if self.text[self.at] == ",":
                self.at += 1
                self._skip(_BLANK_LINES)
        self.at += 1

    def _skip(self, pattern: re.Pattern[str]) -> str:
        """Move past what ``pattern`` matches here and return it."""
        match = pattern.match(self.text, self.at)
        if match is None:
            return ""
        self.at = match.end()
        return match.group()

    def _here(self) -> int:
        self._line += self.text.count("\n", self._counted, self.at)
        self._counted = self.at
        return self._line
