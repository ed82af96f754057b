"""``dirbridge check``: everything that can be wrong with a configuration and its mappings."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.options import ConfigOption, JsonOption, config_path
from gateway.cli.outcome import FINE, FOUND, UNREACHABLE, UNUSABLE, outcomes
from gateway.cli.screen import complain, say, say_json
from gateway.config import ConfigError, embedded_config, load_config
from gateway.config.embedded import DIRECTORY
from gateway.mapping.errors import Message

if TYPE_CHECKING:
    from gateway.app.parts import Parts

Finding = dict[str, Any]
OF_A_MAPPING = {"format", "extends", "user", "group", "resource", "schema", "table", "test"}
"""what stands at the top of a mapping file, and never in a configuration"""


@dataclass(slots=True)
class Looked:
    """What was found in one file: errors, doubts, and the parts whose targets may be asked."""

    name: str
    errors: list[Message]
    doubts: list[Message] = field(default_factory=list)
    parts: "Parts | None" = None


def check(
    files: Annotated[
        list[str] | None, typer.Argument(help="config.toml, mapping files, names of presets; else --config")
    ] = None,
    online: Annotated[bool, typer.Option("--online", help="also ask the targets: schema, rights, indices")] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Say everything that is wrong with config and mappings: syntax, names, laws, tests."""
    found: list[Finding] = []
    said: set[tuple[str, ...]] = set()
    with outcomes():
        for looked in (_look(name, online) for name in files) if files else [_configured(config, online)]:
            new = [each for each in _findings(looked) if _once(each, said)]
            new += asyncio.run(_online(looked.parts)) if online and looked.parts is not None else []
            if not json:
                _tell(looked, new)
            found += new
    if json:
        say_json(found)
    absent = [name for name in files or () if not _is_there(name)]
    broken = any(finding["level"] == "error" for finding in found)
    unreachable = any(finding["level"] == "unreachable" for finding in found)
    raise typer.Exit(UNUSABLE if absent else FOUND if broken else UNREACHABLE if unreachable else FINE)


def _is_preset(name: str) -> bool:
    """As ``test`` and ``map`` read it: a word that is no path."""
    from gateway.mapping.file.document import is_preset

    return is_preset(name) and not Path(name).exists()


def _is_there(name: str) -> bool:
    return _is_preset(name) or Path(name).exists()


def _look(name: str, online: bool) -> Looked:
    from gateway.mapping.file.source import SourceError, parsed, read_text

    if _is_preset(name):
        return _mapping(name)
    try:
        values = parsed(name, read_text(name))
    except SourceError as error:
        return Looked(name, [error.message])
    is_mapping = "connection" not in values and bool(values.keys() & OF_A_MAPPING)
    return _mapping(name) if is_mapping or isinstance(values.get("target"), str) else _config(Path(name), online)


def _configured(given: Path | None, online: bool) -> Looked:
    path = config_path(given)
    if path is not None:
        return _config(path, online)
    name = "the embedded default (no config.toml here)"
    if Path(DIRECTORY).is_dir():
        return _config(None, online, name)
    with TemporaryDirectory(prefix="dirbridge-check-") as folder:
        looked = _config(None, False, name, folder)
    looked.parts = None  # nothing is there yet that could be asked
    return looked


def _config(path: Path | None, online: bool, name: str = "", folder: str = DIRECTORY) -> Looked:
    from gateway.app.parts import examined
    from gateway.mapping.check import warnings

    def load() -> Any:
        return load_config(path) if path is not None else embedded_config(folder)

    try:
        parts, errors = examined(load, laws=True, secrets=online)
    except ConfigError as error:
        return Looked(name or str(path), error.messages)
    files = {part.file.name: part.file for part in parts.connections.values()}
    doubts = [*parts.unresolved, *(message for file in files.values() for message in warnings(file))]
    return Looked(name or str(path), errors, doubts, parts)


def _mapping(name: str) -> Looked:
    from gateway.app.parts import judged
    from gateway.mapping.check import warnings
    from gateway.mapping.load import load

    try:
        file = load(name)
    except ConfigError as error:
        return Looked(name, error.messages)
    return Looked(name, judged(file, test=True, laws=True)[1], warnings(file))


def _findings(looked: Looked) -> list[Finding]:
    """Errors and warnings together, by file and line."""
    found = [*((each, "error") for each in looked.errors), *((each, "warning") for each in looked.doubts)]
    found.sort(key=lambda each: (each[0].place.file, each[0].place.line) if each[0].place else ("", 0))
    return [
        {"level": level, "place": str(message.place) if message.place else "", "text": message.text}
        for message, level in found
    ]


def _once(finding: Finding, said: set[tuple[str, ...]]) -> bool:
    """Whether a finding is new: a mapping may be named by itself and by the configuration, and in other words."""
    file, colon, place = finding["place"].partition(":")
    key = (str(Path(file).resolve()) if colon else "", place, finding["text"])
    if key in said:
        return False
    said.add(key)
    return True


def _tell(looked: Looked, found: Iterable[Finding]) -> None:
    for finding in found:
        level = "" if finding["level"] == "error" else f"{finding['level']}: "
        complain(level + ": ".join(filter(None, (finding["place"], finding["text"]))))
    if not looked.errors and all(finding["level"] == "warning" for finding in found):
        say(f"{looked.name}: fine")


async def _online(parts: "Parts") -> list[Finding]:
    """Ask every target whether the mappings fit it."""
    from gateway.app.online import check_online

    return [
        {"level": finding.level, "place": place, "text": finding.message}
        async for place, finding in check_online(parts)
    ]
