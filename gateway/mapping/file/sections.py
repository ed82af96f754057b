"""One resource type from its section: placement, lifecycle, members, children."""

from collections.abc import Mapping
from typing import Any

from gateway.mapping.file import calls as http
from gateway.mapping.file import keys
from gateway.mapping.file.reader import Node, texts
from gateway.mapping.file.rows import read_rows, resource_name
from gateway.mapping.model import After, Lifecycle, Members, ParentChoice, Row, Section, Stamp

_CORE = "urn:ietf:params:scim:schemas:core:2.0:"
_EVENTS = ("deactivate", "delete")


def read_section(name: str, node: Node, target: str, known: tuple[str, ...]) -> Section | None:
    """Read ``[resource.<name>]``; what is wrong with it is reported, and None is no section.

    :param target: the kind of target, whose own keys are allowed too.
    :param known: the names of all resource types.
    """
    if not isinstance(node.value, dict):
        node.complain("must be a table")
        return None
    options = keys.section_options(target)
    fields = node.accept(keys.SECTION, options)
    rows = tuple(read_rows(_only_tables(node, fields), known))
    children = _children(fields.get("child"), target)
    if target == "rest" and "http" in fields:
        http.read_http(fields["http"])
    anchor, generate = _anchor(fields.get("anchor"))
    return Section(
        name=name,
        place=node.place,
        endpoint=_text(fields, "endpoint") or f"/{name}s",
        schema=_text(fields, "schema") or f"{_CORE}{name}",
        anchor=anchor,
        rows=(*rows, *_child_rows(children, rows, fields)),
        generate=generate,
        version=_text(fields, "version"),
        match=texts(fields.get("match")),
        adopt=fields["adopt"].value if "adopt" in fields else ("unmanaged" if name == "User" else "never"),
        scope=_text(fields, "scope"),
        protect=texts(fields.get("protect")),
        marker=_marker(fields.get("marker")),
        parent=_parents(fields.get("parent")),
        lifecycle=_lifecycle(name, rows, fields.get("lifecycle"), target),
        members=_members(fields.get("members"), target, known),
        children=children,
        options=_options(node.value, options or {}),
    )


def _options(table: Mapping[str, Any], known: keys.Keys) -> dict[str, Any]:
    """The connector's own keys, verbatim but for a single text where an array is due; it knows ``parent`` too."""
    own = {key: value for key, value in table.items() if key == "parent" or key not in keys.SECTION}
    listed = [key for key, value in own.items() if isinstance(value, str) and _takes_texts(known.get(key))]
    return {key: [value] if key in listed else value for key, value in own.items()}


def _takes_texts(key: keys.Key | None) -> bool:
    return key is not None and key.kinds == ("texts",)


def _only_tables(node: Node, fields: dict[str, Node]) -> Node:
    tables = {key: node.value[key] for key in ("map", "set", "show") if key in fields}
    return Node(node.document, node.path, tables, node.report)


def _text(fields: Mapping[str, Node], key: str) -> str | None:
    return fields[key].value if key in fields else None


def _anchor(node: Node | None) -> tuple[str, str | None]:
    if node is None:
        return "", None
    if isinstance(node.value, str):
        return node.value, None
    fields = node.accept(keys.ANCHOR, {})
    return _text(fields, "attr") or "", _text(fields, "generate")


def _marker(node: Node | None) -> tuple[str, Any] | None:
    fields = node.accept(keys.MARKER, {}) if node else {}
    return (fields["attr"].value, fields["value"].value) if len(fields) == len(keys.MARKER) else None


def _parents(node: Node | None) -> tuple[ParentChoice, ...]:
    if node is None:
        return ()
    if isinstance(node.value, str):
        return (ParentChoice(node.value),)
    choices = [choice.accept(keys.PARENT, {}) for choice in node.each()]
    return tuple(ParentChoice(fields["dn"].value, _text(fields, "when")) for fields in choices if "dn" in fields)


def _lifecycle(name: str, rows: tuple[Row, ...], node: Node | None, target: str) -> Lifecycle:
    """The defaults: users are disabled, groups and everything without ``active`` are deleted."""
    has_active = any(row.direction == "map" and row.path.lower() == "active" for row in rows)
    usual: Any = "disable" if name == "User" or (name != "Group" and has_active) else "delete"
    if node is None:
        return Lifecycle(deactivate="disable", delete=usual)
    fields = node.accept(keys.LIFECYCLE, {})
    return Lifecycle(
        deactivate=fields["deactivate"].value if "deactivate" in fields else "disable",
        delete=fields["delete"].value if "delete" in fields else usual,
        move_to=_text(fields, "move_to"),
        stamp=tuple(_stamps(fields.get("stamp"))),
        after=tuple(_afters(fields.get("after"), target)),
        tombstone_rename=fields["tombstone_rename"].value if "tombstone_rename" in fields else None,
    )


def _stamps(node: Node | None) -> list[Stamp]:
    accepted = [stamp.accept(keys.STAMP, {}) for stamp in node.each()] if node else []
    return [Stamp(_events(fields["on"]), fields["attr"].value) for fields in accepted if {"on", "attr"} <= set(fields)]


def _afters(node: Node | None, target: str) -> list[After]:
    accepted = [after.accept(keys.AFTER, {}) for after in node.each()] if node else []
    for call in (fields["call"] for fields in accepted if "call" in fields):
        if target == "rest":
            http.read_call(call, {})
        elif target == "sql":
            call.accept(keys.ROWS_CALL, {})
    return [
        After(_events(fields["on"]), fields["call"].value, "must" in fields and fields["must"].value)
        for fields in accepted
        if {"on", "call"} <= set(fields)
    ]


def _events(node: Node) -> tuple[str, ...]:
    for event in node.each():
        event.fits(keys.Key("", choices=_EVENTS))
    return texts(node)


def _members(node: Node | None, target: str, known: tuple[str, ...]) -> Members | None:
    if node is None:
        return None
    fields = node.accept(keys.MEMBERS, keys.member_options(target))
    if target == "rest" and isinstance(node.value, dict):
        http.read_members(node)
    plain = {
        key: fields[key].value for key in ("others", "unknown", "returned", "when_inactive", "chunk") if key in fields
    }
    names = texts(fields.get("ref")) or ("user",)
    return Members(node.place, tuple(resource_name(word, known) for word in names), options=dict(node.value), **plain)


def _children(node: Node | None, target: str) -> dict[str, Mapping[str, Any]]:
    if node is None:
        return {}
    for _, child in node.items():
        child.accept(keys.child_keys(target), {})
    return {name: child.value for name, child in node.items() if isinstance(child.value, dict)}


def _child_rows(children: Mapping[str, Any], rows: tuple[Row, ...], fields: Mapping[str, Node]) -> list[Row]:
    """A child table that no row of ``map`` speaks of is mapped as a whole."""
    claimed = {row.attr for row in rows}
    return [Row("map", name, name, fields["child"].at(name).place) for name in children if name not in claimed]
