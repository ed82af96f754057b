"""``lifecycle.delete`` on an entry that its object has left (rule 24)."""

from connectors.entry import Entry
from connectors.errors import NotFound
from gateway.provisioning import lifecycle
from gateway.provisioning.ground import Ground


async def retire(ground: Ground, old: Entry) -> bool:
    """Disable, move or delete the entry. :return: whether it is still there, to be hidden."""
    try:
        if ground.mapping.lifecycle.delete == "delete":
            await ground.collection.delete(old.id)
            return False
        changes = lifecycle.changes_of_event(ground, "delete", old)
        if changes:
            await ground.collection.update(old.id, changes)
        return True
    except NotFound:
        return False
