"""A mapping file as TOML with places: read, its aliases resolved, merged onto what it ``extends``."""

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path as FilePath
from typing import Any

from gateway.mapping.errors import MappingError, Message, suggest
from gateway.mapping.file.faults import Report
from gateway.mapping.file.positions import Path, positions
from gateway.mapping.file.source import SourceError, parsed, read_text
from gateway.mapping.model import Place

_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")
_ALIASES = {"user": "User", "group": "Group"}
_ROW_TABLES = ("map", "set", "show")


@dataclass(slots=True)
class Document:
    """The values of a file after ``extends``, and where each was written.

    ``[user]`` and ``[group]`` stand under ``resource``; their places keep the spelling of the file. ``report`` has what
    is wrong with what it extends.
    """

    name: str
    values: dict[str, Any]
    places: dict[Path, Place] = field(default_factory=dict)
    report: Report = field(default_factory=Report)

    def place(self, path: Path) -> Place:
        """Return where ``path`` was written, or the nearest table around it."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.places:
                return self.places[path[:length]]
        return Place(self.name, 1, ".".join(map(str, path)) or "format")


def presets() -> tuple[str, ...]:
    """Return the names of the shipped presets."""
    return tuple(
        sorted(item.name[:-5] for item in resources.files("mappings").iterdir() if item.name.endswith(".toml"))
    )


def spelled(path: Path) -> str:
    """Write a path as TOML would: ``user.map."name.givenName"``; array elements count from 1."""
    words: list[str] = []
    for key in path:
        if isinstance(key, int):
            words[-1] += f"[{key + 1}]"
        else:
            escaped = key.replace("\\", "\\\\").replace('"', '\\"')
            words.append(key if _BARE.match(key) else f'"{escaped}"')
    return ".".join(words)


def read_document(source: str | FilePath) -> Document:
    """Read a preset by name or a file by path, with everything it extends.

    :raises MappingError: it cannot be read, or is not TOML. Whether what it extends can is in ``report``: then nothing
        is known of what the file itself does not say.
    """
    try:
        return _read(str(source), None, ())
    except SourceError as error:
        raise MappingError([error.message]) from error


def _read(source: str, origin: Place | None, trail: tuple[str, ...]) -> Document:
    identity, text = _text(source, origin)
    if identity in trail:
        raise SourceError(Message(origin, f"{source!r} extends itself, by way of {' → '.join(trail)}"))
    document = _parse(source, text)
    wanted = document.values.pop("extends", None)
    if wanted is None:
        return document
    origin = document.place(("extends",))
    if not isinstance(wanted, str):
        return _alone(document, Message(origin, "must be the name of a preset or a path, as text"))
    relative = FilePath(source).parent / wanted if wanted.endswith(".toml") else wanted
    try:
        base = _read(str(relative), origin, (*trail, identity))
    except SourceError as error:
        return _alone(document, error.message)
    return _extended(base, document)


def _alone(document: Document, message: Message) -> Document:
    """A document without what it extends, of which everything else may be said."""
    document.report.messages.append(message)
    document.report.faults.add(())
    return document


def is_preset(source: str) -> bool:
    """Whether a name means a preset; what is a path has a slash or ends in ``.toml``."""
    return not source.endswith(".toml") and "/" not in source


def _text(source: str, origin: Place | None) -> tuple[str, str]:
    """Return an identity (against circles) and the text of a preset or file."""
    if is_preset(source):
        preset = resources.files("mappings") / f"{source}.toml"
        if preset.is_file():
            return source, preset.read_text(encoding="utf-8")
        known = ", ".join(presets())
        hint = suggest(source, presets())
        text = f"there is no preset {source!r}{hint or f' (presets: {known}; a file ends in .toml)'}"
        raise SourceError(Message(origin, text))
    return str(FilePath(source).resolve()), read_text(source, origin)


def _parse(name: str, text: str) -> Document:
    values = parsed(name, text)
    places = {path: Place(name, line, spelled(path)) for path, line in positions(text).items()}
    return _without_aliases(Document(name, values, places))


def _without_aliases(document: Document) -> Document:
    """Move ``[user]`` to ``resource.User`` and ``[group]`` to ``resource.Group``."""
    renamed = {alias: name for alias, name in _ALIASES.items() if alias in document.values}
    sections = document.values.setdefault("resource", {}) if renamed else document.values.get("resource")
    if not renamed or not isinstance(sections, dict):
        return document
    for alias, name in renamed.items():
        if name in sections:
            place = document.place((alias,))
            document.report.messages.append(
                Message(place, f"[{alias}] is short for [resource.{name}], and both are given")
            )
            document.report.faults.add(("resource", name))
            del document.values[alias]
            continue
        sections[name] = document.values.pop(alias)
    document.places = {_resolved(path): place for path, place in document.places.items()}
    return document


def _resolved(path: Path) -> Path:
    name = _ALIASES.get(path[0]) if isinstance(path[0], str) else None
    return ("resource", name, *path[1:]) if name else path


def _extended(base: Document, site: Document) -> Document:
    """Lay a site's file over what it extends; the tests of the base stay behind."""
    targets = base.values.get("target"), site.values.get("target", base.values.get("target"))
    if targets[0] != targets[1]:
        text = f"{base.name!r} is for {targets[0]!r} and this file is for {targets[1]!r}"
        return _alone(site, Message(site.place(("target",)), text))
    base.values.pop("test", None)
    report = Report([*base.report.messages, *site.report.messages], base.report.faults | site.report.faults)
    merged = Document(site.name, {}, report=report)
    merged.values = dict(_merged((), base, site, base.values, site.values, merged))
    return merged


def _merged(
    path: Path, base: Document, site: Document, under: dict[str, Any], over: dict[str, Any], into: Document
) -> Iterator[tuple[str, Any]]:
    """Yield the merged pairs of one table: tables by key, a row replaces a row, ``false`` removes."""
    for key in [*under, *(key for key in over if key not in under)]:
        here = (*path, key)
        if key not in over:
            _keep_places(here, base, into)
            yield key, copy.deepcopy(under[key])
        elif over[key] is False and _removable(here, under.get(key)):
            if key not in under:
                hint = suggest(key, under)
                message = Message(site.place(here), f"there is nothing of this name to remove{hint}")
                into.report.messages.append(message)
                into.report.faults.add(here)
        elif key in under and isinstance(under[key], dict) and isinstance(over[key], dict) and not _is_row(here):
            into.places[here] = site.place(here)
            yield key, dict(_merged(here, base, site, under[key], over[key], into))
        else:
            _keep_places(here, site, into)
            yield key, over[key]


def _is_row(path: Path) -> bool:
    return len(path) == 4 and path[0] == "resource" and path[2] in _ROW_TABLES


def _removable(path: Path, old: Any) -> bool:
    return isinstance(old, dict | str) or _is_row(path)


def _keep_places(path: Path, source: Document, into: Document) -> None:
    into.places.update({found: place for found, place in source.places.items() if found[: len(path)] == path})
