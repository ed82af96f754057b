"""Members of a group, always as deltas (rules 17 and 18).

A PATCH that adds or removes named members never reads the group. A replace reads who is there, adds who is missing and
removes whom this connection asserted and no longer does (``others = "remove"``: also the rest).
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from scim2_models import InvalidValueException

from connectors.entry import MEMBERS, Change, Entry, Kind, Ref
from gateway.ledger.model import Assertion
from gateway.mapping.compiled import compile_condition
from gateway.mapping.model import Members, Step
from gateway.provisioning.ground import Ground
from gateway.provisioning.model import MemberChange, Resource, Wanted
from gateway.provisioning.reading.references import each_by_id

Ids = frozenset[str]
ONLY_MEMBERS = Wanted(attributes=frozenset({"members"}))


@dataclass(frozen=True, slots=True)
class Delta:
    """What a request changes about a group's members, in SCIM ids.

    :param add, remove: what must become true in the target. :param claim: asserted by this connection from now on.
    :param disclaim: no longer asserted. :param held: claimed, to be added once they are active.
    :param anchors: SCIM id → the target's id, where they differ. :param skipped: named by the request, known to nobody.
    :param shown: who was seen in the group, where somebody looked.
    """

    add: Ids = frozenset()
    remove: Ids = frozenset()
    claim: Ids = frozenset()
    disclaim: Ids = frozenset()
    held: Ids = frozenset()
    anchors: Mapping[str, str] = field(default_factory=dict)
    skipped: Ids = frozenset()
    shown: Ids | None = None

    def __bool__(self) -> bool:
        return bool(self.add or self.remove or self.claim or self.disclaim)

    @property
    def joining(self) -> Ids:
        """Who becomes a member, at once or later."""
        return self.add | self.claim

    def changes(self) -> tuple[Change, ...]:
        """The target's part in one go; removals first."""
        return tuple(
            Change(kind, MEMBERS, tuple(self._ref(id) for id in sorted(ids)))
            for kind, ids in ((Kind.REMOVE, self.remove), (Kind.ADD, self.add))
            if ids
        )

    def chunks(self, size: int) -> Iterator[tuple[Change, ...]]:
        """The same in portions that a backend takes; removals first, because they are never left undone."""
        for change in self.changes():
            for start in range(0, len(change.values), size):
                yield (Change(change.kind, MEMBERS, change.values[start : start + size]),)

    def without(self, unknown: Ids) -> "Delta":
        """The same for those who exist."""
        return replace(
            self,
            add=self.add - unknown,
            remove=self.remove - unknown,
            claim=self.claim - unknown,
            held=self.held - unknown,
            skipped=self.skipped | (unknown & self.claim),
        )

    def ids_of(self, anchors: Iterable[str]) -> Ids:
        """The SCIM ids behind ids of the target."""
        back = {anchor: id for id, anchor in self.anchors.items()}
        return frozenset(back.get(anchor, anchor) for anchor in anchors)

    def _ref(self, id: str) -> Ref:
        return Ref(self.anchors.get(id, id))


def policy(ground: Ground) -> Members:
    """``[group.members]``. :raises InvalidValueException: the mapping has no such table."""
    if ground.mapping.members is None:
        raise InvalidValueException(detail=f"{ground.type} has no members in this mapping")
    return ground.mapping.members


def replaced_by(resource: Mapping[str, object]) -> tuple[MemberChange, ...]:
    """What a PUT or POST says of members: null or absent is no change, ``[]`` is an empty replace (rule 8)."""
    members = resource.get("members")
    if not isinstance(members, list):
        return ()
    return (MemberChange("replace", tuple(str(member["value"]) for member in members)),)


async def plan(ground: Ground, id: str, asked: Sequence[MemberChange], owed: Ids) -> Delta:
    """Plan the member operations of one request, in their order.

    :param id: the group's SCIM id. :param owed: members that an earlier request removed and an outage kept in.
    :raises InvalidValueException: a member is known to nobody and ``unknown = "refuse"``.
    """
    if not asked and not owed:
        return Delta()
    reads = any(change.op == "replace" or change.ids is None for change in asked)
    shown = await _shown(ground, id) if reads else {}
    asserted = await ground.ledger.asserted_members(ground.scope, id) if reads else frozenset()
    doubtful = await ground.ledger.doubtful_members(ground.scope, id) if asserted else frozenset()
    add, remove, start = folded(ground, asked, shown)
    delta = _against(ground, add, remove | (owed - add - (start or frozenset())), start, frozenset(shown), asserted)
    delta = replace(delta, claim=delta.claim | (doubtful & ((start or frozenset()) | add) - remove))
    return await _within_scope(ground, id, await settled(ground, delta))


def some(ids: Ids) -> str:
    """Name ids, the first ten of them, each as far as it can be read."""
    named = ", ".join(id if len(id) <= 100 else f"{id[:100]}…" for id in sorted(ids)[:10])
    return named if len(ids) <= 10 else f"{named} and {len(ids) - 10} more"


def of_creation(resource: Mapping[str, object]) -> Delta:
    """The members that a new group starts with."""
    ids = frozenset(id for change in replaced_by(resource) for id in change.ids or ())
    return Delta(add=ids, claim=ids)


async def settled(ground: Ground, delta: Delta) -> Delta:
    """Resolve aliases, hold those who are not active yet, and refuse or skip who does not exist."""
    delta = await _with_anchors(ground, delta)
    rules = policy(ground)
    large = len(delta.add) + len(delta.remove) > rules.chunk
    if rules.when_inactive == "hold" or large or _scoped(ground):
        delta = await _looked_up(ground, delta)
    return delta


def refuse_or_skip(ground: Ground, delta: Delta, unknown: Ids) -> Delta:
    """:raises InvalidValueException: 400 naming them all, under ``unknown = "refuse"``; removing them is no error."""
    named = unknown & delta.claim
    if named and policy(ground).unknown == "refuse":
        raise InvalidValueException(detail=f"members: nobody here has the id {some(named)}")
    return delta.without(unknown)


async def _shown(ground: Ground, id: str) -> Mapping[str, Resource]:
    resource = await ground.reader.read(ground.type, id, ONLY_MEMBERS)
    return {member["value"]: member for member in resource.get("members", ())}


def folded(ground: Ground, asked: Sequence[MemberChange], shown: Mapping[str, Resource]) -> tuple[Ids, Ids, Ids | None]:
    """Play the operations one after the other: who is added, who is removed, and from which replace it starts."""
    add, remove, start = set[str](), set[str](), None
    for change in asked:
        ids = _meant(ground, change, shown)
        if change.op == "replace" or (change.op == "remove" and ids is None):
            start, add, remove = frozenset(ids or ()), set(), set()
        elif change.op == "add":
            add, remove = add | (ids or set()), remove - (ids or set())
        else:
            add, remove = add - (ids or set()), remove | (ids or set())
    return frozenset(add), frozenset(remove), start


def _meant(ground: Ground, change: MemberChange, shown: Mapping[str, Resource]) -> set[str] | None:
    if change.filter is None:
        return None if change.ids is None else set(change.ids)
    test = compile_condition(change.filter, ground.mapping.attributes, raw=True)
    return {id for id, member in shown.items() if test(member)}


def _against(ground: Ground, add: Ids, remove: Ids, start: Ids | None, shown: Ids, asserted: Ids) -> Delta:
    if start is None:
        return Delta(add=add, remove=remove, claim=add, disclaim=remove)
    wanted = (start | add) - remove
    mine = asserted | shown if policy(ground).others == "remove" else asserted
    leaving = ((mine - wanted) & shown) | remove
    if _scoped(ground):
        leaving |= asserted - wanted  # who has left the scope is not shown any more, and leaves all the same
    disclaim = (asserted - wanted) | remove
    return Delta(add=wanted - shown, remove=leaving, claim=wanted - asserted, disclaim=disclaim, shown=shown)


async def _within_scope(ground: Ground, id: str, delta: Delta) -> Delta:
    """Who is outside the scope is nobody, so a removal that names them removes nothing; but what this connection
    added it takes away wherever they have gone since (rules 17 and 25)."""
    if not _scoped(ground) or not delta.remove:
        return delta
    named = delta.remove - await ground.ledger.asserted_among(ground.scope, id, delta.remove)
    anchors = {delta.anchors.get(one, one): one for one in named}
    inside, outside = set[str](), set[str]()
    for kind in kinds(ground) if named else ():
        async for entry in _entries(kind, sorted(anchors), policy(ground).chunk):
            met = inside if kind.mapping.in_scope(kind.mapping.read(entry, {}), entry) else outside
            met.add(anchors[entry.id])
    nobody = frozenset(outside - inside)
    return replace(delta, remove=delta.remove - nobody, disclaim=delta.disclaim - nobody)


async def _with_anchors(ground: Ground, delta: Delta) -> Delta:
    """Members live in the collections of ``ref``; an id that the ledger knows otherwise than the target is turned."""
    anchors: dict[str, str] = {}
    gone: set[str] = set()
    absent: set[str] = set()
    strangers = delta.add
    for kind in kinds(ground):
        for id, assertion in (await kind.ledger.by_ids(kind.scope, sorted(delta.add | delta.remove))).items():
            anchor = anchor_of(kind, assertion)
            if assertion.life == "deleted":
                gone.add(id)
            elif anchor is None:
                absent.add(id)
            elif anchor != id:
                anchors[id] = anchor
            strangers -= {id}
    gone |= await _unseen(ground, strangers)
    held = delta.add & absent
    delta = replace(delta, add=delta.add - absent, remove=delta.remove - absent, held=held, anchors=anchors)
    return refuse_or_skip(ground, delta, frozenset(gone) & delta.add) if gone else delta


async def _unseen(ground: Ground, strangers: Ids) -> Ids:
    """Of ids that the ledger never issued those that are no ids either: the anchors of somebody known by another, and
    of entries that are not to be seen (rule 21)."""
    unseen = strangers
    for kind in kinds(ground) if strangers else ():
        seen = await kind.ledger.seen(kind.scope)
        unseen = frozenset(id for id in unseen if id in seen.hidden or seen.anchor_of(id) is None)
    return unseen


def anchor_of(kind: Ground, assertion: Assertion) -> str | None:
    """Where a member stands; None while there is no entry, or it may be gone by a deactivation not confirmed yet."""
    vanishing = assertion.work == "pending" and kind.mapping.lifecycle.deactivate == "delete"
    return None if vanishing else assertion.anchor


async def _looked_up(ground: Ground, delta: Delta) -> Delta:
    """Look at everyone who is to be added: who is not there, and who has to wait."""
    ids = {delta.anchors.get(id, id): id for id in delta.add}
    waiting, found = set[str](), set[str]()
    for kind in kinds(ground):
        async for entry in _entries(kind, sorted(ids), policy(ground).chunk):
            resource = kind.mapping.read(entry, {})
            if kind.mapping.in_scope(resource, entry):
                found.add(ids[entry.id])
                if policy(ground).when_inactive == "hold" and not joined(kind, resource, entry):
                    waiting.add(ids[entry.id])
    delta = refuse_or_skip(ground, delta, frozenset(ids.values()) - found)
    held = delta.held | waiting
    return replace(delta, add=delta.add - held, held=held)


def _entries(kind: Ground, anchors: Sequence[str], size: int) -> AsyncIterator[Entry]:
    needed = kind.mapping.attributes_for(frozenset({"active"})) | kind.mapping.guard_attributes
    return each_by_id(kind.collection, anchors, needed, size)


def joined(kind: Ground, resource: Resource, entry: Entry) -> bool:
    """Whether a user has arrived: active, and not merely in a state that SCIM also calls active (``invited``)."""
    if resource.get("active", True) is False:
        return False
    for row in kind.mapping.section.rows:
        if row.path == "active" and row.attr is not None:
            first = _first_true_state(row.via)
            return first is None or entry.attributes.get(row.attr, (first,))[0] == first
    return True


def kinds(ground: Ground) -> Iterator[Ground]:
    """The types whose objects may be members."""
    if ground.mapping.members is None:
        return iter(())
    return (ground.others[name] for name in policy(ground).ref if name in ground.others)


def _scoped(ground: Ground) -> bool:
    return any(kind.mapping.scope_filter is not None for kind in kinds(ground))


def _first_true_state(via: Sequence[Step]) -> object:
    for step in via:
        if step.name == "states" and isinstance(step.argument, Mapping):
            return next(iter(step.argument.get("true", ())), None)
    return None
