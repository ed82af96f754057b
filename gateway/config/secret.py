"""Secrets: never in config.toml, only a reference to where one is kept."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

SCHEMES = ("env:", "file:")


def is_reference(value: object) -> bool:
    """Say whether ``value`` is ``env:NAME`` or ``file:PATH``."""
    return isinstance(value, str) and value.startswith(SCHEMES) and len(value.split(":", 1)[1]) > 0


class SecretMissing(ValueError):
    """A secret is not where its reference says."""


class Secret:
    """``env:NAME`` or ``file:PATH``; read when it is used, and never shown."""

    __slots__ = ("reference",)

    def __init__(self, reference: str) -> None:
        """:raises ValueError: ``reference`` is no reference, so perhaps the secret itself; it is not repeated."""
        if not is_reference(reference):
            raise ValueError(
                'a secret is never written here; name where it is kept: "file:/run/secrets/…" or "env:NAME"'
            )
        self.reference = reference

    def resolve(self, root: Path) -> str:
        """Return the secret; a file's last line break does not belong to it, a relative path starts at ``root``.

        :raises SecretMissing: the variable is not set, or the file cannot be read; the sentence names it.
        """
        scheme, name = self.reference.split(":", 1)
        if scheme == "env":
            if name not in os.environ:
                raise SecretMissing(f"the environment variable {name} is not set")
            return os.environ[name]
        try:
            return (root / name).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise SecretMissing(f"the file {root / name} cannot be read: {reason}") from None

    def path(self, root: Path) -> str:
        """Return the path of a ``file:`` reference, for those who want the file itself (TLS)."""
        return str(root / self.reference.split(":", 1)[1])

    def __repr__(self) -> str:
        return "Secret(***)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.reference == self.reference

    def __hash__(self) -> int:
        return hash(self.reference)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        del source
        return core_schema.no_info_after_validator_function(cls, handler.generate_schema(str))


def references(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield every reference in ``value``, however deep, with the keys that lead to it."""
    if is_reference(value):
        yield path, value
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield from references(inner, (*path, key))


def resolve_all(value: Any, root: Path) -> Any:
    """Return ``value`` with every reference in it, however deep, replaced by its secret.

    :raises SecretMissing: one cannot be resolved.
    """
    if is_reference(value):
        return Secret(value).resolve(root)
    if isinstance(value, dict):
        return {key: resolve_all(inner, root) for key, inner in value.items()}
    if isinstance(value, list):
        return [resolve_all(inner, root) for inner in value]
    return value
