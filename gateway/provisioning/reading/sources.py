"""A search made ready for one resource type: what is asked of the target, what is decided above, what is added."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

from scim2_models.path import Comparison, FilterNode, LogicalExpr, Not

from connectors.contract import Page, Query
from connectors.entry import GROUPS, ID
from connectors.filters import And, AnyOf, Filter, Leaf, Verdict
from connectors.filters import Not as NotIn
from gateway.ledger.model import AllSeen, Assertion
from gateway.mapping.compiled import compile_condition
from gateway.mapping.filters.conditions import mentioned
from gateway.mapping.pushdown.pushed import Pushed
from gateway.provisioning.model import Resource, Search
from gateway.provisioning.reading.overlay import judged, touched
from gateway.provisioning.reading.references import entries_by_id
from gateway.provisioning.reading.rendering import Found, render
from gateway.provisioning.reading.rewriting import BY_VALUE, rewritten, same
from gateway.provisioning.reading.view import AT_NAMES, View

Condition = Callable[..., bool]
FEW = 20_000
"""ids that may be pushed down as exceptions; more of them are left out above"""


@dataclass(frozen=True, slots=True)
class Source:
    """One resource type's part of a list.

    :param filter: what the target selects by: a superset unless ``condition`` is None.
    :param condition: decides on rendered resources (the whole filter); None where the target's answer is exact.
    :param excluded: anchors that are not to be counted: deleted ones, and those shown as ``extras``.
    :param extras: resources decided in memory already, by id: absent ones, and those whose overlay the filter reads.
    :param needs: target attributes that the condition reads. :param sort_by: the target's attribute, where exact.
    """

    view: View
    filter: Filter | None
    condition: Condition | None
    excluded: frozenset[str]
    extras: tuple[Resource, ...]
    needs: frozenset[str]
    sort_by: str | None
    sort_exact: bool
    seen: AllSeen
    nothing: bool = False
    """no entry can match, so that none is asked for"""

    async def search(self, query: Query) -> Page:
        """Ask the target, unless it is known beforehand that nothing can match."""
        return Page((), 0) if self.nothing else await self.view.collection.search(query)

    @property
    def native(self) -> bool:
        """The target itself counts and cuts exactly."""
        return self.condition is None and not self.excluded and self.view.collection.capabilities.counting


async def prepare(view: View, search: Search, final: frozenset[str]) -> Source:
    """Work out one type's part.

    :param final: the target attributes that the answer is rendered from.
    :raises InvalidFilterException: the filter means nothing for this type.
    """
    index = view.mapping.attributes
    node = _both(search.filter, view.mapping.scope_filter)
    read = _paths(view, node, search.sort_by)
    seen = await view.ledger.all_seen(view.scope.target)
    condition = compile_condition(node, index) if node is not None else None
    needs = view.mapping.attributes_for(read) | view.mapping.guard_attributes
    special, extras = await _extras(view, read, _reads_ids(node, search), seen, final | needs, condition)
    pushed = await _pushed(view, rewritten(view, node, seen) if node is not None else None, seen)
    exact = pushed is None or pushed.residual is None
    found, excluded = _without(view, pushed.filter if pushed else None, seen[view.type].hidden | special)
    known = index.find(search.sort_by) if search.sort_by else None
    sortable = search.sort_by is not None and view.collection.capabilities.sorting
    return Source(
        view,
        found,
        None if exact else condition,
        excluded,
        extras,
        needs,
        view.mapping.sort_attribute(known.path) if sortable and known is not None else None,
        known is not None and known.facts.case_exact,
        seen,
        pushed is not None and pushed.nothing,
    )


def _both(first: FilterNode | None, second: FilterNode | None) -> FilterNode | None:
    if first is None or second is None:
        return first or second
    return first & second


def _paths(view: View, node: FilterNode | None, sort_by: str | None) -> frozenset[str]:
    """The canonical SCIM paths that filter and sort read."""
    index = view.mapping.attributes
    paths = {path for path, known in mentioned(node, index) if known is not None} if node is not None else set()
    if sort_by and (path := index.canonical(sort_by)):
        paths.add(path)
    if "schemas" in paths:
        paths |= set(view.mapping.extensions)  # an extension is among the schemas where it has a value
    return frozenset(paths)


def _reads_ids(node: FilterNode | None, search: Search) -> bool:
    """The filter or the sort looks into ids otherwise than by ``eq``, so that an alias must be looked at itself."""
    if search.sort_by is not None and search.sort_by.lower() == "id":
        return True
    return node is not None and any(
        _is_id(leaf) and getattr(leaf, "op", None) not in BY_VALUE for leaf in _leaves(node)
    )


def _is_id(leaf: FilterNode) -> bool:
    path = getattr(leaf, "attr_path", None)
    return path is not None and path.attr.lower() == "id" and isinstance(leaf, Comparison)


def _leaves(node: FilterNode) -> Iterator[FilterNode]:
    if isinstance(node, LogicalExpr):
        for term in node.terms:
            yield from _leaves(term)
    elif isinstance(node, Not):
        yield from _leaves(node.expr)
    else:
        yield node


async def _extras(
    view: View,
    read: frozenset[str],
    reads_ids: bool,
    seen: AllSeen,
    attributes: frozenset[str],
    condition: Condition | None,
) -> tuple[frozenset[str], tuple[Resource, ...]]:
    """What is decided in memory: anchors taken out of the target's answer, and the resources that match."""
    ours = seen[view.type]
    chosen = [one for one in ours.special if one.life == "absent" or _overlaps(one, read)]
    aside = {one.anchor for one in chosen if one.anchor is not None and one.life != "absent"}
    aside |= set(ours.ids) if reads_ids else set()
    aside |= await _holding(view, read, seen)
    known = await view.ledger.by_anchors(view.scope, aside) if aside else {}
    entries = await entries_by_id(view, sorted(aside - ours.hidden), attributes)
    found = [Found(entry, known.get(entry.id)) for entry in entries]
    found += [Found(None, one) for one in chosen if one.life == "absent"]
    resources = await render(view, found, attributes, seen) if found else []
    pairs = sorted(zip(resources, found, strict=True), key=lambda pair: str(pair[0]["id"]))
    if condition is None:
        return frozenset(aside), tuple(resource for resource, _ in pairs)
    matching = (one for one, each in pairs if condition(one, judged(each.entry, each.assertion)))
    return frozenset(aside), tuple(matching)


def _overlaps(assertion: Assertion, read: frozenset[str]) -> bool:
    return any(same(path, other) for path in touched(assertion) for other in read)


async def _holding(view: View, read: frozenset[str], seen: AllSeen) -> set[str]:
    """Anchors of those with a held membership, where the filter reads memberships."""
    held: set[str] = set()
    if seen[view.type].holds and any(same("members", path) for path in read):
        held |= {group for group, _ in await view.ledger.held(view.scope)}
    if any(same("groups", path) for path in read):
        for kind in view.groups():
            if seen[kind.type].holds:
                held |= {member for _, member in await view.ledger.held(kind.scope)}
    return {anchor for id in held if (anchor := seen[view.type].anchor_of(id)) is not None}


async def _pushed(view: View, node: FilterNode | None, seen: AllSeen) -> Pushed | None:
    """The filter, divided between the target and the gateway; ledger values are looked up in between."""
    if node is None:
        return None
    asked: list[tuple[str, str, Any]] = []

    def note(path: str, op: str, value: Any) -> Collection[str]:
        asked.append((path, op, value))
        return ()

    judge = _judge(view, seen)
    pushed = view.mapping.push(node, judge, note)
    if asked:
        answers = {_key(leaf): await _stored(view, *leaf) for leaf in asked}
        pushed = view.mapping.push(node, judge, lambda path, op, value: answers[_key((path, op, value))])
    return pushed


def _judge(view: View, seen: AllSeen) -> Callable[[Leaf], Verdict]:
    """What the target can decide. It knows everybody, also those whom no filter may tell of (rules 5, 25)."""
    judge = view.collection.judge
    wide = {
        name
        for name, reference in view.mapping.spec.references.items()
        for kind in (view.others[each] for each in reference.collections if each in view.others)
        if kind.mapping.scope_filter is not None
    }
    if any(kind.mapping.scope_filter is not None or seen[kind.type].hidden for kind in view.groups()):
        wide.add(GROUPS)
    if not wide:
        return judge

    def widely(leaf: Leaf) -> Verdict:
        verdict = judge(leaf)
        return Verdict.SUPERSET if verdict is Verdict.EXACT and leaf.attribute in wide else verdict

    return widely


def _key(leaf: tuple[str, str, Any]) -> str:
    return repr(leaf)


async def _stored(view: View, path: str, op: str, value: Any) -> frozenset[str]:
    known = view.mapping.attributes.find(path)
    exact = known is not None and known.facts.case_exact
    return await view.ledger.stored_ids(view.scope, path, str(op), value, case_exact=exact)


def _without(view: View, filter: Filter | None, anchors: frozenset[str]) -> tuple[Filter | None, frozenset[str]]:
    """Push a few exceptions down; return what is left to be left out above."""
    if not anchors:
        return filter, frozenset()
    leaf = AnyOf(ID, tuple(sorted(anchors)), case_exact=True)
    if len(anchors) > FEW or view.collection.judge(leaf) is not Verdict.EXACT:
        return filter, anchors
    return (NotIn(leaf) if filter is None else And((filter, NotIn(leaf)))), frozenset()


def scanned(source: Source, final: frozenset[str]) -> frozenset[str]:
    """The attributes to read while looking for matches; members and groups only if the filter asks for them."""
    return (final - AT_NAMES) | source.needs
