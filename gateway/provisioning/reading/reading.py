"""Reading: resources as they stand in the target, under the ids and the overlay that the ledger keeps (rules 1 to 6).

A ``Reader`` raises ``NotFoundException`` and the like itself; what a backend or the ledger cannot do leaves it as
``ConnectorError`` and ``LedgerUnavailable``, for its callers to translate.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from scim2_models import NotFoundException

from connectors.contract import Collection
from connectors.entry import GROUPS, Entry, Value
from connectors.errors import NotFound, Unavailable
from gateway.ledger import Ledger, Scope
from gateway.ledger.model import Assertion, Seen
from gateway.mapping.compiled import Mapping as CompiledMapping
from gateway.provisioning.model import (
    EVERYTHING,
    Clock,
    ConnectionSettings,
    Listing,
    Resource,
    Search,
    Wanted,
    utc_now,
)
from gateway.provisioning.reading.listing import search as list_resources
from gateway.provisioning.reading.overlay import judged
from gateway.provisioning.reading.rendering import Found, render
from gateway.provisioning.reading.view import AT_NAMES, View


@dataclass(frozen=True, slots=True)
class Loaded:
    """One object as a writer needs it.

    :param entry: every mapped attribute, without members and groups; None while the object is ``absent``.
    :param assertion: who speaks for it, of whichever connection (rule 13); None where nobody manages it.
    :param resource: what a GET answers, without members and groups.
    :param groups: the values of ``@groups``, where they were asked for and nothing waits to be added to them.
    """

    entry: Entry | None
    assertion: Assertion | None
    resource: Resource
    groups: tuple[Value, ...] | None = None


class Reader:
    """Reads for one connection."""

    def __init__(
        self,
        settings: ConnectionSettings,
        mapping: CompiledMapping,
        collections: Mapping[str, Collection],
        ledger: Ledger,
        clock: Clock = utc_now,
    ) -> None:
        self.settings = settings
        self._ledger = ledger
        self._clock = clock
        self.views: dict[str, View] = {}
        for name, resource in mapping.resources.items():
            scope = Scope(settings.name, settings.target, name)
            self.views[name] = View(scope, resource, collections[name], ledger, self.views)

    async def read(self, type: str, id: str, wanted: Wanted = EVERYTHING) -> Resource:
        """One resource.

        :raises NotFoundException: it is not there, was deleted, or lies outside ``scope``; only when the target was
            seen readable (rule 2).
        """
        view = self.views[type]
        attributes = view.attributes(wanted)
        seen = await self._ledger.all_seen(view.scope.target)
        found = await self._find(view, id, attributes, seen[type])
        (resource,) = await render(view, [found], attributes, seen)
        self._in_scope(view, id, resource, judged(found.entry, found.assertion))
        return resource

    async def load(self, type: str, id: str, *, groups: bool = False) -> Loaded:
        """One object for writing, read whole but for members and groups, under the caller's lock.

        :param groups: its groups will be shown, and can be read along.
        :raises NotFoundException: as ``read``.
        """
        view = self.views[type]
        attributes = (view.mapping.spec.attributes | view.mapping.guard_attributes) - AT_NAMES
        seen = await self._ledger.all_seen(view.scope.target)
        found = await self._find(view, id, attributes | {GROUPS} if groups else attributes, seen[type])
        along: tuple[Value, ...] | None = None
        if groups and found.entry is not None:
            rest = dict(found.entry.attributes)
            along = rest.pop(GROUPS, ())
            found = Found(replace(found.entry, attributes=rest), found.assertion)
        (resource,) = await render(view, [found], attributes, seen)
        self._in_scope(view, id, resource, judged(found.entry, found.assertion))
        waiting = any(seen[kind.type].holds for kind in view.groups())
        return Loaded(found.entry, found.assertion, resource, None if waiting else along)

    def shows_groups(self, type: str, wanted: Wanted | None) -> bool:
        """Whether an answer needs the groups that one of this type is in."""
        return wanted is not None and GROUPS in self.views[type].attributes(wanted)

    async def render(
        self,
        type: str,
        entry: Entry | None,
        assertion: Assertion | None,
        wanted: Wanted = EVERYTHING,
        *,
        fresh: bool = False,
        groups: tuple[Value, ...] | None = None,
    ) -> Resource:
        """The resource of an entry that a write returned; members and groups, where wanted, are read.

        :param fresh: the entry was just created, so that it is in no group yet. :param groups: as ``Loaded.groups``.
        """
        view = self.views[type]
        attributes = view.attributes(wanted)
        missing = attributes & AT_NAMES
        if entry is not None and GROUPS in missing and groups is not None:
            missing -= {GROUPS}
            entry = replace(entry, attributes={**entry.attributes, GROUPS: groups}) if groups else entry
        if entry is not None and missing and not (fresh and not view.is_group):
            more = await view.collection.read(entry.id, missing)
            entry = replace(entry, attributes={**entry.attributes, **more.attributes})
        (resource,) = await render(view, [Found(entry, assertion)], attributes)
        return resource

    async def search(self, search: Search) -> Listing:
        """A list, exact in its total, of one or several types.

        :raises InvalidFilterException: no searched type knows the filter.
        :raises TooManyException: a residual filter over more than ``max_scan`` candidates (rule 3).
        :raises ExpiredCursorException: the target no longer knows the position.
        """
        return await list_resources([self.views[name] for name in search.types], search, self.settings.max_scan)

    async def _find(self, view: View, id: str, attributes: frozenset[str], seen: Seen) -> Found:
        assertion = await self._ledger.get(view.scope, id)
        if assertion is not None and assertion.life == "absent":
            return Found(None, assertion)
        anchor = _anchor(seen, id, assertion)
        if anchor is None:
            raise _gone(view, id)
        try:
            return Found(await view.collection.read(anchor, attributes), assertion)
        except NotFound as error:
            if assertion is not None and self._unsettled(assertion):
                raise Unavailable(f"{view.type} {id} was there a moment ago, and is not now") from error
            raise _gone(view, id) from error

    def _unsettled(self, assertion: Assertion) -> bool:
        """Confirmed so recently that a server just switched to may not have it yet (rule 2)."""
        age = timedelta(seconds=self.settings.settle)
        return assertion.confirmed is not None and self._clock() - assertion.confirmed < age

    @staticmethod
    def _in_scope(view: View, id: str, resource: Resource, entry: Entry | None) -> None:
        if not view.mapping.in_scope(resource, entry):
            raise _gone(view, id)


def _anchor(seen: Seen, id: str, assertion: Assertion | None) -> str | None:
    """Where the object lives, or None where the id is not to be known."""
    if assertion is not None:
        return None if assertion.life == "deleted" else assertion.anchor
    anchor = seen.anchor_of(id)
    return None if anchor is None or anchor in seen.hidden else anchor


def _gone(view: View, id: str) -> NotFoundException:
    return NotFoundException(detail=f"{view.type} {id} not found")
