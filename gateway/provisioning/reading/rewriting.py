"""A filter with SCIM ids turned into the ids of the target, where they differ; for the target's eyes only."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeGuard

from scim2_models.path import CompareOperator, Comparison, FilterNode, LogicalExpr, Not, ValuePath

from gateway.ledger.model import AllSeen
from gateway.provisioning.reading.view import View

NOBODY = "-"
"""an id that no entry has"""
BY_VALUE = (CompareOperator.eq, CompareOperator.ne)


def rewritten(view: View, node: FilterNode, seen: AllSeen) -> FilterNode:
    """The filter with SCIM ids turned into the target's, where they differ; for the target's eyes only."""
    if not any(each.ids for each in seen.values()):
        return node
    if isinstance(node, LogicalExpr):
        return replace(node, terms=tuple(rewritten(view, term, seen) for term in node.terms))
    if isinstance(node, Not):
        return Not(rewritten(view, node.expr, seen))
    if _compares_text(node):
        return replace(node, value=_target_id(_kinds(view, str(node.attr_path)), node.value, seen))
    if isinstance(node, ValuePath):
        return replace(node, val_filter=_within(node.val_filter, _kinds(view, f"{node.attr_path}.value"), seen))
    return node


def _compares_text(node: FilterNode) -> TypeGuard[Comparison]:
    return isinstance(node, Comparison) and node.op in BY_VALUE and isinstance(node.value, str)


def _within(node: FilterNode, kinds: Sequence[str], seen: AllSeen) -> FilterNode:
    if isinstance(node, LogicalExpr):
        return replace(node, terms=tuple(_within(term, kinds, seen) for term in node.terms))
    if isinstance(node, Not):
        return Not(_within(node.expr, kinds, seen))
    if _compares_text(node) and node.attr_path.attr.lower() == "value":
        return replace(node, value=_target_id(kinds, node.value, seen))
    return node


def _kinds(view: View, path: str) -> Sequence[str]:
    """The resource types whose ids stand at a path; none where it holds no ids."""
    known = view.mapping.attributes.find(path)
    if known is None:
        return ()
    if known.path == "id":
        return (view.type,)
    if known.sub is not None and known.sub.name != "value":
        return ()
    if known.top == "groups":
        return [kind.type for kind in view.groups()]
    if known.top == "members":
        return view.mapping.members.ref if view.mapping.members else ()
    rows = [(row.ref, view.mapping.attributes.canonical(row.path)) for row in view.mapping.section.rows]
    return [ref for ref, written in rows if ref and written and same(written, known.path)]


def _target_id(kinds: Sequence[str], id: str, seen: AllSeen) -> str:
    """The anchor behind an id of one of these types. A type that never heard of an id takes it for an anchor of its
    own, so the type that issued it is asked first."""
    if issued := [seen[kind].anchors[id] for kind in kinds if id in seen[kind].anchors]:
        return issued[0]
    return NOBODY if any(id in seen[kind].ids for kind in kinds) else id


def same(one: str, other: str) -> bool:
    """One path names, contains or is part of the other."""
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")
