"""A request that finds the target away before anything could be planned: what it would take away is parked (rule 16).

Nothing can be read then, so the goal is told from the request and the ledger alone; scope, protection and everything
else is asked when the worker carries it out.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from scim2_models import SCIMException

from connectors.errors import Unavailable
from gateway.ledger.model import Assertion, Goal, Pending
from gateway.provisioning.ground import Ground, actor, trail
from gateway.provisioning.members import members
from gateway.provisioning.model import ANY, MemberChange, Patch, Precondition, Resource
from gateway.provisioning.protocol.protocol import FIRST_PAUSE, note
from gateway.provisioning.protocol.standing import own

Meant = Callable[[Assertion | None], Awaitable[Goal]]


@asynccontextmanager
async def parking(ground: Ground, id: str, operation: str, when: Precondition, meant: Meant) -> AsyncIterator[None]:
    """Park what ``meant`` says, where the request ends in an outage before its intent was recorded."""
    try:
        yield
    except Unavailable as failure:
        if not trail.get().recorded and when == ANY:
            await _park(ground, id, operation, meant, failure.detail)
        raise


async def _park(ground: Ground, id: str, operation: str, meant: Meant, reason: str) -> None:
    known = await ground.ledger.get(ground.scope, id)
    mine = own(ground, known)
    if known is not None and (mine is None or mine.life == "deleted"):
        return
    goal = await meant(mine)
    if not goal:
        return
    who = actor.get()
    await ground.ledger.park(
        Pending(
            scope=ground.scope,
            id=id,
            anchor=mine.anchor if mine else id,
            goal=goal,
            next_due=ground.clock() + FIRST_PAUSE,
            reason=reason,
            actor=who.name,
            request_id=who.request_id,
        )
    )
    await note(ground, operation, "pending", id, reason)


async def of_delete(_: Assertion | None) -> Goal:
    """A DELETE."""
    return Goal(delete=True)


def of_put(ground: Ground, resource: Resource) -> Meant:
    """A PUT: ``active = false``, and members whom it leaves out."""

    async def meant(mine: Assertion | None) -> Goal:
        off = resource.get("active") is False
        return Goal(deactivate=off, remove_members=await _leavers(ground, mine, members.replaced_by(resource)))

    return meant


def of_patch(ground: Ground, patch: Patch) -> Meant:
    """A PATCH: what its operations would make of ``active`` in the last assertion, and members whom it removes."""

    async def meant(mine: Assertion | None) -> Goal:
        off = "active" in patch.named and _switches_off(patch, mine)
        return Goal(deactivate=off, remove_members=await _leavers(ground, mine, patch.members))

    return meant


def _switches_off(patch: Patch, mine: Assertion | None) -> bool:
    last = {"schemas": [], "id": mine.id if mine else "", **(mine.document if mine else {}), "active": True}
    try:
        return patch.apply is not None and patch.apply(last).get("active") is False
    except SCIMException:
        return False  # an operation that this resource would refuse; the repeated request will be told


async def _leavers(ground: Ground, mine: Assertion | None, asked: Sequence[MemberChange]) -> frozenset[str]:
    if not asked:
        return frozenset()
    asserted = await ground.ledger.asserted_members(ground.scope, mine.id) if mine else frozenset()
    add, remove, start = members.folded(ground, [one for one in asked if one.filter is None], {})
    return remove if start is None else remove | (asserted - start - add)
