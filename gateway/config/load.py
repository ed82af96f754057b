"""From a file to a Config, or to everything that is wrong with it, each with file and line."""

import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from gateway.config.rules import broken_rules
from gateway.config.settings import Config
from gateway.config.wording import sentence
from gateway.mapping.document import spelled
from gateway.mapping.errors import ConfigError, Message
from gateway.mapping.model import Place
from gateway.mapping.positions import positions

_LINE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)\Z")
_LATER = {
    ("connection", "*", "followers"): "a second target kept in step",
    ("connection", "*", "budget"): "holding changes beyond a budget",
}


def load_config(path: str | Path) -> Config:
    """Read config.toml. Secrets stay references; nothing but the file is touched.

    :raises ConfigError: everything that is wrong with it, at once.
    """
    name = str(path)
    return parse_config(_text(name), name, Path(path).resolve().parent)


def parse_config(text: str, name: str, root: Path) -> Config:
    """Make a Config of the text of a file.

    :param name: what messages call the file.
    :param root: where relative paths start.
    :raises ConfigError: everything that is wrong with it, at once.
    """
    values = _values(text, name)
    places = {path: Place(name, line, spelled(path)) for path, line in positions(text).items()}
    messages = [Message(places[path], what) for path, what in _not_yet(values)]
    config: Config | None
    try:
        config = Config.model_validate(values).located(root, places)
    except ValidationError as error:
        messages += [_message(found, places, name) for found in error.errors()]
        config = None
    messages += broken_rules(values, places)
    if config is None or messages:
        raise ConfigError(sorted(messages, key=_line))
    return config


def _text(name: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError([Message(None, f"cannot read {name}: {error.strerror}")]) from error
    except UnicodeDecodeError as error:
        raise ConfigError([Message(None, f"{name} is not UTF-8 text (byte {error.start})")]) from error


def _values(text: str, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _LINE.search(str(error))
        line = int(found[1]) if found and found[1] else text.count("\n") + 1
        raise ConfigError([Message(Place(name, line, "TOML"), _LINE.sub("", str(error)))]) from error


def _not_yet(values: dict[str, Any]) -> list[tuple[tuple[str, ...], str]]:
    """Take out what a later version will do, so that it is named as that and not as a spelling mistake."""
    found: list[tuple[tuple[str, ...], str]] = []
    connections = values.get("connection")
    for name, connection in connections.items() if isinstance(connections, dict) else ():
        if not isinstance(connection, dict):
            continue
        for (_, _, key), meaning in _LATER.items():
            if connection.pop(key, None) is not None:
                found.append((("connection", name, key), f"{meaning} comes in a later version; remove the key"))
        if connection.get("mode") == "rehearse":
            connection["mode"] = "live"
            text = "'rehearse' comes in a later version; until then: 'live' or 'read-only'"
            found.append((("connection", name, "mode"), text))
    return found


def _message(error: Any, places: dict[tuple[str | int, ...], Place], name: str) -> Message:
    path = tuple(error["loc"])
    for length in range(len(path), 0, -1):
        if path[:length] in places:
            return Message(places[path[:length]], sentence(error))
    return Message(Place(name, 1, spelled(path[:1]) if path else "config"), sentence(error))


def _line(message: Message) -> int:
    return message.place.line if message.place else 0
