"""What of a document nothing in a mapping reads: an IdP sends it, it is answered 2xx, and it arrives nowhere."""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import cached_property
from typing import Any

from scim2_models import SCIMException

from gateway.mapping.compiled import ResourceMapping
from gateway.mapping.laws.simulation import created

Document = dict[str, Any]
Canonical = Callable[[Document], Document]
Way = tuple[str | int, ...]
"""keys and indices from the document to a value in it"""
ENVELOPE = frozenset({"schemas", "id", "meta"})
"""what every document may carry and the server alone decides"""


def unread(resource: ResourceMapping, document: Document, canonical: Canonical) -> list[str]:
    """Name the values that would make no difference to the target or the ledger, in the order of the document.

    :param canonical: what the protocol makes of a document before it is mapped.
    :return: SCIM paths, an element of a list by its ``type`` where it has one; of an element, or a whole attribute,
        of which nothing is read, the one path of it. Empty values are not named: nothing is lost with them.
    """
    reading = _Reading(resource, document, canonical)
    found: list[str] = []
    for key, value in document.items():
        if key.lower() not in ENVELOPE and not _elsewhere(resource, key.lower()):
            found += reading.lost((key,), value)
    return found


def _elsewhere(resource: ResourceMapping, name: str) -> bool:
    """What no row reads and is done all the same: memberships, and ``active`` where leavers are moved or deleted."""
    if name == "members":
        return resource.members is not None
    return name == "active" and resource.lifecycle.deactivate in ("delete", "move")


class _Reading:
    """One document, and what becomes of it without one of its values."""

    def __init__(self, resource: ResourceMapping, document: Document, canonical: Canonical) -> None:
        self.resource, self.document, self.canonical = resource, document, canonical
        self.whole = canonical(document)

    def lost(self, way: Way, value: Any) -> Iterator[str]:
        """The paths below ``way`` that nothing reads."""
        if value in (None, "", [], {}):
            return
        inner: list[tuple[str | int, Any]] = []
        if isinstance(value, dict):
            inner = list(value.items())
        elif isinstance(value, list):
            inner = list(enumerate(value))
        if not self._matters(way):
            yield _path(way, self.document)
        elif not _is_typed(value):
            for key, each in inner:
                yield from self.lost((*way, key), each)
        else:
            for key, each in inner:
                if key != "type":  # it says which element this is
                    yield from self.lost((*way, key), each)

    def _matters(self, way: Way) -> bool:
        try:
            rest = self.canonical(_without(self.document, way))
            if rest == self.whole:
                return False
            if any(row.get(rest) != row.get(self.whole) for row in self.resource.rows if not row.elements):
                return True
            left = created(self.resource, rest)[0]
        except SCIMException:
            return True  # it is missed
        before, again = self._planned
        steady = {name for name, values in before.attributes.items() if again.attributes.get(name) == values}
        changed = {name for name in steady | left.attributes.keys() if name not in again.attributes}
        changed |= {name for name in steady if left.attributes.get(name) != before.attributes[name]}
        return bool(changed) or (left.stored, left.parent) != (before.stored, before.parent)

    @cached_property
    def _planned(self) -> Any:
        """The creation, twice: a value that comes out otherwise the second time (a salt) proves nothing."""
        return created(self.resource, self.whole)[0], created(self.resource, self.whole)[0]


def _is_typed(value: Any) -> bool:
    return isinstance(value, dict) and "type" in value


def _without(document: Document, way: Way) -> Document:
    left: Any = deepcopy(document)
    holder = left
    for step in way[:-1]:
        holder = holder[step]
    del holder[way[-1]]
    return left  # type: ignore[no-any-return]


def _path(way: Way, document: Document) -> str:
    """A way as SCIM spells it: ``emails[type eq "home"].display``."""
    text, value = "", document
    for depth, step in enumerate(way):
        value = value[step]  # type: ignore[index]
        if isinstance(step, int):
            text += f"[type eq {json.dumps(value['type'])}]" if _is_typed(value) else f"[{step + 1}]"
        else:
            between = ":" if depth == 1 and text.lower().startswith("urn:") else "."
            text += f"{between}{step}" if text else step
    return text
