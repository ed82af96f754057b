"""Who refers to somebody whose entry goes for a while: what was answered stays to be seen, and is set again when they
are back (rules 1, 18 and 21)."""

from collections.abc import Mapping

from connectors.entry import Entry, Ref
from gateway.ledger.model import Assertion, Deferred, Scope
from gateway.provisioning.documents import value_at
from gateway.provisioning.ground import Ground
from gateway.provisioning.reading.references import each_by_id
from gateway.provisioning.relations.pointing import is_reference, path_of


async def referrers(
    ground: Ground, id: str, anchor: str | None, assertion: Assertion | None
) -> tuple[tuple[Scope, str, Deferred], ...]:
    """The references to an object that this connection asserted and that stand in the target, or went with the entry
    just now; by the id that is shown.

    What somebody changed in the directory since is not brought back.
    """
    names = [name for name in (id, assertion.external_id if assertion else None) if name]
    found: list[tuple[Scope, str, Deferred]] = []
    for kind in ground.others.values():
        paths = _paths(kind, ground.type)
        naming = await kind.ledger.naming(kind.scope, names) if paths else []
        holders = {one.anchor: one for one in naming if one.anchor is not None and one.id != id}
        async for entry in each_by_id(kind.collection, sorted(holders), frozenset(paths)):
            one = holders[entry.id]
            found += [
                (kind.scope, one.id, Deferred(path, ground.type, id))
                for attribute, path in paths.items()
                if value_at(one.document, path) in names and _points(entry, attribute, anchor)
                if all(waiting.path != path for waiting in one.deferred)
            ]
    return tuple(found)


def _paths(kind: Ground, type: str) -> Mapping[str, str]:
    """The attributes of a type that hold single references to another, with their SCIM paths."""
    references = kind.mapping.spec.references
    return {
        name: path_of(kind, name)
        for name in references
        if is_reference(kind, name) and type in references[name].collections
    }


def _points(entry: Entry, attribute: str, anchor: str | None) -> bool:
    """Whether the reference is to this entry, or to nothing any more."""
    held = entry.attributes.get(attribute, ())
    return not held or (anchor is not None and Ref(anchor) in held)
