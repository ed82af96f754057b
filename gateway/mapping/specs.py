"""What a connector is told of a mapping: one ``CollectionSpec`` for each resource type."""

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.contract import CollectionSpec, Reference
from connectors.entry import GROUPS, MEMBERS
from gateway.mapping.model import MappingFile, Section
from gateway.mapping.rows.bound import BoundRow, Shape
from gateway.mapping.rows.derived import BoundSet


def collection_spec(
    file: MappingFile,
    section: Section,
    rows: Sequence[BoundRow],
    sets: Sequence[BoundSet],
    guards: frozenset[str],
    labels: Mapping[str, tuple[str, ...]],
) -> CollectionSpec:
    """Describe one section for its connector.

    :param guards: target attributes that ``scope``, ``protect`` and ``match`` name.
    :param labels: resource type → the target attributes that people know an entry by, the best first.
    """
    stamps = {stamp.attr for stamp in section.lifecycle.stamp}
    names = {row.attr for row in rows if row.attr} | {each.attr for each in sets} | stamps | guards
    if section.marker is not None:
        names.add(section.marker[0])
    secrets = {row.attr for row in rows if row.attr and (row.row.secret or row.is_password) and not row.reads}
    secrets |= {each.attr for each in sets if each.row.secret}
    return CollectionSpec(
        name=section.name,
        anchor=section.anchor,
        generate=section.generate,
        attributes=frozenset(names),
        options=section.options,
        version=section.version,
        references=_references(file, section, rows, labels),
        members=section.members.options if section.members is not None else None,
        children=section.children,
        secrets=frozenset(secrets),
        many=frozenset(row.attr for row in rows if row.attr and row.shape is Shape.MANY and not row.elements),
        whole=frozenset(
            row.attr for row in rows if row.attr and any(step.name == "json" for step in row.pipeline.steps)
        ),
        names={row.name: row.attr for row in rows if row.attr},
        parents=_parents(section),
        calls=tuple(after.call for after in section.lifecycle.after),
        types={**dict.fromkeys(stamps, "dateTime"), **_types(rows, sets)},
    )


def _parents(section: Section) -> tuple[str, ...]:
    moves = "move" in (section.lifecycle.deactivate, section.lifecycle.delete)
    homes = [choice.dn for choice in section.parent]
    return tuple(dict.fromkeys([*homes, section.lifecycle.move_to] if moves and section.lifecycle.move_to else homes))


def _references(
    file: MappingFile, section: Section, rows: Sequence[BoundRow], labels: Mapping[str, tuple[str, ...]]
) -> dict[str, Reference]:
    def to(*collections: str, most: int | None = None) -> Reference:
        return Reference(collections, {name: labels[name][:most] for name in collections if labels.get(name)})

    # Beside a member stands whatever tells a person who it is. A row's label may be shown as ``manager.displayName``,
    # and nothing else of the manager is that.
    found = {row.attr: to(row.row.ref, most=1) for row in rows if row.row.ref is not None and row.attr}
    if section.members is not None:
        found[MEMBERS] = to(*section.members.ref)
    homes = holders(file, section.name)
    if homes:
        found[GROUPS] = to(*homes)
    return found


def holders(file: MappingFile, name: str) -> tuple[str, ...]:
    """The resource types whose members may be of a type."""
    return tuple(each.name for each in file.sections.values() if each.members is not None and name in each.members.ref)


def _types(rows: Sequence[BoundRow], sets: Sequence[BoundSet]) -> dict[str, str]:
    types: dict[str, str] = {}
    for each in sets:
        types[each.attr] = each.pipeline.gives(_type_of(each.row.value))
    for row in rows:
        if row.attr is None:
            continue
        if row.elements:
            subs = row.path.known.head.sub_attributes
            types |= {f"{row.attr}.{sub.name}": sub.type for sub in subs}
            types[row.attr] = "complex"
        else:
            types[row.attr] = "reference" if row.row.ref is not None else row.pipeline.gives(row.facts.type)
    return types


def _type_of(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "integer" if isinstance(value, int) else "decimal" if isinstance(value, float) else "string"


def label_attributes(rows: Sequence[BoundRow]) -> tuple[str, ...]:
    """The target attributes that people know an entry by: those of ``displayName``, then of ``name.formatted``.

    Where the mapping has neither, that of ``userName``. It does not stand in for an empty displayName otherwise:
    ``display`` is a human-readable name (RFC 7643 §2.4), and scim2-tester takes one that appears unasked on a member
    who has only a userName for a value that was not written.
    """

    def of(*paths: str) -> tuple[str, ...]:
        return tuple(
            row.attr
            for path in paths
            for row in rows
            if row.name == path and row.attr and row.reads and row.pipeline.plain
        )

    return of("displayName", "name.formatted") or of("userName")
