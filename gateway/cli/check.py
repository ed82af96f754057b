"""``dirbridge check``: everything that can be wrong with a configuration and its mappings."""

import asyncio
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.options import ConfigOption, JsonOption, config_path, configured
from gateway.cli.outcome import FINE, FOUND, UNREACHABLE, UNUSABLE, end, outcomes
from gateway.cli.screen import complain, say, say_json
from gateway.config import Config, ConfigError, load_config
from gateway.mapping.errors import Message

if TYPE_CHECKING:
    from gateway.app.parts import Parts
    from gateway.mapping.model import MappingFile

    Checker = Callable[[], Config | MappingFile]

Findings = list[dict[str, Any]]


def check(
    files: Annotated[list[Path] | None, typer.Argument(help="config.toml and mapping files; else --config")] = None,
    online: Annotated[bool, typer.Option("--online", help="also ask the targets: schema, rights, indices")] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Say everything that is wrong with config and mappings: syntax, names, laws, tests."""
    found: Findings = []
    with outcomes():
        for path in files or ():
            if not path.is_file():
                end(UNUSABLE, f"there is no file {path}")
            _collect(str(path), _checker(path), found, online, quiet=json)
        if not files:
            _collect(
                str(config_path(config) or "the embedded default (no config.toml here)"),
                lambda: configured(config),
                found,
                online,
                quiet=json,
            )
    if json:
        say_json(found)
    broken = [finding for finding in found if finding["level"] == "error"]
    unreachable = any(finding["level"] == "unreachable" for finding in found)
    raise typer.Exit(FOUND if broken else UNREACHABLE if unreachable else FINE)


def _checker(path: Path) -> "Checker":
    """A file that says ``format`` is a mapping; everything else is a configuration."""
    try:
        is_mapping = "format" in tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        is_mapping = False
    return (lambda: _check_mapping(path)) if is_mapping else (lambda: load_config(path))


def _check_mapping(path: Path) -> "MappingFile":
    from gateway.app.parts import check_mapping
    from gateway.mapping.load import load

    file = load(path)
    check_mapping(file, laws=True)
    return file


def _collect(name: str, checker: "Checker", found: Findings, online: bool, *, quiet: bool) -> None:
    """Check one file, say what was found, and add it to ``found``."""
    from gateway.app.parts import assemble
    from gateway.mapping.check import warnings

    before = len(found)
    try:
        checked = checker()
        if isinstance(checked, Config):
            parts = assemble(checked, laws=True, secrets=online)
            files = {part.file.name: part.file for part in parts.connections.values()}
            doubts = [*parts.unresolved, *(message for file in files.values() for message in warnings(file))]
            found += [_finding(message, "warning") for message in doubts]
            found += asyncio.run(_online(parts)) if online else []
        else:
            found += [_finding(message, "warning") for message in warnings(checked)]
    except ConfigError as error:
        found += [_finding(message) for message in error.messages]
    if not quiet:
        _tell(name, found[before:])


def _tell(name: str, found: Findings) -> None:
    for finding in found:
        level = "" if finding["level"] == "error" else f"{finding['level']}: "
        complain(level + ": ".join(filter(None, (finding["place"], finding["text"]))))
    if all(finding["level"] == "warning" for finding in found):
        say(f"{name}: fine")


def _finding(message: Message, level: str = "error") -> dict[str, Any]:
    return {"level": level, "place": str(message.place) if message.place else "", "text": message.text}


async def _online(parts: "Parts") -> Findings:
    """Ask every target whether the mappings fit it."""
    from gateway.app.online import check_online

    return [
        {"level": finding.level, "place": place, "text": finding.message}
        async for place, finding in check_online(parts)
    ]
