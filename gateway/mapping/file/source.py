"""The text of a TOML file, and its values; what is wrong with either, as a sentence for whoever edits it."""

import re
import tomllib
from pathlib import Path
from typing import Any

from gateway.mapping.errors import Message, suggest
from gateway.mapping.model import Place

_WHERE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)\Z")
_KEY = re.compile(r"""\s*([A-Za-z0-9_."' -]+?)\s*[=:]""")
_SENTENCES = (
    (r"Illegal character '\\[rn]'|Unterminated string|Expected \"'", "a quote is not closed"),
    (r"Illegal character '(.+)'", "the character {} may not stand here"),
    (r"Invalid value", 'this is no value: a text stands in quotes ("…"); true and false are written small'),
    (
        r"Expected '=' after a key",
        "'=' is missing: a line is key = value or a [table], and a key with brackets or colons stands in quotes",
    ),
    (
        r"Expected newline or end of document",
        "something follows the value: a line is one key = value, and a text has one quote at each end",
    ),
    (
        r"Invalid statement",
        "neither key = value, nor a [table], nor a # comment; a key of other letters than a-z stands in quotes",
    ),
    (r"Cannot declare \((.*?),?\) twice", "the table [{}] is there already, further up; put its keys together"),
    (r"Cannot overwrite a value|Duplicate inline table key '(.*)'", "the key is there already; remove one of the two"),
    (r"Cannot mutate immutable namespace", "the table was written above as {{ … }}; write all of its keys there"),
    (r"Unclosed array|Expected ',' or '\]'", "a list [ … ] is not closed, or lacks a comma"),
    (
        r"Unclosed inline table|Expected ',' or '\}'|Invalid initial character for a key part",
        "a table {{ … }} is not closed, lacks a comma, or has one before the end; it stands on one line",
    ),
    (r"Expected '\]", "the [ of a table's name is not closed"),
    (r"Unescaped '\\'|Invalid hex value", "a backslash in \"…\" has a meaning; write '…' or double it"),
)
"""What ``tomllib`` says, and what it means for somebody who has never heard of TOML."""


class SourceError(Exception):
    """A file that cannot be read, or is not TOML: ``message`` says which, with its line."""

    def __init__(self, message: Message) -> None:
        self.message = message
        super().__init__(str(message))


def read_text(name: str, origin: Place | None = None) -> str:
    """Return the text of a file; a byte order mark is no part of it.

    :param origin: where the file is named. :raises SourceError:
    """
    try:
        return Path(name).read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        near = suggest(Path(name).name, (path.name for path in Path(name).parent.glob("*.toml")))
        text = f"there is no file {name}{near}"
    except OSError as error:
        text = f"cannot read {name}: {error.strerror}"
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        text = f"{name} is not UTF-8 text (line {line}); save it with the encoding UTF-8"
    raise SourceError(Message(origin, text))


def parsed(name: str, text: str) -> dict[str, Any]:
    """Return the values of a TOML document. :raises SourceError: the first thing that is no TOML, and its line."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _WHERE.search(str(error))
        line = int(found[1]) if found and found[1] else text.rstrip().count("\n") + 1
        said = _WHERE.sub("", str(error))
        if said == "Unterminated string" or "end of document" in str(error):
            line = _opened(text, line)
        raise SourceError(Message(Place(name, line, _key(text, line)), _sentence(said))) from error


def _sentence(said: str) -> str:
    for pattern, sentence in _SENTENCES:
        if found := re.match(pattern, said):
            named = ".".join(re.findall(r"'([^']*)'", found[1])) or found[1] if found.groups() and found[1] else ""
            return sentence.format(named)
    return said


def _opened(text: str, line: int) -> int:
    """The line in which something was opened that the end of the document did not close: the last that parses not."""
    lines = text.splitlines()
    for number in range(line, 0, -1):
        if _KEY.match(lines[number - 1]) and _parses("\n".join(lines[: number - 1])):
            return number
    return line


def _parses(text: str) -> bool:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return True


def _key(text: str, line: int) -> str:
    """The key of a line, never its value, which may be a secret."""
    lines = text.splitlines()
    found = _KEY.match(lines[line - 1]) if 0 < line <= len(lines) else None
    return found[1] if found else "TOML"
