"""PUT and PATCH of an object that exists (RFC 7644 §3.5)."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from scim2_models import ConflictException, PreconditionFailedException, SCIMException

from connectors.errors import Conflict
from gateway.ledger.model import Goal
from gateway.provisioning.documents import (
    asserted_by_patch,
    asserted_by_put,
    leaves,
    named_by_put,
    speaks_of,
    value_at,
    with_value,
)
from gateway.provisioning.ground import Ground, under_locks
from gateway.provisioning.members import members
from gateway.provisioning.model import Patch, Precondition, Resource
from gateway.provisioning.operations import absence, vanishing
from gateway.provisioning.operations.bringing import bring_to
from gateway.provisioning.protocol import lifecycle, preconditions
from gateway.provisioning.protocol.lifecycle import Asked
from gateway.provisioning.protocol.standing import Standing, load, recreates
from gateway.provisioning.recovery import recovery, settling

ROUNDS = 3
SERVERS = frozenset({"schemas", "id", "meta", "groups", "members"})
"""what the body of a PUT may hold and does not decide"""
Ask = Callable[[Standing], Asked]


def put(resource: Resource) -> Ask:
    """A PUT names what it holds, and what was asserted before and is now left out (rule 8)."""

    def ask(there: Standing) -> Asked:
        wanted = {name: value for name, value in resource.items() if name not in SERVERS}
        return Asked(
            operation="replace",
            wanted=wanted,
            named=named_by_put(wanted, there.last),
            document=asserted_by_put(wanted, there.last),
            members=members.replaced_by(resource),
        )

    return ask


def patched(patch: Patch) -> Ask:
    """A PATCH names what its operations name."""

    def ask(there: Standing) -> Asked:
        wanted = there.resource if patch.apply is None else patch.apply(there.resource)
        return Asked(
            operation="patch",
            wanted=wanted,
            named=patch.named,
            document=asserted_by_patch(there.last, _claimed(patch, there, wanted), patch.named),
            members=patch.members,
        )

    return ask


def _claimed(patch: Patch, there: Standing, wanted: Resource) -> Resource:
    """The wanted resource with no more in its lists than this connection asserts: the operations say which values they
    mean when they are played on the last assertion alone."""
    lists = [path for path, value in leaves(wanted) if isinstance(value, list) and speaks_of(patch.named, path)]
    if not lists or patch.apply is None:
        return wanted
    try:
        mine = patch.apply({"schemas": wanted.get("schemas", []), "id": there.id, **there.last})
    except SCIMException:
        return wanted  # operations that need what somebody else wrote assert what they leave
    for path in lists:
        wanted = with_value(wanted, path, value_at(mine, path))
    return wanted


def nothing(there: Standing) -> Asked:
    """No request at all: only what is owed."""
    return Asked("finish", there.resource, frozenset(), dict(there.last))


async def update(ground: Ground, id: str, ask: Ask, when: Precondition, *, groups: bool = False) -> Standing:
    """Bring an object to what is asked of it, and return it as it then stands.

    The plan is made against one version of the entry; where the target's changed meanwhile, it is made again.

    :param groups: the answer will show its groups.
    """
    work = partial(_update, ground, id, ask, when, groups)
    for _ in range(ROUNDS):
        try:
            return await under_locks(ground, frozenset({ground.key(id)}), work)
        except Conflict as conflict:
            if when.if_match is not None and when.if_match.strip() != "*":
                raise PreconditionFailedException(detail="the resource has changed since this version") from conflict
    raise ConflictException(detail=f"{ground.type} {id} keeps being changed by somebody else; try again")


async def _update(
    ground: Ground, id: str, ask: Ask, when: Precondition, groups: bool, held: frozenset[str]
) -> Standing:
    await recovery.settle_before(ground, id)
    if ground.mapping.lifecycle.deactivate == "delete":
        await vanishing.settle(ground, id)
    if recreates(ground):  # first: the old entry may be gone already
        await settling.settle_object(ground, id, held)
    there = await load(ground, id, groups=groups)
    if there.absent and await settling.settle_object(ground, id, held):
        there = await load(ground, id, groups=groups)
    preconditions.check(when, there.version)
    asked, there = take_over(ask(there), there)
    if there.entry is None:
        return await absence.update(ground, there, asked, held)
    asked = lifecycle.keep_name(ground, asked, there.assertion)
    return await bring_to(ground, there, there.entry, asked, held)


def take_over(asked: Asked, there: Standing) -> tuple[Asked, Standing]:
    """Whoever writes next does what an outage left undone (rule 16), unless the IdP has changed its mind since: an
    explicit ``active = true`` ends a deactivation and a deletion that were never answered."""
    owed = there.owed
    if not (owed.deactivate or owed.delete):
        return asked, there
    if "active" in asked.named and asked.wanted.get("active") is True:
        return asked, _changed_mind(there)
    if not owed.deactivate or "active" in asked.named:
        return asked, there
    off = replace(
        asked,
        wanted={**asked.wanted, "active": False},
        named=asked.named | {"active"},
        document={**asked.document, "active": False},
    )
    return off, there


def _changed_mind(there: Standing) -> Standing:
    """What is off now may be our own doing, though nobody confirmed it: then ``active = true`` switches on (rule 9)."""
    assertion = there.assertion
    if assertion is not None:
        assertion = replace(assertion, document={**assertion.document, "active": False})
    owed = Goal(remove_members=there.owed.remove_members)
    return replace(there, owed=owed, assertion=assertion, overtakes=True)
