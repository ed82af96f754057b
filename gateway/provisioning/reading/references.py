"""References on their way out: ids of the target become SCIM ids, and who is not to be seen is not shown (rule 21)."""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any

from connectors.contract import Collection, Query
from connectors.entry import GROUPS, MEMBERS, Entry
from gateway.ledger.model import AllSeen, Assertion, Seen
from gateway.provisioning.model import Resource
from gateway.provisioning.reading.view import View

Reference = dict[str, Any]
COLLECTION = "_ref"
"""the key by which ``ResourceMapping.read`` says which collection a reference points into"""
PAGE = 500


async def turn(view: View, resources: Sequence[Resource], seen: AllSeen) -> None:
    """Turn every reference of freshly read resources, in place, with one look at each type referred to."""
    found = [place for resource in resources for place in _places(resource, view.mapping.referring)]
    kinds = {reference[COLLECTION] for _, _, references in found for reference in references}
    outside = {kind: await _outside(view.others[kind], found, kind) for kind in kinds if kind in view.others}
    for holder, name, references in found:
        shown = [
            _turned(view, name, reference, seen[reference[COLLECTION]])
            for reference in references
            if not _unseen(reference, seen, outside)
        ]
        _put_back(holder, name, shown)


def _places(
    resource: Resource, referring: Iterable[tuple[str, str]]
) -> Iterator[tuple[MutableMapping[str, Any], str, list[Reference]]]:
    """Where references stand: (what holds them, under which name, they themselves)."""
    for extension, name in referring:
        holder = resource.get(extension) if extension else resource
        value = holder.get(name) if holder else None
        if isinstance(value, dict):
            if holder and COLLECTION in value:
                yield holder, name, [value]
        elif holder and value and isinstance(value, list) and isinstance(value[0], dict) and COLLECTION in value[0]:
            yield holder, name, value


def _put_back(holder: MutableMapping[str, Any], name: str, shown: list[Reference]) -> None:
    if isinstance(holder[name], list):
        holder[name] = shown
        if not shown:
            del holder[name]
    elif shown:
        holder[name] = shown[0]
    else:
        del holder[name]


def _unseen(reference: Reference, seen: AllSeen, outside: Mapping[str, frozenset[str]]) -> bool:
    kind, anchor = reference[COLLECTION], reference["value"]
    return anchor in seen[kind].hidden or anchor in outside.get(kind, ())


def _turned(view: View, name: str, reference: Reference, seen: Seen) -> Reference:
    kind = reference.pop(COLLECTION)
    reference["value"] = seen.id_of(reference["value"])
    display = reference.pop("display", None)
    if name == "groups":
        return _labelled(reference, "display", display, "direct")
    if name == "members":
        return _labelled(reference, "display", display, kind)
    label = "displayName" if _knows(view, name, "displayName") else "display"
    return _labelled(reference, label, display, None)


def _labelled(reference: Reference, label: str, display: str | None, kind: str | None) -> Reference:
    if display is not None:
        reference[label] = display
    if kind:
        reference["type"] = kind
    return reference


def _knows(view: View, name: str, sub: str) -> bool:
    find = view.mapping.attributes.find
    return any(find(f"{prefix}{name}.{sub}") for prefix in ("", *(f"{urn}:" for urn in view.mapping.extensions)))


async def _outside(view: View, found: Sequence[tuple[Any, str, list[Reference]]], kind: str) -> frozenset[str]:
    """Of those referred to, those outside the connection's scope: for it they do not exist (rules 5 and 25)."""
    if view.mapping.scope_filter is None:
        return frozenset()
    anchors = sorted(
        {reference["value"] for _, _, references in found for reference in references if reference[COLLECTION] == kind}
    )
    entries = await entries_by_id(view, anchors, view.mapping.guard_attributes)
    inside = {entry.id for entry in entries if view.mapping.in_scope(view.mapping.read(entry, {}), entry)}
    return frozenset(anchors) - inside


async def each_by_id(
    collection: Collection, anchors: Sequence[str], attributes: frozenset[str], size: int = PAGE
) -> AsyncIterator[Entry]:
    """Those of the entries that exist, asked for ``size`` at a time."""
    for start in range(0, len(anchors), size):
        query = Query(ids=anchors[start : start + size], attributes=attributes, count=False)
        for entry in (await collection.search(query)).entries:
            yield entry


async def entries_by_id(view: View, anchors: Sequence[str], attributes: frozenset[str]) -> list[Entry]:
    """Those of the entries that exist."""
    return [entry async for entry in each_by_id(view.collection, anchors, attributes)]


async def add_held_members(view: View, resources: Mapping[str, Resource]) -> None:
    """Show memberships that were answered 2xx and wait for the member to become active (rule 1).

    :param resources: by SCIM id, references already turned.
    """
    for group, members in (await view.ledger.held_members(view.scope, resources)).items():
        there = {member["value"] for member in resources[group].get("members", ())}
        missing = [member for member in members if member not in there]
        resources[group].setdefault("members", []).extend(await _members(view, missing))


async def add_held_groups(view: View, kinds: Sequence[View], resources: Mapping[str, Resource]) -> None:
    """The same as seen from the member's side, of the group types that hold any."""
    for kind in kinds:
        held = await view.ledger.held_groups(kind.scope, resources)
        labels = view.mapping.spec.references[GROUPS].display.get(kind.type, ()) if held else ()
        names = await _named(kind, sorted({group for groups in held.values() for group in groups}), labels)
        for member, groups in held.items():
            there = {group["value"] for group in resources[member].get("groups", ())}
            shown = [_labelled({"value": id}, "display", names[id], "direct") for id in groups if id in names]
            resources[member].setdefault("groups", []).extend(one for one in shown if one["value"] not in there)


async def _members(view: View, ids: Sequence[str]) -> list[Reference]:
    shown: dict[str, Reference] = {id: {"value": id} for id in ids}
    for kind in view.mapping.members.ref if ids and view.mapping.members else ():
        labels = view.mapping.spec.references[MEMBERS].display.get(kind, ())
        for id, name in (await _named(view.others[kind], ids, labels)).items() if kind in view.others else ():
            _labelled(shown[id], "display", name, kind)
    return list(shown.values())


async def _named(view: View, ids: Sequence[str], labels: tuple[str, ...]) -> dict[str, str | None]:
    """Of SCIM ids those that exist, with what a person calls them."""
    known: Mapping[str, Assertion] = await view.ledger.by_ids(view.scope, ids) if ids else {}
    anchors = {known[id].anchor if id in known else id: id for id in ids}
    entries = await entries_by_id(view, [anchor for anchor in anchors if anchor is not None], frozenset(labels))
    absent = {id: _called(one) for id, one in known.items() if one.life == "absent"}
    return {**absent, **{anchors[entry.id]: _first(entry, labels) for entry in entries}}


def _called(absent: Assertion) -> str | None:
    """What a person calls somebody whose entry is gone for now."""
    resource: Resource = absent.overlay.get("@resource", {})
    return resource.get("displayName") or resource.get("userName")


def _first(entry: Entry, labels: tuple[str, ...]) -> str | None:
    held = (str(values[0]) for label in labels if (values := entry.attributes.get(label)))
    return next(filter(None, held), None)
