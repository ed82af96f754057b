"""Entries and changes: what travels between the gateway and a backend.

Every attribute is a tuple of values; an attribute that is absent has no key. Names that start with ``@`` are the
contract's own and mean the same at every backend:

``@id``
    the immutable anchor, in filters and sorting only (an entry carries it as ``Entry.id``).
``@parent``
    where the entry lives, as the mapping wrote it (``ou=people,{base}``; the connector knows ``base``). Written on
    create and to move; an update to where the entry already is does nothing. Only where ``capabilities.placed``.
``@members``
    the members of a group, as ``Ref`` values. Read only when asked for by name. Written as deltas.
``@groups``
    the groups an entry is a direct member of, as ``Ref`` values; read-only, filterable with ``eq``. Read only when
    asked for by name, and then in one batched query for the page, whatever its length.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

ID = "@id"
PARENT = "@parent"
MEMBERS = "@members"
GROUPS = "@groups"


@dataclass(frozen=True, slots=True)
class Ref:
    """A reference to another entry: the collection it lives in, its id, and a label for people.

    On the way in only ``id`` need be right; ``collection`` may be ``""`` (any of the referenced collections).
    """

    id: str
    collection: str = field(default="", compare=False)
    display: str | None = field(default=None, compare=False)


Value = str | int | float | bool | bytes | Ref | Mapping[str, Any]
"""A scalar, a reference, or (a child table's row, a JSON object) a mapping. Text is never pre-escaped."""

Attributes = Mapping[str, tuple[Value, ...]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as the backend holds it.

    :param id: the immutable anchor, as text. Never a DN; outlives every rename.
    :param attributes: the attributes asked for that have a value.
    :param version: changes whenever the entry changes; None where the backend has none.
    :param name: what a person calls it at the backend (a DN, ``users/7``), for audit lines only.
    """

    id: str
    attributes: Attributes
    version: str | None = None
    name: str = ""


class Kind(StrEnum):
    """The three things a change can do (RFC 4511 §4.6)."""

    ADD = "add"
    REMOVE = "remove"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one attribute.

    ``REPLACE`` with no values clears. ``ADD`` of a value that is there and ``REMOVE`` of one that is not are no
    errors and change nothing: a change states what should be. On ``@members`` a ``REPLACE`` is refused
    (``Unsupported``): members are deltas.
    """

    kind: Kind
    attribute: str
    values: tuple[Value, ...] = ()
