"""What a reader sees: the target's entry and, over it, what was answered 2xx and cannot stand there (rule 1).

One overlay serves reads, filters, lists and totals.
"""

import hashlib
import string
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import orjson

from connectors.entry import Attributes, Entry, Ref, Value
from gateway.ledger.model import Assertion
from gateway.mapping.compiled import ResourceMapping
from gateway.provisioning.documents import copied, value_at, with_value
from gateway.provisioning.model import Resource
from gateway.provisioning.reading.view import AT_NAMES, View

LAST_SEEN = "@resource"
"""the key of ``Assertion.overlay`` that holds an ``absent`` object as it was last seen"""
GUARDED = "@guarded"
"""the key that holds what ``scope`` and ``protect`` read of the entry that an ``absent`` object had"""
_ETAG = frozenset(string.ascii_letters + string.digits + "!#$%&'()*+,-./:;<=>?@[]^_`{|}~")


def overlaid(mapping: ResourceMapping, entry: Entry, assertion: Assertion | None) -> Resource:
    """The resource without id, meta and references turned: entry, ledger values, overlay, deferred references."""
    if assertion is None:
        return mapping.read(entry, {})
    return _over(mapping.read(entry, assertion.stored, assertion.document), assertion)


def absent(assertion: Assertion) -> Resource:
    """An object whose entry ``deactivate = "delete"`` removed: as it was last seen, and inactive."""
    last: Mapping[str, Any] = assertion.overlay.get(LAST_SEEN) or assertion.document
    resource: Resource = copied({key: value for key, value in last.items() if key not in _SERVERS})
    for path, value in assertion.stored.items():
        resource = with_value(resource, path, value)
    return {**_over(resource, assertion), "active": False}


def guarded(mapping: ResourceMapping, attributes: Attributes) -> dict[str, Any]:
    """What to keep of an entry that goes, for ``overlay``: nobody can ask the target for it any more."""
    plain = {name: attributes.get(name, ()) for name in mapping.guard_attributes}
    kept = {name: [value for value in values if isinstance(value, str | int | float)] for name, values in plain.items()}
    return {GUARDED: {name: values for name, values in kept.items() if values} or None}


def judged(entry: Entry | None, assertion: Assertion | None) -> Entry | None:
    """The entry by which scope and protection are judged: for an ``absent`` object the one that it had."""
    held = assertion.overlay.get(GUARDED) if entry is None and assertion is not None else None
    return Entry("", {name: tuple(values) for name, values in held.items()}) if held else entry


_SERVERS = frozenset({"schemas", "id", "meta", "groups", "password"})


def _over(resource: Resource, assertion: Assertion) -> Resource:
    for path, value in assertion.overlay.items():
        if not path.startswith("@"):
            resource = with_value(resource, path, value)
    for item in assertion.deferred:
        holder = item.path.rpartition(".")[0]
        if holder and value_at(resource, holder):
            resource = with_value(resource, holder, None)  # not the old manager's name beside the new one's id
        resource = with_value(resource, item.path, item.raw)
    return resource


def touched(assertion: Assertion) -> frozenset[str]:
    """The SCIM paths at which readers see otherwise than the target holds."""
    held = {path for path in assertion.overlay if not path.startswith("@")}
    return frozenset(held | {item.path for item in assertion.deferred})


def finished(view: View, resource: Resource, entry: Entry | None, assertion: Assertion | None) -> Resource:
    """Add ``schemas``, ``id`` and ``meta`` (RFC 7643 §3.1)."""
    version = _version(view, entry, assertion)
    meta: dict[str, Any] = {"resourceType": view.type}
    shown: Mapping[str, Any] = resource.get("meta") or {}
    for name, known in _TIMES.items():
        if (value := shown.get(name) or _time(known(assertion))) is not None:
            meta[name] = value
    if version is not None:
        meta["version"] = version
    schemas = [view.mapping.schema, *(urn for urn in view.mapping.extensions if resource.get(urn))]
    id = assertion.id if assertion is not None else entry.id if entry is not None else ""
    rest = {key: value for key, value in resource.items() if key != "meta" and value != {}}
    return {"schemas": schemas, "id": id, **rest, "meta": meta}


_TIMES: Mapping[str, Callable[[Assertion | None], datetime | None]] = {
    "created": lambda assertion: assertion.created if assertion else None,
    "lastModified": lambda assertion: assertion.modified if assertion else None,
}
"""what the ledger knows where the target does not say"""


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")


def _version(view: View, entry: Entry | None, assertion: Assertion | None) -> str | None:
    """The weak entity tag (rule 6): the target's version and that of what the ledger adds, else a hash."""
    ours = assertion.version if assertion else 0
    if entry is None:
        return f'W/"absent-{ours}"'
    if entry.version is not None:
        word = entry.version if _ETAG.issuperset(entry.version) else _hash(entry.version)
    elif view.hashed:
        mapped = view.mapping.attributes_for(None)
        word = _hash({name: _plain(values) for name, values in entry.attributes.items() if name in mapped - AT_NAMES})
    else:
        return None
    return f'W/"{word}-{ours}"' if ours else f'W/"{word}"'


def _plain(values: tuple[Value, ...]) -> list[Any]:
    """Values by what they are; the label of a reference is not the entry's own."""
    return sorted((value.id if isinstance(value, Ref) else value for value in values), key=str)


def _hash(value: Any) -> str:
    text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS, default=str)
    return hashlib.blake2b(text, digest_size=12).hexdigest()
