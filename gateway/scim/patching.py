"""The operations of a PATCH, understood (RFC 7644 §3.5.2): members apart, the rest as writes in order.

Reading happens in two steps, because the checks have an order: the envelope (400), the resource (404), the operations
(400). ``envelope`` is the first, ``compiled`` the last.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, cast

from scim2_models import (
    InvalidPathException,
    InvalidSyntaxException,
    InvalidValueException,
    MutabilityException,
    NoTargetException,
)
from scim2_models.path import AttrPath, FilterNode, ValuePath

from gateway.provisioning.model import MemberChange
from gateway.scim import members, selections
from gateway.scim.dialects import Dialect
from gateway.scim.normalise import Target, aliased_path, attribute_path, inside_core, target
from gateway.scim.shape import Place, Shape, is_standard
from gateway.scim.values import canonical, is_blank

PATCH_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
Op = Literal["add", "replace", "remove"]
OPS = frozenset({"add", "replace", "remove"})


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation as sent: ``op`` folded; :param given: whether there is a ``value`` at all."""

    op: Op
    path: str | None
    value: Any = None
    given: bool = True


@dataclass(frozen=True, slots=True)
class Write:
    """One write of one operation, everything resolved.

    :param value: canonical; None unassigns. :param selection: the bound value filter, or None.
    :param creates: the element to make when the selection matches nothing.
    :param values: of a remove, what the elements to remove have (their sub-attributes, or the simple value).
    """

    op: Op
    place: Place
    value: Any = None
    selection: FilterNode | None = None
    creates: dict[str, Any] | None = None
    values: tuple[Any, ...] | None = None


@dataclass(frozen=True, slots=True)
class Compiled:
    """A whole PATCH: the writes of each operation in order, the member changes, and the paths named."""

    operations: tuple[tuple[Write, ...], ...]
    members: tuple[MemberChange, ...]
    named: frozenset[str]


def envelope(document: Any, dialect: Dialect) -> list[Operation]:
    """Read the message around the operations.

    :raises InvalidSyntaxException: not a PatchOp message. :raises InvalidValueException: an operation that is none.
    """
    if not isinstance(document, dict):
        raise InvalidSyntaxException(detail="The body must be a JSON object")
    fields = {key.lower(): value for key, value in document.items()}
    schemas = fields.get("schemas")
    if schemas is not None or dialect.strict:
        urns = {urn.lower() for urn in schemas if isinstance(urn, str)} if isinstance(schemas, list) else None
        if urns is None or PATCH_SCHEMA.lower() not in urns:
            raise InvalidSyntaxException(detail=f"schemas must contain {PATCH_SCHEMA}")
    operations = fields.get("operations")
    if not isinstance(operations, list) or not operations:
        raise InvalidValueException(detail="Operations must be an array of one or more operations")
    return [_operation(item) for item in operations]


def _operation(item: Any) -> Operation:
    if not isinstance(item, dict):
        raise InvalidSyntaxException(detail="An operation must be a JSON object")
    fields = {key.lower(): value for key, value in item.items()}
    op, path = fields.get("op"), fields.get("path")
    if not isinstance(op, str) or op.lower() not in OPS:
        raise InvalidValueException(detail=f"{str(op)[:40]!r} is not a PATCH operation: add, remove or replace")
    if path is not None and not isinstance(path, str):
        raise InvalidPathException(detail="path must be a string")
    return Operation(cast(Op, op.lower()), (path or "").strip() or None, fields.get("value"), "value" in fields)


def compiled(shape: Shape, operations: list[Operation], dialect: Dialect) -> Compiled:
    """Resolve every operation against the resource type.

    :raises InvalidPathException: it names nothing. :raises NoTargetException: a remove without a path.
    :raises MutabilityException: it names what is read-only, or unassigns what is required.
    :raises InvalidValueException: the value does not fit, or is missing.
    """
    writes: list[tuple[Write, ...]] = []
    changes: list[MemberChange] = []
    for operation in operations:
        _check(operation, dialect)
        own: list[Write] = []
        for node, value in _spread(shape, operation, dialect):
            place = _placed(shape, node, dialect)
            if place is None:
                continue
            if shape.members and place.attribute is shape.core.get("members"):
                changes.extend(members.changes(place.leaf, operation.op, node, value, dialect))
            else:
                own.extend(_writes(operation, place, node, value, dialect))
        if own:
            writes.append(tuple(own))
    named = frozenset(path for operation in writes for write in operation for path in _paths(write))
    return Compiled(tuple(writes), tuple(changes), named)


def _paths(write: Write) -> Iterator[str]:
    """What a write names. A multi-valued attribute is one thing: its elements may change one another (primary)."""
    attribute = write.place.attribute
    if attribute.complex and not attribute.multi_valued and write.place.sub is None and isinstance(write.value, dict):
        yield from (attribute.subs[name.lower()].path for name in write.value)
    else:
        yield attribute.path if attribute.multi_valued else write.place.path


def _check(operation: Operation, dialect: Dialect) -> None:
    if operation.op == "remove":
        if operation.path is None:
            raise NoTargetException(detail="A remove needs a path")
        if operation.value is not None and not dialect.remove_values:
            raise InvalidValueException(detail="A remove carries no value; a filter in the path selects what to remove")
    elif not operation.given or (operation.op == "add" and operation.value is None and dialect.strict):
        raise InvalidValueException(detail=f"A value is required to {operation.op}")


def _spread(shape: Shape, operation: Operation, dialect: Dialect) -> Iterator[tuple[Target, Any]]:
    """One operation as single targets: each key of a value without a path, or for a whole extension, is one."""
    if operation.path is None:
        yield from _keys(shape, operation.value, "", dialect)
        return
    extension = shape.extensions.get(operation.path.lower())
    if within := inside_core(shape, operation.path, operation.value, dialect):
        yield from _keys(shape, within, "", dialect)
    elif extension is None:
        yield target(operation.path), operation.value
    elif operation.op == "remove" or operation.value is None:
        for attribute in extension.attributes.values():
            if not attribute.read_only:
                yield AttrPath(attribute.name, None, extension.urn), None
    else:
        yield from _keys(shape, operation.value, f"{extension.urn}:", dialect)


def _keys(shape: Shape, value: Any, prefix: str, dialect: Dialect) -> Iterator[tuple[Target, Any]]:
    if not isinstance(value, dict):
        raise InvalidValueException(detail="The value of an operation without a path must be an object")
    for key, item in value.items():
        if key.lower() == "schemas":
            continue
        extension = None if prefix else shape.extensions.get(key.lower())
        if extension is not None:
            whole = dict.fromkeys(extension.attributes) if item is None else item
            yield from _keys(shape, whole, f"{extension.urn}:", dialect)
            continue
        if not prefix and (within := inside_core(shape, key, item, dialect)):
            yield from _keys(shape, within, "", dialect)
            continue
        node = _key_path(shape, prefix + key, dialect)
        if node is not None:
            yield node, item
        elif not dialect.unknown:
            raise InvalidValueException(detail=f"{key} is not declared by the resource schema")


def _key_path(shape: Shape, key: str, dialect: Dialect) -> Target | None:
    """The path that a key of a value stands for; None where it is no attribute of this resource type."""
    try:
        node = target(key)
    except InvalidPathException:
        return None
    if shape.place(attribute_path(node)) is None:
        return aliased_path(shape, key, dialect)
    return node if dialect.keys_as_paths or isinstance(node, AttrPath) else None


def _placed(shape: Shape, node: Target, dialect: Dialect) -> Place | None:
    """Where an operation acts; None where the dialect ignores it. :raises InvalidPathException: nowhere."""
    path = attribute_path(node)
    place = shape.place(path)
    if place is None and (alias := _alias(shape, path, dialect)) is not None:
        place = shape.place(alias)
    if place is not None:
        return place
    foreign = path.uri is not None and path.uri.lower() not in (shape.schema.lower(), *shape.extensions)
    if dialect.unknown and (foreign or is_standard(shape, path)):
        return None
    raise InvalidPathException(path=str(path)[:100], detail=f"{str(path)[:100]} is not an attribute of {shape.name}")


def _alias(shape: Shape, path: AttrPath, dialect: Dialect) -> AttrPath | None:
    """``manager.value`` at top level → ``urn:…:User:manager.value``."""
    if path.uri is not None:
        return None
    node = aliased_path(shape, path.attr, dialect)
    if node is None:
        return None
    found = attribute_path(node)
    return AttrPath(found.attr, path.sub_attr or found.sub_attr, found.uri)


def _writes(operation: Operation, place: Place, node: Target, value: Any, dialect: Dialect) -> Iterator[Write]:
    if place.attribute.read_only or place.leaf.read_only:
        whole = operation.path is None and dialect.read_only_in_values
        if whole or place.path.lower() in dialect.ignored_paths:
            return
        raise MutabilityException(attribute=place.path, detail=f"{place.path} is read-only")
    selection = creates = None
    if isinstance(node, ValuePath):
        selection = _selected(place, node, dialect)
        creates = selections.creatable(place.attribute, selection) if dialect.create_elements else None
    if operation.op == "remove":
        yield _removal(place, selection, value, dialect)
        return
    clean = _clean(place, selection, value, dialect)
    if clean == {} or (clean is None and place.path == "active"):
        return  # null says nothing of ``active`` (semantics, rule 8); to remove it is another matter
    unassigns = clean is None or (clean == [] and operation.op != "add")
    if place.leaf.required and place.sub is None and is_blank(clean):
        raise InvalidValueException(attribute=place.path, detail=f"{place.path} is required")
    if unassigns and place.leaf.required and place.sub is None and selection is None:
        raise MutabilityException(attribute=place.path, detail=f"{place.path} is required and cannot be unassigned")
    yield Write(operation.op, place, clean, selection, creates)


def _selected(place: Place, node: ValuePath, dialect: Dialect) -> FilterNode:
    if not place.attribute.multi_valued:
        detail = f"{place.attribute.path} has a single value, there is nothing to select"
        raise InvalidPathException(detail=detail)
    return selections.bound(place.attribute, node.val_filter, dialect)


def _clean(place: Place, selection: FilterNode | None, value: Any, dialect: Dialect) -> Any:
    """The canonical value for a place: an element's sub-attributes where a selection names elements."""
    if selection is None or place.sub is not None:
        # RFC 7644 §3.5.2.1: what is added to a multi-valued attribute is "a new value", one or several.
        one = place.leaf.multi_valued and isinstance(value, dict)
        return canonical(place.leaf, [value] if one else value, dialect)
    if value is None:
        return None
    if isinstance(value, list) and len(value) == 1 and dialect.many_for_one:
        value = value[0]
    if place.attribute.complex and not isinstance(value, dict):
        raise InvalidValueException(attribute=place.path, detail=f"{place.path}: an object is expected")
    elements = canonical(place.attribute, [value], dialect)
    return elements[0] if elements else None


def _removal(place: Place, selection: FilterNode | None, value: Any, dialect: Dialect) -> Write:
    values: tuple[Any, ...] | None = None
    if value is not None and place.attribute.multi_valued and selection is None and place.sub is None:
        values = tuple(_named(place, value, dialect))
    if place.leaf.required and place.sub is None and selection is None and values is None:
        raise MutabilityException(attribute=place.path, detail=f"{place.path} is required and cannot be removed")
    return Write("remove", place, None, selection, None, values)


def _named(place: Place, value: Any, dialect: Dialect) -> Iterator[Any]:
    """What the value of a remove names. An entry that names nothing would name everything, so it is refused."""
    attribute = place.attribute
    for item in value if isinstance(value, list) else [value]:
        entry = {"value": item} if attribute.complex and isinstance(item, str) else item
        cleaned = canonical(attribute, [entry], dialect)
        if not cleaned:
            raise InvalidValueException(attribute=attribute.path, detail="An entry of the value to remove is empty")
        yield cleaned[0]
