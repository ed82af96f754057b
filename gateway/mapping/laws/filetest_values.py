"""Values as a ``[[test]]`` writes them, and as entries hold them."""

import base64
from collections.abc import Iterator, Mapping
from typing import Any

from connectors.entry import Ref, Value
from gateway.mapping.laws.simulation import Document, Held, State
from gateway.mapping.model import Section

_MESSAGE_KEYS = ("schemas", "id", "meta")


class Children:
    """Child tables: a test speaks of columns, an entry of sub-attributes.

    :param children: the ``child`` tables of a section.
    """

    def __init__(self, children: Mapping[str, Mapping[str, Any]]) -> None:
        self._columns = {name: dict(child.get("map", {})) for name, child in children.items()}

    def entered(self, entry: Mapping[str, Any]) -> Held:
        """Return what the target holds, as a test writes it, in the form of an entry."""
        found: Held = {}
        for name, value in entry.items():
            values = value if isinstance(value, list) else [value]
            if name in self._columns:
                subs = {column: sub for sub, column in self._columns[name].items()}
                values = [{subs.get(key, key): each for key, each in row.items()} for row in values]
            if value is not False or name in self._columns:
                found[name] = tuple(values)
        return found

    def shown(self, name: str, values: tuple[Value, ...]) -> tuple[Any, ...]:
        """Return the values of an attribute as a test writes them."""
        columns = self._columns.get(name)
        if columns is None:
            return tuple(_plain(value) for value in values)
        rows = [value for value in values if isinstance(value, Mapping)]
        return tuple({columns.get(sub, sub): each for sub, each in row.items()} for row in rows)


def _plain(value: Value) -> Any:
    if isinstance(value, Ref):
        return value.id
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def canonical(document: Mapping[str, Any], resource: Any) -> Document:
    """Return a document as the gateway's front hands it on: the schema's spelling, the extension under its URN, and
    what an IdP puts at the top level of an extension's attribute where its row says ``also``."""
    found: Document = {}
    for key, value in document.items():
        if key in _MESSAGE_KEYS:
            continue
        _enter(found, key, value, resource)
    return found


def _enter(found: Document, key: str, value: Any, resource: Any) -> None:
    urns = {urn.lower(): urn for urn in resource.extensions}
    if key.lower() in urns and isinstance(value, Mapping):
        for inner, each in value.items():
            _enter(found, f"{urns[key.lower()]}:{inner}", each, resource)
        return
    known = resource.attributes.find(key)
    if known is None:
        found[key] = value
        return
    if known.sub is not None:
        return
    holder = found.setdefault(known.extension, {}) if known.extension else found
    holder[known.head.name] = value


def flattened(wanted: Mapping[str, Any], known: set[str], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the attributes a test names; ``gives.role.name`` is the attribute ``role.name``."""
    for name, value in wanted.items():
        path = f"{prefix}{name}"
        if isinstance(value, dict) and path not in known and any(each.startswith(f"{path}.") for each in known):
            yield from flattened(value, known, f"{path}.")
        else:
            yield path, value


def held(values: tuple[Any, ...]) -> Any:
    """Return one value as itself and several as a list; nothing as None."""
    return None if not values else values[0] if len(values) == 1 else list(values)


def similar(expected: Any, got: Any) -> bool:
    """Whether a value is as expected: lists as sets, tables by the keys that are named, one value as a list of one."""
    if isinstance(expected, list):
        values = got if isinstance(got, list) else [] if got is None else [got]
        rest = list(values)
        for each in expected:
            match = next((index for index, value in enumerate(rest) if similar(each, value)), None)
            if match is None:
                return False
            del rest[match]
        return not rest
    if isinstance(expected, Mapping) and isinstance(got, Mapping):
        return all(
            similar(value, got.get(key)) or (value is False and got.get(key) is None) for key, value in expected.items()
        )
    if isinstance(expected, bool) or isinstance(got, bool):
        return expected is got
    return bool(expected == got)


def shown_value(values: tuple[Any, ...]) -> str:
    """Say what is held, for a person."""
    found = held(tuple(_plain(value) for value in values))
    return "nothing" if found is None else repr(found)


def dn(section: Section, state: State) -> str | None:
    """Return the DN of an entry, with ``{base}`` as the mapping writes it; None where it has none."""
    rdn = section.options.get("rdn")
    values = state.attributes.get(str(rdn), ())
    if not values or state.parent is None:
        return None
    return f"{rdn}={_escaped(str(values[0]))},{state.parent}"


def _escaped(value: str) -> str:
    """Escape an RDN's value (RFC 4514 §2.4), for show: what is written is escaped by the connector."""
    escaped = "".join(f"\\{char}" if char in ',+"\\<>;=' else char for char in value)
    if escaped.startswith(("#", " ")):
        escaped = f"\\{escaped}"
    return f"{escaped[:-1]}\\ " if escaped.endswith(" ") else escaped
