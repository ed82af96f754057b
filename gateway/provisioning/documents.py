"""Pure functions on asserted documents: what a request names, and what it leaves as the assertion.

A path here is a leaf of a canonical resource: ``userName``, ``name.givenName``, ``urn:…:User:manager.value``; a
multi-valued attribute is one leaf (``emails``).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gateway.provisioning.model import Resource

UNASSERTED = frozenset({"schemas", "id", "meta", "groups", "members", "password"})
"""what a request may hold and no assertion does: the server's own, and what is kept elsewhere or nowhere"""
NEVER_BY_OMISSION = frozenset({"active", "password", "members"})
_HOLDERS = (dict, list, tuple)


def copied(value: Any) -> Any:
    """A copy of JSON, all the way down; a tenth of what ``copy.deepcopy`` costs, which must be ready for anything."""
    if isinstance(value, Mapping):
        return {name: copied(inner) if isinstance(inner, _HOLDERS) else inner for name, inner in value.items()}
    if isinstance(value, _HOLDERS):
        return [copied(inner) if isinstance(inner, _HOLDERS) else inner for inner in value]
    return value


def is_empty(value: Any) -> bool:
    """Null, empty text, an empty list or object are all "no value" (RFC 7643 §2.5; semantics, rule 8)."""
    return value is None or value == "" or value == [] or value == {}


def _extension(name: str, value: Any) -> bool:
    return ":" in name and isinstance(value, Mapping)


def leaves(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every leaf with its value, empty ones included."""
    for name, value in document.items():
        if _extension(name, value):
            for path, inner in leaves(value):
                yield f"{name}:{path}", inner
        elif isinstance(value, Mapping) and value:
            for sub, inner in value.items():
                yield f"{name}.{sub}", inner
        else:
            yield name, value


def named_by_put(resource: Mapping[str, Any], last: Mapping[str, Any]) -> frozenset[str]:
    """What a PUT names: all that it holds, and what was asserted before and is now left out (rule 8)."""
    present = {
        path
        for path, value in leaves(resource)
        if path.partition(".")[0] not in UNASSERTED or path == "password"
        if value is not None or path not in NEVER_BY_OMISSION
    }
    omitted = {path for path, value in leaves(last) if not is_empty(value)} - present
    return frozenset(present | (omitted - NEVER_BY_OMISSION))


def speaks_of(named: frozenset[str] | None, path: str) -> bool:
    """Whether one of the names means ``path``, something within it, or something around it; None names everything."""
    if named is None or path in named:
        return True
    return any(_within(path, name) or _within(name, path) for name in named)


def _within(inner: str, outer: str) -> bool:
    return inner.startswith(outer) and inner[len(outer) : len(outer) + 1] in (".", ":", "[")


def steps(path: str, *documents: Mapping[str, Any]) -> tuple[str, ...]:
    """The keys that lead to a path: ``urn:…:User:manager.value`` → ``("urn:…:User", "manager", "value")``."""
    if ":" not in path or any(path in document for document in documents):
        return tuple(path.split(".")) if ":" not in path else (path,)
    schema, _, attribute = path.rpartition(":")
    return (schema, *attribute.split("."))


def value_at(document: Mapping[str, Any], path: str) -> Any:
    """The value under a path, or None."""
    value: Any = document
    for step in steps(path, document):
        if not isinstance(value, Mapping):
            return None
        value = value.get(step)
    return value


def with_value(document: Mapping[str, Any], path: str, value: Any) -> Resource:
    """A copy of ``document`` with another value under ``path``; an empty one removes it."""
    result: Resource = copied(document)
    _put(result, steps(path, document), value)
    return result


def _put(document: dict[str, Any], way: tuple[str, ...], value: Any) -> None:
    name, *rest = way
    if not rest:
        if is_empty(value):
            document.pop(name, None)
        else:
            document[name] = copied(value)
        return
    inner = document.get(name)
    inner = dict(inner) if isinstance(inner, Mapping) else {}
    _put(inner, tuple(rest), value)
    if inner:
        document[name] = inner
    else:
        document.pop(name, None)


def asserted_by_put(resource: Mapping[str, Any], last: Mapping[str, Any]) -> Resource:
    """The assertion a PUT leaves: the request itself, without what is kept elsewhere; ``active`` outlives omission."""
    document: Resource = without_empty({name: value for name, value in resource.items() if name not in UNASSERTED})
    if "active" not in document and "active" in last:
        document["active"] = last["active"]
    return document


def asserted_by_patch(last: Mapping[str, Any], wanted: Mapping[str, Any], named: frozenset[str]) -> Resource:
    """The assertion a PATCH leaves: the last one, with what the operations name as it then is."""
    document: Resource = copied(last)
    for path in sorted(named - UNASSERTED):
        way = steps(path, wanted, last)
        value = value_at(wanted, path)
        if value is None and isinstance(wanted.get(way[0]), list):
            way, value = way[:1], wanted[way[0]]
        _put(document, way, without_empty(value))
    return document


def references_in(document: Mapping[str, Any], places: Sequence[tuple[str, str]]) -> frozenset[str]:
    """The ids and externalIds by which a document names others.

    :param places: where references may stand: (extension or "", attribute).
    """
    held = ((document.get(extension) or {}) if extension else document for extension, _ in places)
    return frozenset(text for holder, (_, name) in zip(held, places, strict=True) for text in _texts(holder.get(name)))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, _HOLDERS):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(inner)


def without_empty(value: Any) -> Any:
    """The same without nulls and empty values, all the way down."""
    if isinstance(value, Mapping):
        pruned = {name: without_empty(inner) for name, inner in value.items()}
        return {name: inner for name, inner in pruned.items() if not is_empty(inner)}
    if isinstance(value, list):
        return [inner for inner in map(without_empty, value) if not is_empty(inner)]
    return value
