"""Documents of the application become entries, and attributes become parts of a document."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from connectors.entry import ID, Attributes, Entry, Ref, Value
from connectors.errors import InvalidValue, Unavailable
from connectors.rest import paths
from connectors.rest.sections import Section

Document = dict[str, Any]


def id_of(section: Section, document: Any) -> str:
    """The id in a document. :raises Unavailable: it has none, so that it is nothing this section knows."""
    found = plain_id(paths.find(document, section.anchor))
    if found is None:
        name = ".".join(section.anchor)
        raise Unavailable(f"the application's answer about a {section.spec.name} has no '{name}'")
    return found


def plain_id(value: Any) -> str | None:
    """An id as text; None where this is none."""
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        return None
    return str(value)


def entry_of(section: Section, document: Any, wanted: frozenset[str] | None, version: str | None = None) -> Entry:
    """Read an entry from a document; members and groups are not in it."""
    spec = section.spec
    names = spec.attributes - spec.secrets if wanted is None else wanted - spec.secrets
    id = id_of(section, document)
    shown = {name: values for name in names if (values := values_of(section, document, name))}
    if section.version is not None:
        held = paths.find(document, section.version)
        version = None if held is None else str(held)
    else:
        version = None
    return Entry(id, shown, version, f"{spec.name}/{id}")


def values_of(section: Section, document: Any, name: str) -> tuple[Value, ...]:
    """The values of one attribute; what is null or empty is absent."""
    spec = section.spec
    if name in (ID, spec.anchor):
        return (id_of(section, document),)
    path = section.fields.get(name)
    held = None if path is None else paths.find(document, path)
    if held is None or held == "" or held == [] or held == {}:
        return ()
    if name in spec.whole:
        return (_text(held),)
    if name in spec.children:
        elements = held if isinstance(held, list) else [held]
        found = (_element(spec.children[name], each) for each in elements)
        return tuple(each for each in found if each)
    values = held if isinstance(held, list) else [held]
    reference = spec.references.get(name)
    to = None if reference is None else reference.collections[0]
    return tuple(value for each in values if (value := _value(each, to)) is not None)


def _value(held: Any, to: str | None) -> Value | None:
    if held is None or held == "":
        return None
    if to is not None:
        id = plain_id(held)
        return None if id is None else Ref(id, to)
    return _text(held) if isinstance(held, dict | list) else held


def _text(held: Any) -> str:
    return orjson.dumps(held).decode()


def _element(child: Mapping[str, Any], held: Any) -> Mapping[str, Any]:
    columns = child.get("map", {})
    if not isinstance(held, dict):
        return {"value": held} if "value" in columns and held not in (None, "") else {}
    return {sub: held[name] for sub, name in columns.items() if held.get(name) not in (None, "")}


def put(section: Section, document: Document, name: str, values: Sequence[Value], *, drop: bool = False) -> None:
    """Write the values of one attribute into a document.

    :param drop: an attribute without values is taken out of it (a whole document); else it is null (a part of one).
    :raises InvalidValue: the attribute cannot hold them.
    """
    path = section.fields.get(name)
    if path is None:
        raise InvalidValue(f"the mapping has no '{name}'", attribute=name)
    if not values and drop:
        paths.remove(document, path)
    else:
        paths.place(document, path, written(section, name, values))


def written(section: Section, name: str, values: Sequence[Value]) -> Any:
    """The JSON of an attribute's values."""
    spec = section.spec
    if name in spec.children:
        columns = spec.children[name].get("map", {})
        return [_row(columns, each, name) for each in values]
    if name in spec.many:
        return [_json(section, each) for each in values]
    if not values:
        return None
    if len(values) > 1:
        raise InvalidValue(f"'{name}' takes one value", attribute=name)
    if name in spec.whole:
        try:
            return orjson.loads(str(values[0]))
        except orjson.JSONDecodeError as error:
            raise InvalidValue(f"'{name}' is not JSON", attribute=name) from error
    return _json(section, values[0])


def _row(columns: Mapping[str, str], value: Value, name: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidValue(f"an element of '{name}' has parts", attribute=name)
    return {columns[sub]: each for sub, each in value.items() if sub in columns}


def _json(section: Section, value: Value) -> Any:
    if isinstance(value, Ref):
        return sent_id(section, value.id)
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError as error:
            raise InvalidValue("JSON has no place for octets") from error
    return value


def sent_id(section: Section, id: str) -> Any:
    """An id as bodies hold it: a number where the application counts."""
    return int(id) if section.integer_ids and id.isascii() and id.isdigit() and str(int(id)) == id else id


def body_of(section: Section, attributes: Attributes) -> Document:
    """The body that makes an entry."""
    document: Document = {}
    for name in _ordered(attributes):
        if attributes[name]:
            put(section, document, name, attributes[name])
    return document


def _ordered(names: Iterable[str]) -> list[str]:
    return sorted(name for name in names if not name.startswith("@"))
