"""Entries become resources, a page at a time: whatever must be asked is asked once for the page."""

from collections.abc import Sequence
from dataclasses import dataclass

from connectors.entry import GROUPS, MEMBERS, Entry
from gateway.ledger.model import AllSeen, Assertion
from gateway.provisioning.model import Resource
from gateway.provisioning.reading import overlay, references
from gateway.provisioning.reading.view import View


@dataclass(frozen=True, slots=True)
class Found:
    """One object: the entry (None while absent) and who speaks for it in the ledger."""

    entry: Entry | None
    assertion: Assertion | None


async def owned(view: View, entries: Sequence[Entry]) -> list[Found]:
    """Entries with their assertions, by one look at the ledger."""
    known = await view.ledger.by_anchors(view.scope, [entry.id for entry in entries]) if entries else {}
    return [Found(entry, known.get(entry.id)) for entry in entries]


async def render(
    view: View, found: Sequence[Found], attributes: frozenset[str], seen: AllSeen | None = None
) -> list[Resource]:
    """The resources, in the order given.

    :param attributes: those of the target that were asked for; held memberships are shown where true ones are.
    :param seen: what the ledger said a moment ago; None = ask it.
    """
    if seen is None:
        seen = await view.ledger.all_seen(view.scope.target)
    bare = [_bare(view, each) for each in found]
    await references.turn(view, bare, seen)
    resources = [
        overlay.finished(view, resource, each.entry, each.assertion) for resource, each in zip(bare, found, strict=True)
    ]
    by_id = {resource["id"]: resource for resource in resources}
    if MEMBERS in attributes and seen[view.type].holds:
        await references.add_held_members(view, by_id)
    if GROUPS in attributes:
        await references.add_held_groups(view, [kind for kind in view.groups() if seen[kind.type].holds], by_id)
    return resources


def _bare(view: View, found: Found) -> Resource:
    if found.entry is not None:
        return overlay.overlaid(view.mapping, found.entry, found.assertion)
    if found.assertion is None:
        raise ValueError("neither an entry nor an assertion: there is nothing to show")
    return overlay.absent(found.assertion)
