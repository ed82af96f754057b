"""``lifecycle.delete`` on an entry that its object has left (rule 24)."""

from connectors.entry import Entry
from connectors.errors import NotFound
from gateway.provisioning.ground import Ground
from gateway.provisioning.protocol import lifecycle
from gateway.provisioning.relations.leaving import leave_groups


async def retire(ground: Ground, old: Entry, id: str) -> bool:
    """Disable, move or delete the entry, take it out of its groups, and make the calls that follow: sessions of the old
    account end too.

    :param id: the SCIM id, which lives on in the new entry. :return: whether the old one is still there, to be hidden.
    :raises Unavailable: also where a ``must`` call could not be made.
    """
    remains = await _retired(ground, old)
    if remains:
        await leave_groups(ground, id, old.id)
    await lifecycle.call_after(ground, "delete", id, old)
    return remains


async def _retired(ground: Ground, old: Entry) -> bool:
    try:
        if ground.mapping.lifecycle.delete == "delete":
            await ground.collection.delete(old.id)
            return False
        changes = lifecycle.changes_of_event(ground, "delete", old)
        if changes:
            await ground.collection.update(old.id, changes)
    except NotFound:
        return False
    return True
