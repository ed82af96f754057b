"""The keys of a mapping file's section that belong to the SQL connector, read once and without I/O."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.contract import CollectionSpec

SECTION = frozenset({"table", "create", "index", "unique", "created", "modified"})
MEMBERS = frozenset({"table", "group", "user", "type", "set"})
CHILD = frozenset({"table", "key", "map", "order"})
CALL = frozenset({"delete", "update", "key", "set"})
CREATES = ("sqlite", "postgresql", "mysql")
"""the dialects in which tables are created; MariaDB's is MySQL's"""


def not_created(dialect: str, table: str) -> str:
    """What to do where tables are not created."""
    return f"no table is made in this kind of database ({dialect}): make {table} yourself, and leave this out or false"


@dataclass(frozen=True, slots=True)
class ChildTable:
    """``[user.child.X]``: one row an element; ``columns`` is sub-attribute → column."""

    attribute: str
    table: str
    key: str
    columns: Mapping[str, str]
    order: str | None


@dataclass(frozen=True, slots=True)
class MembersTable:
    """``[group.members]``: one row a member; ``collections`` are those a member may be in."""

    table: str
    group: str
    user: str
    type: str | None
    set: Mapping[str, Any]
    collections: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RowsCall:
    """``lifecycle.after``: the rows whose ``key`` is the entry's id are deleted, or take what ``set`` says."""

    table: str
    key: str
    set: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class TableOptions:
    """One section: where its rows are, and what the connector keeps in them by itself."""

    spec: CollectionSpec
    table: str
    create: bool
    index: tuple[str, ...]
    unique: tuple[str, ...]
    created: str | None
    modified: str | None
    children: Mapping[str, ChildTable]
    members: MembersTable | None
    calls: tuple[RowsCall, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column of the table that the mapping or the connector uses, in a stable order."""
        kept = [name for name in (self.spec.anchor, self.spec.version, self.created, self.modified) if name]
        return tuple(dict.fromkeys((*kept, *sorted(self.spec.attributes - set(self.children)))))


def read_options(specs: Mapping[str, CollectionSpec], create: bool, dialect: str = "sqlite") -> dict[str, TableOptions]:
    """Read all sections. :raises ValueError: every wrong key, one sentence a line."""
    mistakes: list[str] = []
    options = {name: _section(spec, create, mistakes) for name, spec in specs.items()}
    if dialect not in CREATES:
        for each in options.values():
            if each.create:
                said = not_created(dialect, f"the table '{each.table}'")
                mistakes.append(f"{each.spec.name.lower()}.create: {said}")
    if mistakes:
        raise ValueError("\n".join(mistakes))
    return options


def _section(spec: CollectionSpec, create: bool, mistakes: list[str]) -> TableOptions:
    where = spec.name.lower()
    given = spec.options
    _known(where, given, SECTION, mistakes)
    return TableOptions(
        spec=spec,
        table=_text(where, given, "table", mistakes),
        create=bool(given.get("create", create)),
        index=tuple(given.get("index", ())),
        unique=tuple(given.get("unique", ())),
        created=given.get("created"),
        modified=given.get("modified"),
        children={name: _child(f"{where}.child.{name}", name, each, mistakes) for name, each in spec.children.items()},
        members=None if spec.members is None else _members(f"{where}.members", spec, mistakes),
        calls=tuple(_call(f"{where}.lifecycle.after", call, mistakes) for call in spec.calls),
    )


def _child(where: str, name: str, given: Mapping[str, Any], mistakes: list[str]) -> ChildTable:
    _known(where, given, CHILD, mistakes)
    columns = given.get("map")
    if not isinstance(columns, Mapping) or not columns:
        mistakes.append(f"{where}: 'map' must name the column of each sub-attribute")
        columns = {}
    table, key = (_text(where, given, each, mistakes) for each in ("table", "key"))
    return ChildTable(name, table, key, dict(columns), given.get("order"))


def _members(where: str, spec: CollectionSpec, mistakes: list[str]) -> MembersTable:
    given = spec.members or {}
    table, group, user = (_text(where, given, each, mistakes) for each in ("table", "group", "user"))
    reference = spec.references.get("@members")
    collections = reference.collections if reference is not None else ("User",)
    return MembersTable(table, group, user, given.get("type"), dict(given.get("set", {})), collections)


def _call(where: str, given: Mapping[str, Any], mistakes: list[str]) -> RowsCall:
    _known(where, given, CALL, mistakes)
    verbs = [verb for verb in ("delete", "update") if isinstance(given.get(verb), str) and given[verb]]
    if len(verbs) != 1:
        mistakes.append(f"{where}: 'call' says either 'delete' or 'update', with the name of a table")
    values = given.get("set")
    if ("update" in verbs) != (isinstance(values, Mapping) and bool(values)):
        mistakes.append(f"{where}: 'set' goes with 'update'; it names the columns and what they get")
    table = str(given[verbs[0]]) if verbs else ""
    return RowsCall(table, _text(where, given, "key", mistakes), dict(values) if isinstance(values, Mapping) else None)


def _text(where: str, given: Mapping[str, Any], key: str, mistakes: list[str]) -> str:
    value = given.get(key)
    if isinstance(value, str) and value:
        return value
    mistakes.append(f"{where}: '{key}' is missing; it names a table or column of the database")
    return ""


def _known(where: str, given: Mapping[str, Any], known: frozenset[str], mistakes: list[str]) -> None:
    mistakes.extend(f"{where}: {unknown_key(key, sorted(known))}" for key in given if key not in known)


def unknown_key(key: str, known: Sequence[str]) -> str:
    """Say that ``key`` is not known, and which one was probably meant."""
    close = difflib.get_close_matches(key, known, 1)
    hint = f"did you mean '{close[0]}'?" if close else f"known are {', '.join(known)}"
    return f"unknown key '{key}'; {hint}"
