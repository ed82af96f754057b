"""A mapping file as it was written: parsed and checked for form, not yet compiled.

``load`` makes these; ``compile`` turns them into closures; ``check`` and ``laws`` look at both. Nothing here has
behaviour. Keys that belong to a connector (``class``, ``rdn``, ``table``, ``http`` …) stay verbatim in ``options``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Direction = Literal["map", "set", "show"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands, for messages: ``mappings/corp.toml:31: user.map.displayName``."""

    file: str
    line: int
    key: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.key}"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of ``via``: a name and what was written beside it (``{bit = 2, base = 512}`` → name ``bit``,
    argument ``2``, options ``{"base": 512}``)."""

    name: str
    argument: Any = None
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of ``map``, ``set`` or ``show``; the keys are those of the specification.

    For ``map`` and ``show``, ``path`` is the SCIM path and ``attr`` the target's attribute; for ``set``, ``path`` is
    empty and ``attr`` is the key of the row.
    """

    direction: Direction
    path: str
    attr: str | None
    place: Place
    store: Literal["ledger"] | None = None
    via: tuple[Step, ...] = ()
    ref: str | None = None
    """the resource type referred to: ``User``, ``Group`` …"""
    apply: Literal["always", "on-change", "create", "if-empty"] = "always"
    apply_given: bool = False
    on_clear: Literal["clear", "keep"] = "clear"
    others: Literal["keep", "remove"] = "keep"
    required: bool = False
    default: Any = None
    when: str | None = None
    only: Literal["write", "read"] | None = None
    immutable: Literal["refuse", "recreate"] | None = None
    secret: bool = False
    unique: bool | None = None
    create: Any = None
    unknown: Literal["refuse", "default"] = "refuse"
    also: tuple[str, ...] = ()
    element: Mapping[str, Any] | None = None
    value: Any = None
    template: str | None = None
    otherwise: str | None = None
    """the template of ``else``"""
    by_group: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class ParentChoice:
    """One branch of ``parent``: the first whose ``when`` (a SCIM filter) holds is where an entry is created."""

    dn: str
    when: str | None = None


@dataclass(frozen=True, slots=True)
class Stamp:
    on: tuple[str, ...]
    attr: str


@dataclass(frozen=True, slots=True)
class After:
    """A call that follows a lifecycle event: a request, or a statement on rows of another table."""

    on: tuple[str, ...]
    call: Mapping[str, Any]
    must: bool = False

    @property
    def said(self) -> str:
        """The call as people read it: ``DELETE /users/{id}/sessions``, ``UPDATE api_tokens``."""
        verbs = ("get", "post", "put", "patch", "delete", "update")
        return next((f"{verb.upper()} {self.call[verb]}" for verb in verbs if verb in self.call), "a call")


@dataclass(frozen=True, slots=True)
class Lifecycle:
    deactivate: Literal["disable", "move", "delete", "refuse"] = "disable"
    delete: Literal["disable", "move", "delete", "refuse"] = "disable"
    move_to: str | None = None
    stamp: tuple[Stamp, ...] = ()
    after: tuple[After, ...] = ()
    tombstone_rename: Literal["ignore", "apply"] | None = None


@dataclass(frozen=True, slots=True)
class Members:
    """``[group.members]``; ``options`` is the table verbatim for the connector."""

    place: Place
    ref: tuple[str, ...] = ("User",)
    others: Literal["keep", "remove"] = "keep"
    unknown: Literal["refuse", "skip"] = "refuse"
    returned: Literal["default", "request"] = "default"
    when_inactive: Literal["add", "hold"] = "add"
    chunk: int = 500
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SchemaAttribute:
    """One declared attribute (RFC 7643 §7). ``resource`` is the resource type it extends."""

    resource: str
    name: str
    urn: str
    place: Place
    type: str = "string"
    multi_valued: bool = False
    description: str = ""
    required: bool = False
    case_exact: bool = False
    mutability: str = "readWrite"
    returned: str = "default"
    uniqueness: str = "none"
    canonical: tuple[str, ...] = ()
    reference_types: tuple[str, ...] = ()
    sub_attributes: tuple["SchemaAttribute", ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """One resource type: ``[user]``, ``[group]`` or ``[resource.X]``."""

    name: str
    place: Place
    endpoint: str
    schema: str
    """the URN of its core schema"""
    anchor: str
    rows: tuple[Row, ...]
    generate: str | None = None
    version: str | None = None
    match: tuple[str, ...] = ()
    adopt: Literal["never", "unmanaged"] = "unmanaged"
    scope: str | None = None
    protect: tuple[str, ...] = ()
    marker: tuple[str, Any] | None = None
    parent: tuple[ParentChoice, ...] = ()
    lifecycle: Lifecycle = field(default_factory=Lifecycle)
    members: Members | None = None
    children: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FileTest:
    """One ``[[test]]``."""

    name: str
    place: Place
    resource: str = "User"
    entry: Mapping[str, Any] | None = None
    last: Mapping[str, Any] | None = None
    scim: Mapping[str, Any] | None = None
    gives: Mapping[str, Any] | None = None
    reads: Mapping[str, Any] | None = None
    calls: tuple[str, ...] | None = None
    fails: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class MappingFile:
    """A whole file after ``extends``: presets merged, aliases ``[user]``/``[group]`` resolved."""

    name: str
    """the path as given, or the preset's name"""
    target: str
    """the kind of target it is for: ``ldap``, ``sql``, ``rest``, ``memory`` or a plugin's"""
    sections: Mapping[str, Section]
    tables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    schemas: tuple[SchemaAttribute, ...] = ()
    tests: tuple[FileTest, ...] = ()
    places: Mapping[tuple[str | int, ...], Place] = field(default_factory=dict, compare=False, repr=False)
    """where every key stands: ``("resource", "User", "scope")`` → its place; for messages only"""
    faults: frozenset[tuple[str | int, ...]] = field(default=frozenset(), compare=False, repr=False)
    """where the form is wrong; such a file is checked for meaning all the same, and never compiled"""
    strays: frozenset[tuple[str | int, ...]] = field(default=frozenset(), compare=False, repr=False)
    """those of them that are unknown keys"""
