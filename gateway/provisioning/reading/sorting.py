"""Sorting where the target cannot (RFC 7644 §3.4.2.3)."""

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.mapping.steps.times import instant
from gateway.provisioning.documents import value_at
from gateway.provisioning.model import Resource
from gateway.provisioning.reading.view import View

Key = tuple[bool, str, Any]
"""no value; the kind of value; the value: so that any two compare"""
NOTHING: Key = (True, "", "")


def key_of(view: View, resource: Resource, sort_by: str | None) -> Key:
    """What a resource is sorted by: text without regard to capitals unless the schema says so, of several values the
    primary one or the first; what has no value comes last (first when descending)."""
    known = view.mapping.attributes.find(sort_by) if sort_by else None
    if known is None:
        return NOTHING
    value = _chosen(value_at(resource, known.top))
    if known.sub is not None:
        value = value.get(known.sub.name) if isinstance(value, Mapping) else None
    elif isinstance(value, Mapping):
        value = value.get("value")
    if isinstance(value, bool):
        return (False, "boolean", value)
    if isinstance(value, int | float):
        return (False, "number", value)
    if isinstance(value, str) and value:
        moment = instant(value) if known.facts.type == "dateTime" else None
        if moment is not None:  # "12:00:00.84Z" is later than "12:00:00.839Z", and its text is not
            return (False, "time", moment)
        return (False, "text", value if known.facts.case_exact else value.casefold())
    return NOTHING


def _chosen(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    primary = [item for item in value if isinstance(item, Mapping) and item.get("primary") is True]
    return next(iter(primary or value), None)


def in_order(keys: Sequence[tuple[Key, str, int]], descending: bool) -> list[tuple[Key, str, int]]:
    """By key, then by id, which ascends in either direction."""
    ordered = sorted(keys, key=lambda item: (item[1], item[2]))
    ordered.sort(key=lambda item: item[0], reverse=descending)
    return ordered
