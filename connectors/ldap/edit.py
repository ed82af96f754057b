"""A change of an entry in LDAP's terms: a new name, modifications, a password."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connectors.errors import InvalidValue
from connectors.ldap import query
from connectors.ldap.dn import key, normal_type, parse, rdn, split
from connectors.ldap.messages import REPLACE

Modification = tuple[int, str, list[bytes]]


@dataclass(slots=True)
class Edit:
    """What a list of changes comes to.

    :param parent: where the entry shall live. :param mods: the modifications, references as DNs.
    :param secrets: attributes and values that are set by operations of their own. :param references: the names of
        replaced reference attributes, in lower case.
    """

    parent: str | None = None
    mods: list[Modification] = field(default_factory=list)
    secrets: list[tuple[str, bytes]] = field(default_factory=list)
    references: set[str] = field(default_factory=set)

    @property
    def names(self) -> frozenset[str]:
        """What is touched, in lower case."""
        return frozenset([*(name.lower() for _, name, _ in self.mods), *(["@parent"] if self.parent else [])])

    @property
    def empty(self) -> bool:
        return self.parent is None and not self.mods and not self.secrets


@dataclass(frozen=True, slots=True)
class Move:
    """A rename, and the modifications that are left for after it.

    :param rdn: the new RDN, or None where the entry keeps its name and place.
    :param parent: the new parent, or None where it stays.
    """

    rdn: str | None
    parent: str | None
    mods: list[Modification]

    def target(self, dn: str) -> str:
        """The DN that the entry of ``dn`` will have."""
        if self.rdn is None:
            return dn
        return f"{self.rdn},{self.parent or split(dn)[1]}"


def move_of(edit: Edit, dn: str, held: Mapping[str, Sequence[bytes]] | None) -> Move:
    """Separate from ``edit`` what renames or moves the entry ``dn``, and drop what changes nothing.

    :param held: its present values, an empty list for what it lacks; None, or no key, where they are not known.

    An attribute that names the entry cannot be modified (RFC 4511 §4.6); its replacement is a new RDN.

    :raises InvalidValue: a naming attribute would be empty.
    """
    pairs = list((parse(dn) or ((),))[0])
    renamed = False
    mods: list[Modification] = []
    for mod in edit.mods:
        kind, name, values = mod
        present = None if held is None else held.get(name.lower())
        if kind == REPLACE and present is not None and sorted(present) == sorted(values):
            continue
        at = next((i for i, (type_, _) in enumerate(pairs) if normal_type(type_) == normal_type(name)), None)
        if kind != REPLACE or at is None:
            mods.append(mod)
            continue
        if not values:
            raise InvalidValue(f"'{name}' names the entry and cannot be empty", attribute=name)
        if pairs[at][1].encode() in values:
            mods.append(mod)  # the naming value stays; the others may go
            continue
        pairs[at] = (pairs[at][0], values[0].decode("utf-8", "replace"))
        renamed = True
        if len(values) > 1 or present is None or len(present) > 1:
            mods.append(mod)
    parent = edit.parent if edit.parent is not None and key(edit.parent) != key(split(dn)[1]) else None
    if not renamed and parent is None:
        return Move(None, None, mods)
    new = "+".join(rdn(name, value) for name, value in pairs) if renamed else split(dn)[0]
    move = Move(new, parent, mods)
    own, target = dn.encode(), move.target(dn).encode()  # who refers to itself means its new name
    return Move(
        new, parent, [(kind, name, [target if raw == own else raw for raw in raws]) for kind, name, raws in mods]
    )


def may_rename(edit: Edit, dn: str) -> bool:
    """Whether ``edit`` touches the name or the place of ``dn``."""
    pairs = (parse(dn) or ((),))[0]
    names = {normal_type(type_) for type_, _ in pairs}
    return edit.parent is not None or any(kind == REPLACE and normal_type(name) in names for kind, name, _ in edit.mods)


def effect_of(move: Move) -> bytes:
    """A filter that an entry satisfies which ``move`` would change; it may miss a change of case or order only.

    A directory writes a replacement by the same values, and with it a new version. Asserting this in the write itself
    spares reading the entry before every change; where it fails, the entry is read and compared.
    """
    terms = []
    for kind, name, values in move.mods:
        if kind != REPLACE or len(values) > 1:
            return query.ALL  # additions and removals are refused by the directory where they change nothing
        terms.append(query.negated(query.equal(name, values[0])) if values else query.present(name))
    return query.either(terms) if terms and move.rdn is None else query.ALL
