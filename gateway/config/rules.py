"""What no single key can know: names that must meet, paths that must not, secrets that must not be there."""

import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from gateway.config.secret import is_reference
from gateway.mapping.errors import Message, suggest
from gateway.mapping.model import Place

Path = tuple[str | int, ...]
Values = Mapping[str, Any]
RESERVED = ("/healthz", "/readyz", "/metrics")
"""paths that the gateway itself answers"""

_KINDS = ("server", "target", "connection")
_SECRET_KEY = re.compile(r"(^|_)(password|passwd|secret|token|bearer|credential|private_key)$", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"\A[a-z0-9+.-]+://[^/@\s]*:[^/@\s]+@", re.IGNORECASE)


def broken_rules(values: Values, places: Mapping[Path, Place]) -> list[Message]:
    """Return what is wrong between the keys. Works on the file as TOML, so also when single keys are broken."""
    found = [*_literal_secrets(values), *_targets(values), *_paths(values), *_ledger(values), *_tokens(values)]
    return [Message(_nearest(path, places), text) for path, text in found]


def _nearest(path: Path, places: Mapping[Path, Place]) -> Place | None:
    return next((places[path[:length]] for length in range(len(path), 0, -1) if path[:length] in places), None)


def _literal_secrets(values: Values) -> Iterator[tuple[Path, str]]:
    """Find secrets that stand in the file. The message never repeats them."""
    for path, text in _texts((), {"target": values.get("target"), "server": values.get("server")}):
        key = str(next((part for part in reversed(path) if isinstance(part, str)), ""))
        if is_reference(text):
            continue
        if _SECRET_KEY.search(key):
            example = f'{key} = "file:/run/secrets/{key}"'
            yield path, f'a secret is never written here; write {example} or "env:NAME"'
        elif _URL_PASSWORD.match(text):
            yield path, f'a password is never written into a URL here; keep the whole URL elsewhere: {key} = "env:NAME"'


def _texts(path: Path, value: Any) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts((*path, key), inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts((*path, index), inner)


def _tables(values: Values, kind: str) -> dict[str, Values]:
    """Return the ``[kind.NAME]`` tables, as far as they are tables."""
    tables = values.get(kind)
    return {key: inner for key, inner in tables.items() if isinstance(inner, dict)} if isinstance(tables, dict) else {}


def _targets(values: Values) -> Iterator[tuple[Path, str]]:
    misspelled = [key for key, table in values.items() if key not in _KINDS and isinstance(table, dict)]
    targets = {name for kind in ("target", *misspelled) for name in _tables(values, kind)}
    for name, connection in _tables(values, "connection").items():
        wanted = connection.get("target")
        if isinstance(wanted, str) and wanted not in targets:
            hint = suggest(wanted, targets) or f"; there is {', '.join(targets) or 'none'}"
            yield ("connection", name, "target"), f"there is no [target.{wanted}]{hint}"
    if values.get("connection") == {}:
        yield ("connection",), "there is no connection: nobody could provision anything"


def _paths(values: Values) -> Iterator[tuple[Path, str]]:
    mounts = {
        name: connection["path"].rstrip("/").lower()
        for name, connection in _tables(values, "connection").items()
        if isinstance(connection.get("path"), str)
    }
    for name, mount in mounts.items():
        for reserved in RESERVED:
            if _nested(mount, reserved):
                yield ("connection", name, "path"), f"{reserved} belongs to the gateway itself"
    for (one, first), (other, second) in combinations(mounts.items(), 2):
        if first == second:
            yield ("connection", other, "path"), f"connection {one!r} has this path already"
        elif _nested(first, second):
            text = f"{second} and {first} of connection {one!r} lie within one another"
            yield ("connection", other, "path"), text


def _nested(one: str, other: str) -> bool:
    longer, shorter = sorted((one + "/", other + "/"), key=len, reverse=True)
    return longer.startswith(shorter)


def _ledger(values: Values) -> Iterator[tuple[Path, str]]:
    server = values.get("server")
    server = server if isinstance(server, dict) else {}
    url, workers = server.get("ledger", "sqlite:"), server.get("workers", 1)
    if not isinstance(url, str) or is_reference(url):
        return
    if not url.startswith(("sqlite:", "postgresql+psycopg:")):
        text = 'the ledger is "sqlite:///ledger.db" or "postgresql+psycopg://user@host/name"'
        yield ("server", "ledger"), text
    if url.startswith("sqlite:") and isinstance(workers, int) and workers > 1:
        text = "several workers need a ledger on PostgreSQL: locks of SQLite are of one process only"
        yield ("server", "workers"), text


def _tokens(values: Values) -> Iterator[tuple[Path, str]]:
    for name, connection in _tables(values, "connection").items():
        tokens = connection.get("tokens")
        seen: set[str] = set()
        for index, token in enumerate(tokens if isinstance(tokens, list) else ()):
            label = token.get("name") if isinstance(token, dict) else None
            if isinstance(label, str) and label in seen:
                yield ("connection", name, "tokens", index), f"two tokens are named {label!r}"
            seen.add(str(label))
