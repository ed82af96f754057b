"""PUT and PATCH of an object that exists (RFC 7644 §3.5)."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from scim2_models import ConflictException, PreconditionFailedException

from connectors.errors import Conflict
from gateway.ledger.model import Goal
from gateway.provisioning import absence, lifecycle, members, preconditions
from gateway.provisioning.bringing import bring_to
from gateway.provisioning.documents import asserted_by_patch, asserted_by_put, named_by_put
from gateway.provisioning.ground import Ground, under_locks
from gateway.provisioning.lifecycle import Asked
from gateway.provisioning.model import Patch, Precondition, Resource
from gateway.provisioning.standing import Standing, load

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
            document=asserted_by_patch(there.last, wanted, patch.named),
            members=patch.members,
        )

    return ask


def nothing(there: Standing) -> Asked:
    """No request at all: only what is owed."""
    return Asked("finish", there.resource, frozenset(), dict(there.last))


async def update(ground: Ground, id: str, ask: Ask, when: Precondition) -> Standing:
    """Bring an object to what is asked of it, and return it as it then stands.

    The plan is made against one version of the entry; where the target's changed meanwhile, it is made again.
    """
    work = partial(_update, ground, id, ask, when)
    for _ in range(ROUNDS):
        try:
            return await under_locks(ground, frozenset({ground.key(id)}), work)
        except Conflict as conflict:
            if when.if_match is not None and when.if_match.strip() != "*":
                raise PreconditionFailedException(detail="the resource has changed since this version") from conflict
    raise ConflictException(detail=f"{ground.type} {id} keeps being changed by somebody else; try again")


async def _update(ground: Ground, id: str, ask: Ask, when: Precondition, held: frozenset[str]) -> Standing:
    there = await load(ground, id)
    preconditions.check(when, there.version)
    asked = take_over(ask(there), there.owed)
    if there.entry is None:
        return await absence.update(ground, there, asked, held)
    asked = lifecycle.keep_name(ground, asked, there.assertion)
    return await bring_to(ground, there, there.entry, asked, held)


def take_over(asked: Asked, owed: Goal) -> Asked:
    """Whoever writes next does what an outage left undone, unless the IdP has changed its mind (rule 16)."""
    if not owed.deactivate or "active" in asked.named:
        return asked
    return replace(
        asked,
        wanted={**asked.wanted, "active": False},
        named=asked.named | {"active"},
        document={**asked.document, "active": False},
    )
