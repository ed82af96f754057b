"""The attributes of one resource type, found by any of their names, in any capitals."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.mapping.model import SchemaAttribute
from gateway.mapping.schema import rfc7643

TARGET = "urn:dirbridge:target"
"""The prefix that ``target:attr`` has inside a parsed filter."""


@dataclass(frozen=True, slots=True)
class Known:
    """One attribute or sub-attribute of a resource type.

    :param path: the canonical path: ``userName``, ``name.givenName``, ``urn:…:User:department``.
    :param extension: the URN of the extension it belongs to, or "" in the core schema.
    :param head: the attribute. :param sub: its sub-attribute, where the path names one.
    """

    path: str
    extension: str
    head: SchemaAttribute
    sub: SchemaAttribute | None = None

    @property
    def facts(self) -> SchemaAttribute:
        """What the path names itself: the sub-attribute, or the attribute."""
        return self.sub or self.head

    @property
    def top(self) -> str:
        """The canonical path of the attribute that holds it: ``name`` of ``name.givenName``."""
        return _join(self.extension, self.head.name)

    def of(self, resource: Mapping[str, Any]) -> Any:
        """Return the attribute (not the sub-attribute) of a canonical resource; None where it is missing."""
        holder = resource.get(self.extension) if self.extension else resource
        return holder.get(self.head.name) if isinstance(holder, Mapping) else None


def _join(extension: str, name: str) -> str:
    return f"{extension}:{name}" if extension else name


class AttributeIndex:
    """Every attribute a resource type's schemas know, mapped or not.

    :param schema: the URN of the core schema. :param declared: attributes of the mapping file for this resource type.
    """

    def __init__(self, schema: str, declared: Iterable[SchemaAttribute] = ()) -> None:
        self.schema = schema
        self.extensions: dict[str, str] = {}
        """lower-case URN → URN of each extension"""
        self.shorts: dict[str, str] = {}
        """short name → URN (``enterprise``)"""
        self.aliases: dict[str, str] = {}
        """lower-case other name → canonical path of the row, selector included"""
        self._other: dict[str, str] = {}
        self.normal: dict[str, list[Callable[[Any], Any]]] = {}
        """canonical path → what rows make of a value before they write it, where they normalise"""
        self.written: dict[str, Callable[[Any], Any]] = {}
        """path of a row, selector included → the same: what a template sees of the value"""
        self._known: dict[str, Known] = {}
        for each in rfc7643.COMMON:
            self._enter("", each)
        for each in rfc7643.BUILT_IN.get(schema, ()):
            self._enter("", each)
        if schema == rfc7643.USER:
            for each in rfc7643.BUILT_IN[rfc7643.ENTERPRISE]:
                self._enter(rfc7643.ENTERPRISE, each)
        for each in declared:
            self._enter("" if each.urn.lower() == schema.lower() else each.urn, each)

    def _enter(self, extension: str, attribute: SchemaAttribute) -> None:
        if extension:
            extension = self.extensions.setdefault(extension.lower(), extension)
            self.shorts.setdefault(short_name(extension), extension)
        top = _join(extension, attribute.name)
        self._known[top.lower()] = Known(top, extension, attribute)
        for sub in attribute.sub_attributes:
            path = f"{top}.{sub.name}"
            self._known[path.lower()] = Known(path, extension, attribute, sub)

    def alias(self, other: str, text: str, path: str) -> None:
        """Let ``other`` name what a row is about. An attribute of the schema keeps its own name.

        :param text: the row's path, selector included. :param path: the canonical path of what it names.
        """
        if other.lower() not in self._known:
            self.aliases[other.lower()] = text
            self._other[other.lower()] = path

    def find(self, path: str) -> Known | None:
        """Return what a path names: qualified by a URN, by a short name or not at all; None for an unknown one."""
        found = self._known.get(path.lower())
        if found is not None:
            return found
        name = self._plain(path.lower())
        return self._known.get(name) or self._known.get(self._other.get(name, "").lower())

    def _plain(self, name: str) -> str:
        schema = self.schema.lower() + ":"
        if name.startswith(schema):
            return name[len(schema) :]
        prefix, colon, rest = name.partition(":")
        return f"{self.shorts[prefix].lower()}:{rest}" if colon and prefix in self.shorts else name

    def canonical(self, path: str) -> str | None:
        """Return the canonical spelling of a path without brackets; None for an unknown one."""
        found = self.find(path)
        return None if found is None else found.path

    def spellings(self, path: str, value: Any) -> list[Any]:
        """Return what the rows of a path would write for ``value``: an IdP finds by what it sent what it reads back."""
        return [made for normal in self.normal.get(path, ()) if (made := normal(value)) is not None]

    def sub(self, top: Known, name: str) -> Known | None:
        """Return one sub-attribute of an attribute."""
        return self._known.get(f"{top.top}.{name}".lower())

    def __iter__(self) -> Iterator[Known]:
        return iter(self._known.values())


def short_name(urn: str) -> str:
    """Return the short name of a schema: its last word that is neither a version nor a resource type.

    ``urn:ietf:params:scim:schemas:extension:enterprise:2.0:User`` → ``enterprise``.
    """
    words = urn.split(":")
    if len(words) > 1 and _is_version(words[-2]):
        words = words[:-1]
    named = [word for word in words if not _is_version(word)]
    return named[-1].lower() if named else urn.lower()


def _is_version(word: str) -> bool:
    return bool(word) and word.replace(".", "").isdecimal()
