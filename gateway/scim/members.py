"""The operations of a PATCH on the members of a group, as deltas (semantics, rules 8 and 17).

The group itself is never read for them: a change names ids, and whose they are is provisioning's to find out.
"""

from collections.abc import Iterator
from typing import Any, Literal

from scim2_models import MutabilityException
from scim2_models.path import AttrPath, CompareOperator, Comparison, FilterNode, LogicalExpr, LogicalOperator, ValuePath

from gateway.provisioning.model import MemberChange
from gateway.scim import selections
from gateway.scim.dialects import Dialect
from gateway.scim.normalise import Target
from gateway.scim.shape import Attribute
from gateway.scim.values import canonical

Op = Literal["add", "replace", "remove"]


def changes(attribute: Attribute, op: Op, node: Target, value: Any, dialect: Dialect) -> Iterator[MemberChange]:
    """Return what one operation on ``members`` asks for.

    :param attribute: ``members``, or the sub-attribute that the path names.
    :raises MutabilityException: the change of a member's own sub-attributes (RFC 7643 §8.7.1: immutable).
    :raises InvalidValueException: a member without a value.
    """
    if isinstance(node, ValuePath):
        yield from _selected(attribute, op, node, value, dialect)
    elif isinstance(node, AttrPath) and node.sub_attr is not None:
        raise MutabilityException(attribute=attribute.path, detail=f"{attribute.path} is immutable")
    elif op == "remove":
        yield from _removed(attribute, value, dialect)
    elif value is not None:
        # members omitted or null are never a change (rule 8); an empty array is an empty replace.
        ids = named(attribute, value, dialect)
        if op == "replace" or ids:
            yield MemberChange(op, ids)


def _removed(attribute: Attribute, value: Any, dialect: Dialect) -> Iterator[MemberChange]:
    if value is None:
        yield MemberChange("remove")
    elif ids := named(attribute, value, dialect):
        yield MemberChange("remove", ids)


def _selected(attribute: Attribute, op: Op, node: ValuePath, value: Any, dialect: Dialect) -> Iterator[MemberChange]:
    """``members[value eq "x"]``: removes those, or (a dialect that creates elements) adds the one it names."""
    if node.sub_attr is not None:
        raise MutabilityException(attribute=attribute.path, detail=f"{attribute.path} is immutable")
    selection = selections.bound(attribute, node.val_filter, dialect)
    ids = disjuncts(selection)
    if op == "remove":
        yield MemberChange("remove", ids) if ids is not None else MemberChange("remove", None, selection)
        return
    if ids is None or len(ids) != 1 or not dialect.create_elements:
        raise MutabilityException(attribute="members", detail="A member cannot be changed, only added and removed")
    if (
        value is not None
        and named(attribute, {**value, "value": ids[0]} if isinstance(value, dict) else value, dialect) != ids
    ):
        raise MutabilityException(attribute="members.value", detail="members.value is immutable")
    yield MemberChange("add", ids)


def named(attribute: Attribute, value: Any, dialect: Dialect) -> tuple[str, ...]:
    """The ids that a value names, each once. :raises InvalidValueException: an element without one."""
    entries = value if isinstance(value, list) else [value]
    if dialect.remove_values:
        entries = [{"value": entry} if isinstance(entry, str) else entry for entry in entries]
    elements = canonical(attribute, entries, dialect) or []
    return tuple(dict.fromkeys(str(element["value"]) for element in elements))


def disjuncts(node: FilterNode) -> tuple[str, ...] | None:
    """``value eq "a" or value eq "b"`` → the values; None for a filter of another shape."""
    terms = node.terms if isinstance(node, LogicalExpr) and node.op == LogicalOperator.or_ else (node,)
    values: list[str] = []
    for term in terms:
        if not isinstance(term, Comparison) or term.op != CompareOperator.eq or term.attr_path.attr != "value":
            return None
        if not isinstance(term.value, str):
            return None
        values.append(term.value)
    return tuple(dict.fromkeys(values))
