"""The parts of a gateway, put together without any I/O but reading files: connectors, mappings, collections.

What is wrong with any of them is found here, all at once; ``check`` and ``serve`` use the same door.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from connectors.contract import Calling, Collection, Connector
from gateway.app.own import OF_THE_SERVER
from gateway.config import (
    Config,
    ConfigError,
    Connection,
    Secret,
    SecretMissing,
    Target,
    UnusableConfig,
    anchored_mapping,
    anchored_url,
    references,
    resolve_all,
)
from gateway.mapping import check
from gateway.mapping.compiled import Mapping as CompiledMapping
from gateway.mapping.errors import Message, in_order, suggest
from gateway.mapping.laws.filetests import run_tests
from gateway.mapping.load import load, presets
from gateway.mapping.model import MappingFile

GROUP = "dirbridge.connectors"
"""the entry point group in which connectors, ours and others', are found"""


@dataclass(frozen=True, slots=True)
class Part:
    """One connection: its settings, its mapping, and the collections it provisions into."""

    name: str
    settings: Connection
    file: MappingFile
    mapping: CompiledMapping
    collections: Mapping[str, Collection]


@dataclass(slots=True)
class Parts:
    """Everything that a configuration names."""

    config: Config
    connectors: dict[str, Connector] = field(default_factory=dict)
    connections: dict[str, Part] = field(default_factory=dict)
    files: dict[str, MappingFile] = field(default_factory=dict)
    """every mapping file that was read, by the path or preset it was read from"""
    unresolved: list[Message] = field(default_factory=list)
    """secrets that are not here; only where ``assemble`` was told to go on without"""


def assemble(
    config: Config,
    *,
    test_mappings: bool = True,
    laws: bool = False,
    secrets: bool = True,
    files: Mapping[str, MappingFile] | None = None,
) -> Parts:
    """Make every connector and compile every mapping. No target is asked anything.

    :param test_mappings: run the tests inside the mapping files; a failing one is an error.
    :param laws: try to break the three laws too, which takes its time.
    :param secrets: a secret that is not here is an error; else its target is left out, and said to be.
    :param files: mapping files that were read already.
    :raises ConfigError: everything that is wrong, at once.
    """
    return sound(*examined(lambda: config, test_mappings=test_mappings, laws=laws, secrets=secrets, files=files))


def examined(
    load: Callable[[], Config],
    *,
    test_mappings: bool = True,
    laws: bool = False,
    secrets: bool = True,
    files: Mapping[str, MappingFile] | None = None,
) -> tuple[Parts, list[Message]]:
    """Do the same, and return the parts that can be made beside everything that is wrong, by file and line.

    :param load: gives the configuration; what is wrong with that does not hide what is wrong with the mappings.
    :raises ConfigError: the configuration cannot be read, or is no TOML.
    """
    messages: list[Message] = []
    try:
        config = load()
    except UnusableConfig as error:
        config, messages = error.rest, error.messages
    assembly = _Assembly(config, test_mappings, laws, secrets, files or {})
    assembly.run()
    return assembly.parts, in_order([*messages, *assembly.messages])


def sound(parts: Parts, messages: Sequence[Message]) -> Parts:
    """Return the parts where nothing is wrong with them. :raises ConfigError: something is."""
    if messages:
        raise ConfigError(messages)
    return parts


def connector_kinds() -> dict[str, Any]:
    """Return the kinds of targets that are installed: name → entry point."""
    return {point.name: point for point in entry_points(group=GROUP)}


def connector_options(target: Target, root: Path) -> dict[str, Any]:
    """Return what a connector is built from: secrets resolved, relative paths made absolute. :raises ValueError:"""
    given = target.options
    if isinstance(given.get("ca"), str):  # a file's path, never its content
        given["ca"] = str(root / given["ca"].removeprefix("file:"))
    options: dict[str, Any] = resolve_all(given, root)
    if isinstance(options.get("url"), str):
        options["url"] = anchored_url(options["url"], root)
    return options


def built(kind: Any, name: str, target: Target, options: dict[str, Any]) -> Connector:
    """A connector of a kind, told those of the gateway's own keys that it asks for. :raises ValueError:"""
    shared = {key: getattr(target, key) for key in getattr(kind, "shared", ()) if key in Target.model_fields}
    connector: Connector = kind.from_options(name, {**options, **shared})
    return connector


def check_mapping(file: MappingFile, *, test: bool = True, laws: bool = False) -> CompiledMapping:
    """Check, compile and test one mapping file. :raises ConfigError: everything that is wrong with it."""
    compiled, messages = judged(file, test=test, laws=laws)
    if compiled is None or messages:
        raise ConfigError(messages)
    return compiled


def judged(file: MappingFile, *, test: bool, laws: bool) -> tuple[CompiledMapping | None, list[Message]]:
    """Return a mapping file compiled, None where that cannot be, and everything that is wrong with it, by line."""
    compiled, messages = check.examined(file)
    if compiled is None:
        return None, messages
    found = check.broken_laws(file) if laws else []
    found += [result.message for result in run_tests(compiled, file) if not result.ok] if test else []
    return compiled, in_order(found)


class _Assembly:
    """One run of ``examined``: what was made so far, and what went wrong."""

    def __init__(self, config: Config, test: bool, laws: bool, secrets: bool, files: Mapping[str, MappingFile]) -> None:
        self.config, self.test, self.laws, self.secrets, self.files = config, test, laws, secrets, files
        self.parts = Parts(config)
        self.messages: list[Message] = []
        self.mappings: dict[str, tuple[MappingFile | None, CompiledMapping | None]] = {}

    def run(self) -> None:
        self._server()
        for name, target in self.config.target.items():
            self._connector(name, target)
        for name, connection in self.config.connection.items():
            self._connection(name, connection)

    def _complain(self, text: str, *path: str | int) -> None:
        self.messages += [Message(self.config.place(*path), line) for line in text.splitlines()]

    def _missing(self, error: SecretMissing, *path: str | int) -> None:
        message = Message(self.config.place(*path), str(error))
        (self.messages if self.secrets else self.parts.unresolved).append(message)

    def _server(self) -> None:
        """What the gateway itself needs: the ledger's address, the key of cursors, the certificate."""
        for key, look in OF_THE_SERVER.items():
            try:
                look(self.config)
            except SecretMissing as error:
                self._missing(error, "server", key)
            except ValueError as error:
                self._complain(str(error), "server", key)

    def _connector(self, name: str, target: Target) -> None:
        kinds = connector_kinds()
        if target.kind not in kinds:
            hint = suggest(target.kind, kinds) or f"; installed are {', '.join(sorted(kinds))}"
            self._complain(f"there is no connector {target.kind!r}{hint}", "target", name, "kind")
            return
        if not self._secrets(name, target):
            return
        try:
            options = connector_options(target, self.config.root)
        except ValueError as error:  # a path in its URL
            self._complain(str(error), "target", name, "url")
            return
        try:
            self.parts.connectors[name] = built(kinds[target.kind].load(), name, target, options)
        except ValueError as error:
            for line in str(error).splitlines():
                self._complain(line, "target", name, *_meant(line, options))

    def _secrets(self, name: str, target: Target) -> bool:
        """Whether every secret of a target is there; each that is not is said, at its key."""
        missing = False
        for path, reference in references({key: value for key, value in target.options.items() if key != "ca"}):
            try:
                Secret(reference).resolve(self.config.root)
            except SecretMissing as error:
                missing = True
                self._missing(error, "target", name, *path)
        return not missing

    def _connection(self, name: str, connection: Connection) -> None:
        file, mapping = self._mapping(name, connection)
        target = self.config.target.get(connection.target)
        if file is None or target is None:
            return
        if file.target != target.kind and target.kind in connector_kinds():
            text = f"{connection.mapping} is for a target of kind {file.target!r}; "
            self._complain(f"{text}{connection.target!r} is {target.kind!r}", "connection", name, "mapping")
            return
        connector = self.parts.connectors.get(connection.target)
        if mapping is None or connector is None:
            return
        try:
            collections = connector.collections(mapping.specs)
        except ValueError as error:
            self.messages += [_placed(file, line) for line in str(error).splitlines()]
            return
        for type_, resource in mapping.resources.items():
            if resource.lifecycle.after and not isinstance(collections[type_], Calling):
                place = file.places.get(("resource", type_, "lifecycle", "after"))
                self.messages.append(Message(place, f"a target of kind {target.kind!r} has no calls to make"))
        self.parts.connections[name] = Part(name, connection, file, mapping, collections)

    def _mapping(self, name: str, connection: Connection) -> tuple[MappingFile | None, CompiledMapping | None]:
        """Load a mapping once, whoever uses it; None where it is broken, which is then said already."""
        source = anchored_mapping(connection.mapping, self.config.root)
        if source not in self.mappings:
            self.mappings[source] = None, None
            try:
                file = self.parts.files[source] = self.files.get(source) or load(source)
            except ConfigError as error:
                place = self.config.place("connection", name, "mapping")
                self.messages += [Message(each.place or place, each.text) for each in error.messages]
                return None, None
            ours = source in presets()  # its tests and laws were tried before it was shipped
            mapping, messages = judged(file, test=self.test and not ours, laws=self.laws and not ours)
            self.messages += messages
            self.mappings[source] = file, mapping
        return self.mappings[source]


def _meant(line: str, options: Mapping[str, Any]) -> tuple[str, ...]:
    """The keys of a target that a connector's complaint is about: ``base must be …``, ``auth: unknown key 'b'; …``."""
    words = re.findall(r"[A-Za-z_]+", line)
    stray = re.search(r"unknown key '([^']+)'", line)
    path: tuple[str, ...] = (words[0],) if words and words[0] in options else ()
    inner = options.get(path[0]) if path else options
    return (*path, stray[1]) if stray and isinstance(inner, dict) and stray[1] in inner else path


def _placed(file: MappingFile, said: str) -> Message:
    """What a connector says of a mapping's keys, at the line where the key, or the nearest table around it, stands."""
    where, colon, text = said.partition(": ")
    words = where.split(".")
    names = [name for name in file.sections if name.lower() == words[0]]
    path: tuple[str | int, ...] = ("resource", names[0]) if names and colon else ()
    path += tuple(int(word) if word.isdigit() else word for word in words[1:])
    for length in range(len(path), 1, -1):
        if names and path[:length] in file.places:
            return Message(file.places[path[:length]], text)
    return Message(None, f"{file.name}: {said}")
