"""One section of a mapping file for a directory: where entries live, what they are, how they are named."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from connectors.contract import CollectionSpec
from connectors.entry import MEMBERS, PARENT, Entry, Value
from connectors.ldap import query
from connectors.ldap.dn import is_under, normal_type, parse, split
from connectors.ldap.filtertext import parse_filter
from connectors.ldap.messages import Row
from connectors.ldap.numbers import Numbers, numbers_of
from connectors.ldap.options import Settings
from connectors.ldap.values import NOT_TEXT, Anchor, anchor_of, decode

Wanted = dict[str, list[tuple[str, str | None]]]
K = TypeVar("K")
V = TypeVar("V")
_KEPT = 256
_STRUCTURAL = (
    "inetorgperson", "user", "organizationalperson", "person", "account", "groupofnames", "groupofuniquenames",
    "posixgroup", "group", "organizationalrole", "device",
)  # fmt: skip
"""The usual structural classes, special before general: entries of a collection are found by theirs."""


@dataclass(frozen=True, slots=True)
class Place:
    """A collection's own settings, ready to use.

    :param filter: what every entry of the collection satisfies. :param bases: where to look.
    :param classes: of a new entry. :param rdn: the attribute that names one. :param parent: where one goes when
        the mapping does not say.
    :param member: the attribute of ``@members``; None where the collection has none. :param placeholder: the DN that
        stands in a group without members. :param chunk: most members a change. :param secrets: attributes never
        read, in lower case. :param by_class: ``filter`` asks for the class ``kind`` and nothing else.
    """

    spec: CollectionSpec
    anchor: Anchor
    filter: bytes
    kind: str
    bases: tuple[str, ...]
    classes: tuple[str, ...]
    rdn: str
    parent: str
    base: str
    member: str | None = None
    placeholder: str | None = None
    chunk: int = 500
    secrets: frozenset[str] = frozenset()
    numbers: tuple[Numbers, ...] = ()
    """those that every new entry gets"""
    member_by: str | None = None
    """the naming attribute of members whose value ``member`` holds; None where it holds their DNs"""
    by_class: bool = True
    homes: tuple[str, ...] = ()
    """every parent that the mapping may give an entry"""
    _requests: dict[frozenset[str] | None, list[str]] = field(default_factory=dict, repr=False, compare=False)
    _shown: dict[frozenset[str] | None, Wanted] = field(default_factory=dict, repr=False, compare=False)

    def requested(self, attributes: frozenset[str] | None) -> list[str]:
        """The attribute names to ask the directory for: those wanted, the anchor and the version."""
        known = self._requests.get(attributes)
        if known is None:
            wanted = self.spec.attributes if attributes is None else attributes
            names = {name.lower(): name for name in wanted if not name.startswith("@")}
            if MEMBERS in wanted and self.member:
                names[self.member.lower()] = self.member
            for name in (self.anchor.attribute, self.anchor.version):
                names.setdefault(name.lower(), name)
            known = sorted(name for lower, name in names.items() if lower not in self.secrets)
            _remember(self._requests, attributes, known)
        return list(known)

    @property
    def is_person(self) -> bool:
        """Whether the entries are accounts of Active Directory, and no groups."""
        return "user" in {name.lower() for name in self.classes}

    def name_of(self, dn: str) -> str:
        """What ``member`` holds for the entry of this DN."""
        pairs = (parse(dn) or ((),))[0] if self.member_by else ()
        return next((value for type_, value in pairs if normal_type(type_) == normal_type(self.member_by or "")), dn)

    def id_of(self, row: Row) -> str | None:
        """The entry's id; None where the directory does not show it."""
        held = row.values.get(self.anchor.key)
        return self.anchor.shown(held[0]) if held else None

    def version_of(self, row: Row, server: str) -> str | None:
        """The entry's version, with a word for the ``server`` where each counts by itself (semantics, rule 6)."""
        held = row.values.get(self.anchor.version_key)
        if not held:
            return None
        version = held[0].decode("utf-8", "replace")
        return f"{version}@{server}" if self.anchor.counted else version

    def by_id(self, asserted: Sequence[bytes]) -> bytes:
        """The filter for entries of this collection with one of these ids."""
        return query.both(query.any_value(self.anchor.attribute, asserted), self.filter)

    def entry(
        self, row: Row, attributes: frozenset[str] | None, references: Mapping[str, tuple[Value, ...]], server: str
    ) -> Entry:
        """The entry as the contract shows it; ``references`` are the values of reference attributes and ``@`` names,
        ``server`` is the word for the one that told it."""
        shown: dict[str, tuple[Value, ...]] = {}
        wanted = self._plain(attributes)
        for lower, raws in row.values.items():
            for name, scim_type in wanted.get(lower, ()):
                if scim_type is None and len(raws) == 1 and raws[0]:  # nearly every attribute; spares the calls
                    shown[name] = (raws[0].decode("utf-8", "replace"),)
                elif values := tuple([decode(raw, scim_type) for raw in raws if raw]):
                    shown[name] = values
        shown.update(references)
        if attributes is not None and PARENT in attributes:
            shown[PARENT] = (self.with_base(split(row.dn)[1]),)
        return Entry(self.id_of(row) or "", shown, self.version_of(row, server), row.dn)

    def _plain(self, attributes: frozenset[str] | None) -> Wanted:
        """The wanted attributes that hold plain values, by name in lower case: names, SCIM types (None: text)."""
        known = self._shown.get(attributes)
        if known is None:
            wanted = (self.spec.attributes if attributes is None else attributes) - self.spec.references.keys()
            known = {}
            for name in sorted(
                name for name in wanted if not name.startswith("@") and name.lower() not in self.secrets
            ):
                scim_type = self.spec.types.get(name)
                known.setdefault(name.lower(), []).append((name, scim_type if scim_type in NOT_TEXT else None))
            _remember(self._shown, attributes, known)
        return known

    def with_base(self, dn: str) -> str:
        """A DN as a mapping writes it: the base as ``{base}``."""
        if dn.lower() == self.base.lower():
            return "{base}"
        end = "," + self.base.lower()
        return dn[: -len(end)] + ",{base}" if dn.lower().endswith(end) else dn


def _remember(kept: dict[K, V], key: K, value: V) -> None:
    """Keep what was worked out for one set of attributes; there are few, and a client cannot make them many."""
    if len(kept) >= _KEPT:
        kept.clear()
    kept[key] = value


def place_of(spec: CollectionSpec, settings: Settings) -> Place:
    """Read the options of one section.

    :raises ValueError: one line for each that is missing or wrong.
    """
    errors: list[str] = []
    options = spec.options
    classes = _texts(options.get("class", options.get("classes", ())))
    if not classes:
        errors.append(f"{spec.name}: 'class' must list the object classes of an entry")
    rdn = options.get("rdn")
    if not isinstance(rdn, str) or not rdn:
        errors.append(f"{spec.name}: 'rdn' must name the attribute that names an entry, such as \"uid\"")
    members = spec.members or {}
    if MEMBERS in spec.references and not isinstance(members.get("attr"), str):
        errors.append(f'{spec.name}: members.attr must name the attribute that holds the members, such as "member"')
    chunk = members.get("chunk", 500)
    if not isinstance(chunk, int) or chunk < 1:
        errors.append(f"{spec.name}: members.chunk must be a number above 0")
    bases = tuple(each.replace("{base}", settings.base) for each in _texts(options.get("search_base", ())))
    parents = [each.replace("{base}", settings.base) for each in _parents(options.get("parent"))]
    homes = tuple(dict.fromkeys([*parents, *(each.replace("{base}", settings.base) for each in spec.parents)]))
    placeholder = members.get("placeholder")
    dns = [*bases, *homes, *([str(placeholder).replace("{base}", settings.base)] if placeholder else [])]
    errors += [f"{spec.name}: '{dn}' is no distinguished name" for dn in dns if not parse(dn)]
    errors += [
        f"{spec.name}: search_base: entries in '{dn}' would not be found again; "
        f"search_base must hold every parent and move_to"
        for dn in homes
        if bases and parse(dn) and not any(is_under(dn, each) for each in bases if parse(each))
    ]
    kind = _kind(classes)
    term = query.equal("objectClass", kind.encode())
    if "search_filter" in options:
        try:
            term = parse_filter(str(options["search_filter"]))
        except ValueError as error:
            errors.append(f"{spec.name}: search_filter: {error}")
    numbers: tuple[Numbers, ...] = ()
    try:
        numbers = numbers_of(options.get("numbers"), settings.base)
    except ValueError as error:
        errors.append(f"{spec.name}: {error}")
    if errors:
        raise ValueError("\n".join(errors))
    return Place(
        spec=spec,
        anchor=anchor_of(spec.anchor, spec.version),
        filter=term,
        kind=kind.lower(),
        bases=bases or (settings.base,),
        classes=classes,
        rdn=str(rdn),
        parent=parents[-1] if parents else settings.base,
        homes=homes or (settings.base,),
        base=settings.base,
        member=str(members["attr"]) if MEMBERS in spec.references else None,
        placeholder=str(placeholder).replace("{base}", settings.base) if placeholder else None,
        chunk=chunk,
        secrets=frozenset(name.lower() for name in spec.secrets),
        numbers=numbers,
        member_by=str(members["value"]) if "value" in members else None,
        by_class="search_filter" not in options,
    )


def _kind(classes: Sequence[str]) -> str:
    """The class that tells the entries of a collection: the structural one where it is a usual one, else the last."""
    given = {name.lower(): name for name in classes}
    usual = next((given[name] for name in _STRUCTURAL if name in given), None)
    return usual or (classes[-1] if classes else "top")


def _texts(raw: object) -> tuple[str, ...]:
    if isinstance(raw, str):
        return (raw,)
    return tuple(str(each) for each in raw) if isinstance(raw, list | tuple) else ()


def _parents(raw: object) -> list[str]:
    """``parent`` as a DN or as the list of choices; the last one is the one without a condition."""
    if isinstance(raw, str):
        return [raw]
    choices = raw if isinstance(raw, list | tuple) else ()
    return [str(each["dn"]) if isinstance(each, Mapping) else str(each) for each in choices]
