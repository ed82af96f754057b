"""From a file to a Config, or to everything that is wrong with it, each with file and line."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from gateway.config.rules import broken_rules
from gateway.config.settings import Config, Connection, Server, Target
from gateway.config.wording import sentence
from gateway.mapping.errors import ConfigError, Message, alike
from gateway.mapping.file.document import spelled
from gateway.mapping.file.positions import positions
from gateway.mapping.file.source import SourceError, parsed, read_text
from gateway.mapping.model import Place

Loc = tuple[str | int, ...]
_LATER = {
    ("connection", "*", "followers"): "a second target kept in step",
    ("connection", "*", "budget"): "holding changes beyond a budget",
}


class UnusableConfig(ConfigError):
    """A configuration that cannot be used as it is. ``rest`` has the targets and connections of which something can be
    said nevertheless: it is for looking at, never for serving."""

    def __init__(self, messages: Iterable[Message], rest: Config) -> None:
        super().__init__(messages)
        self.rest = rest


def load_config(path: str | Path) -> Config:
    """Read config.toml. Secrets stay references; nothing but the file is touched.

    :raises ConfigError: everything that is wrong with it, at once; an ``UnusableConfig`` where it could be read.
    """
    name = str(path)
    try:
        return parse_config(read_text(name), name, Path(path).resolve().parent)
    except SourceError as error:
        raise ConfigError([error.message]) from error


def parse_config(text: str, name: str, root: Path) -> Config:
    """Make a Config of the text of a file.

    :param name: what messages call the file.
    :param root: where relative paths start.
    :raises ConfigError: everything that is wrong with it, at once; an ``UnusableConfig`` where it is TOML.
    """
    try:
        values = parsed(name, text)
    except SourceError as error:
        raise ConfigError([error.message]) from error
    places = {path: Place(name, line, spelled(path)) for path, line in positions(text).items()}
    nameless = _nameless(values)
    messages = [Message(places[path], what) for path, what in [*nameless, *_not_yet(values)]]
    config: Config | None
    try:
        config = Config.model_validate(values).located(root, places)
    except ValidationError as error:
        errors = error.errors()
        strays: set[Loc] = {tuple(found["loc"]) for found in errors if found["type"] == "extra_forbidden"}
        strays |= {path[:1] for path, _ in nameless}
        messages += [_message(found, places, name) for found in errors if not _follows(found, strays)]
        config = None
    messages += broken_rules(values, places)
    if config is None or messages:
        raise UnusableConfig(sorted(messages, key=_line), _rest(values).located(root, places))
    return config


def _rest(values: dict[str, Any]) -> Config:
    """What can be looked at of a broken configuration: targets with their own keys, connections with a mapping."""
    targets = {}
    for name, table in _tables(values, "target"):
        with suppress(ValidationError):
            targets[name] = Target.model_validate({k: v for k, v in table.items() if k not in ("retry", "settle")})
    connections = {
        name: Connection.model_construct(target=str(table.get("target")), mapping=table["mapping"])
        for name, table in _tables(values, "connection")
        if isinstance(table.get("mapping"), str)
    }
    try:
        server = Server.model_validate(values.get("server", {}))
    except ValidationError:
        server = Server()
    return Config.model_construct(server=server, target=targets, connection=connections)


def _tables(values: dict[str, Any], kind: str) -> list[tuple[str, dict[str, Any]]]:
    tables = values.get(kind)
    return [(k, v) for k, v in tables.items() if isinstance(v, dict)] if isinstance(tables, dict) else []


def _not_yet(values: dict[str, Any]) -> list[tuple[tuple[str, ...], str]]:
    """Take out what a later version will do, so that it is named as that and not as a spelling mistake."""
    found: list[tuple[tuple[str, ...], str]] = []
    for name, connection in _tables(values, "connection"):
        for (_, _, key), meaning in _LATER.items():
            if connection.pop(key, None) is not None:
                found.append((("connection", name, key), f"{meaning} comes in a later version; remove the key"))
        if connection.get("mode") == "rehearse":
            connection["mode"] = "live"
            text = "'rehearse' comes in a later version; until then: 'live' or 'read-only'"
            found.append((("connection", name, "mode"), text))
    return found


def _nameless(values: dict[str, Any]) -> list[tuple[tuple[str, ...], str]]:
    """Take out the keys of a ``[target]`` or ``[connection]`` that has no name."""
    found: list[tuple[tuple[str, ...], str]] = []
    for kind in ("target", "connection"):
        table = values.get(kind)
        keys = [key for key, value in table.items() if not isinstance(value, dict)] if isinstance(table, dict) else []
        for key in keys:
            del values[kind][key]
        if keys:
            found.append(((kind, keys[0]), f"a {kind} has a name: [{kind}.NAME]"))
        if keys and not table:
            del values[kind]
    return found


def _follows(error: Any, strays: set[Loc]) -> bool:
    """Whether a key is only missing because it is misspelled."""
    path = tuple(error["loc"])
    near = (stray for stray in strays if stray[:-1] == path[:-1])
    return error["type"] == "missing" and any(alike(str(stray[-1]), str(path[-1])) for stray in near)


def _message(error: Any, places: dict[tuple[str | int, ...], Place], name: str) -> Message:
    path = tuple(error["loc"])
    for length in range(len(path), 0, -1):
        if path[:length] in places:
            return Message(places[path[:length]], sentence(error))
    return Message(Place(name, 1, spelled(path[:1]) if path else "config"), sentence(error))


def _line(message: Message) -> int:
    return message.place.line if message.place else 0
