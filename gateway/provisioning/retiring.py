"""``lifecycle.delete`` on an entry that its object has left (rule 24)."""

from contextlib import suppress

from connectors.entry import Entry
from connectors.errors import NotFound
from gateway.provisioning import lifecycle
from gateway.provisioning.ground import Ground


async def retire(ground: Ground, old: Entry, id: str) -> bool:
    """Disable, move or delete the entry, and make the calls that follow: sessions of the old account end too.

    :param id: the SCIM id, which lives on in the new entry. :return: whether the old one is still there, to be hidden.
    :raises Unavailable: also where a ``must`` call could not be made.
    """
    remains = ground.mapping.lifecycle.delete != "delete"
    with suppress(NotFound):
        if not remains:
            await ground.collection.delete(old.id)
        elif changes := lifecycle.changes_of_event(ground, "delete", old):
            remains = False
            await ground.collection.update(old.id, changes)
            remains = True
    await lifecycle.call_after(ground, "delete", id, old)
    return remains
