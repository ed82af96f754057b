"""An object as it stands, read under its lock: the target's entry, the ledger's assertion, and what is still owed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from connectors.entry import Entry, Value
from connectors.errors import NotFound
from gateway.ledger.model import Assertion, Goal
from gateway.provisioning.ground import Ground
from gateway.provisioning.model import Resource
from gateway.provisioning.protocol import guard
from gateway.provisioning.reading.overlay import judged


@dataclass(frozen=True, slots=True)
class Standing:
    """One existing object.

    :param entry: None while it is absent (``deactivate = "delete"``), and where nobody needed to read it.
    :param resource: what a GET answers now, overlay included.
    :param owed: what an outage left undone (rule 16); whoever writes next takes it over.
    :param moved: members whom the write just done added or removed. :param fresh: it was just made, for someone new.
    :param newly_named: it has another externalId now.
    :param overtakes: the write in hand ends what was owed, instead of doing it.
    :param skipped: members that nobody has were named and left out: the answer must show it.
    :param reborn: it has an entry again, which is in none of its groups yet.
    :param renamed: a group by whose name others go has another one now.
    :param groups: as ``Loaded.groups``; ``in_groups``: the same, once it is known that the write left them alone.
    """

    id: str
    entry: Entry | None
    resource: Resource
    assertion: Assertion | None
    owed: Goal = field(default_factory=Goal)
    moved: frozenset[str] = frozenset()
    fresh: bool = False
    newly_named: bool = False
    overtakes: bool = False
    reborn: bool = False
    skipped: bool = False
    renamed: bool = False
    groups: tuple[Value, ...] | None = None
    in_groups: tuple[Value, ...] | None = None

    @property
    def anchor(self) -> str | None:
        if self.entry is not None:
            return self.entry.id
        return self.assertion.anchor if self.assertion else self.id

    @property
    def last(self) -> Mapping[str, Any]:
        """The last confirmed assertion; empty where there is none."""
        return self.assertion.document if self.assertion else {}

    @property
    def stored(self) -> Mapping[str, Any]:
        return self.assertion.stored if self.assertion else {}

    @property
    def version(self) -> str | None:
        meta: Mapping[str, Any] = self.resource.get("meta", {})
        return meta.get("version")

    @property
    def absent(self) -> bool:
        return self.assertion is not None and self.assertion.life == "absent"


async def load(ground: Ground, id: str, *, groups: bool = False) -> Standing:
    """Read one object for writing.

    :param groups: read its groups along.
    :raises NotFoundException: it is not there, was deleted, or lies outside ``scope``.
    :raises ForbiddenException: it is protected, or another connection owns it.
    """
    loaded = await ground.reader.load(ground.type, id, groups=groups)
    assertion = own(ground, loaded.assertion)
    asked = judged(loaded.entry, loaded.assertion)
    await guard.admit(ground, id, loaded.resource, asked, owned=assertion is not None)
    pending = await owed(ground, id, assertion)
    return Standing(id, loaded.entry, loaded.resource, assertion, pending, groups=loaded.groups)


def recreates(ground: Ground) -> bool:
    """Whether objects of this type may get a second entry in their life (rule 24): one that nobody confirmed, even."""
    return any(row.immutable == "recreate" for row in ground.mapping.section.rows)


def own(ground: Ground, assertion: Assertion | None) -> Assertion | None:
    """The assertion, if this connection made it."""
    return assertion if assertion is not None and assertion.connection == ground.scope.connection else None


async def owed(ground: Ground, id: str, assertion: Assertion | None) -> Goal:
    """What is pending for an object itself."""
    if assertion is not None and assertion.work == "settled":
        return Goal()
    goal = Goal()
    for left in await ground.ledger.pending(ground.scope, id):
        goal |= left.goal
    return replace(goal, roles=frozenset())


async def gone(ground: Ground, anchor: str | None) -> bool:
    """Whether an entry that was to be removed is not there: the lost answer was a yes."""
    if anchor is None:
        return True
    try:
        await ground.collection.read(anchor, frozenset())
    except NotFound:
        return True
    return False
