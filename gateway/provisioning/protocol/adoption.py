"""POST meets something that is there already: whom it means, and whether it may have it (rules 22 and 23)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, NoReturn

from scim2_models import ForbiddenException, NotFoundException, UniquenessException

from connectors.contract import Query
from connectors.entry import PARENT, Entry
from connectors.filters import Filter, Or
from gateway.ledger.model import Assertion
from gateway.mapping.compiled import Plan
from gateway.provisioning.ground import Ground
from gateway.provisioning.protocol.standing import gone
from gateway.provisioning.protocol.uniqueness import Claimed, values_of

Claim = Literal["adopt", "restore", "finish"]


@dataclass(frozen=True, slots=True)
class Match:
    """What a POST means.

    :param keys: its normalised match values, for locks and intents. :param filter: the entries that have one of them.
    """

    keys: tuple[str, ...]
    filter: Filter | None

    def covers(self, claim: Claimed) -> bool:
        """Whether looking for candidates has also looked for whoever has this unique value."""
        values = set(map(_key, values_of(claim.filter)))
        return bool(values) and values <= set(self.keys)


def _key(named: tuple[str, str]) -> str:
    attribute, value = named
    return f"{attribute}={value.casefold()}"


def match(ground: Ground, resource: Mapping[str, Any]) -> Match:
    """The ``match`` rules that have a value in this resource."""
    rules = ground.mapping.match_filters(dict(resource))
    filters = tuple(filter for _, filter in rules)
    keys = tuple(sorted({_key(named) for filter in filters for named in values_of(filter)}))
    return Match(keys, (filters[0] if len(filters) == 1 else Or(filters)) if filters else None)


async def candidates(ground: Ground, meant: Match) -> tuple[Entry, ...]:
    """Entries of the target that a POST could mean; three are enough to know that it is ambiguous."""
    if meant.filter is None:
        return ()
    needed = ground.mapping.spec.attributes | ground.mapping.guard_attributes
    query = Query(filter=meant.filter, attributes=needed, limit=3, count=False)
    return (await ground.collection.search(query)).entries


async def former(ground: Ground, resource: Mapping[str, Any]) -> Assertion | None:
    """The deleted or absent object of this connection whose externalId the POST bears: the same person (rule 22). So is
    one whose entry somebody else took away in the target: its id is all the IdP knows, and would never be good again.

    :raises UniquenessException: a live one bears it, and ``match`` says that this means the same.
    :raises Unavailable: a live one is missing that was there a moment ago (rule 2).
    """
    external = resource.get("externalId")
    if not isinstance(external, str) or not external:
        return None
    rows = await ground.ledger.by_external(ground.scope, external)
    live = [row for row in rows if row.life == "live" and not row.overlay.keys() & {"userName", "@unanswered"}]
    lost = [row for row in live if await _lost(ground, row)]
    if len(live) > len(lost) and "externalId" in ground.mapping.section.match:
        taken(f"a {ground.type} with this externalId is managed by this connection already")
    former = [row for row in rows if row.life != "live" and not is_released(row)] + lost
    return max(former, key=lambda row: (row.life != "deleted", str(row.modified)), default=None)


async def _lost(ground: Ground, row: Assertion) -> bool:
    """Whether a live object has no entry any more, although nobody asked this connection to remove it."""
    try:
        await ground.reader.load(ground.type, row.id)
    except NotFoundException:
        return await gone(ground, row.anchor)  # it may merely lie outside the scope
    return False


def is_released(row: Assertion) -> bool:
    """A group that was adopted, and given back by DELETE (rule 23)."""
    return row.life == "deleted" and row.origin == "adopted" and row.resource_type == "Group"


def claim(ground: Ground, entry: Entry, owner: Assertion | None, external: Any) -> Claim:
    """Whether a POST may have the one entry that it means, and in which sense.

    :raises UniquenessException: 409. :raises ForbiddenException: the entry is protected.
    """
    if owner is not None and not is_released(owner):
        return _of_owned(ground, owner, external)
    resource = ground.mapping.read(entry, {})
    if ground.mapping.protected(resource, entry):
        raise ForbiddenException(
            detail=f"there is a protected {ground.type} of this name; nothing writes to it from here"
        )
    if ground.mapping.section.adopt == "never":
        taken(f"there is a {ground.type} of this name that nobody manages, and the mapping adopts none")
    if not ground.mapping.in_scope(resource, entry):
        taken(f"there is a {ground.type} of this name outside the scope of this connection")
    return "adopt"


def _of_owned(ground: Ground, owner: Assertion, external: Any) -> Claim:
    mine = owner.connection == ground.scope.connection
    if mine and owner.life == "live" and "@unanswered" in owner.overlay:
        return "finish"
    same = mine and external is not None and owner.external_id == external
    if owner.life == "live" and "userName" not in owner.overlay:
        whose = "this connection" if mine else f"the connection '{owner.connection}'"
        same_in = " or ".join(ground.mapping.section.match)
        taken(f"there is such a {ground.type} already (the same {same_in}), managed by {whose}")
    if not same:
        taken("userName belongs to a deleted account; purge or rename it")
    return "restore"


def taken(detail: str) -> NoReturn:
    """:raises UniquenessException: always."""
    raise UniquenessException(detail=detail)


def trimmed(ground: Ground, plan: Plan) -> Plan:
    """What adoption leaves of a plan: it never moves or renames, applies no ``set``, and sets no password (rule 23)."""
    rows = ground.mapping.section.rows
    names = {row.attr for row in rows if row.path in ground.mapping.unique}
    given = {row.attr for row in rows if row.direction == "set"} - {row.attr for row in rows if row.direction == "map"}
    untouched = names | given | ground.mapping.spec.secrets | {PARENT, ground.mapping.section.options.get("rdn")}
    changes = tuple(change for change in plan.changes if change.attribute not in untouched)
    return replace(plan, changes=changes, trace=tuple(line for line in plan.trace if line[1] not in untouched))
