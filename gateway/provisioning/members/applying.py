"""One call to the target where one will do: attributes and members of an entry together, in portions where many."""

from collections.abc import Sequence

from connectors.entry import Change, Entry
from connectors.errors import UnknownReference
from gateway.provisioning.ground import Ground
from gateway.provisioning.members import members, portions
from gateway.provisioning.members.members import Delta


async def apply(
    ground: Ground, entry: Entry | None, anchor: str, changes: Sequence[Change], delta: Delta, expected: str | None
) -> tuple[Entry | None, Delta]:
    """Make the changes true.

    :param entry: as it was; returned where nothing of it was changed.
    :return: the entry as it then stands (None where nobody has read it since), and the delta as far as its members
        exist.
    :raises InvalidValueException: a member is known to nobody; nothing was applied.
    """
    if not delta.add and not delta.remove:
        return (await ground.collection.update(anchor, changes, expected) if changes else entry), delta
    if len(delta.add) + len(delta.remove) <= members.policy(ground).chunk:
        return await _together(ground, anchor, changes, delta, expected)
    beside = portions.Beside(tuple(changes), expected, entry) if changes and entry is not None else None
    return None, await _in_portions(ground, anchor, delta, beside)


async def _together(
    ground: Ground, anchor: str, changes: Sequence[Change], delta: Delta, expected: str | None
) -> tuple[Entry | None, Delta]:
    while True:
        try:
            return await ground.collection.update(anchor, (*changes, *delta.changes()), expected), delta
        except UnknownReference as unknown:
            delta = without_unknown(ground, delta, unknown)
            if not changes and not delta.add and not delta.remove:
                return None, delta  # nobody is left to add or to remove
        except portions.REFUSALS as refusal:
            if changes or len(delta.add) + len(delta.remove) == 1:
                raise
            raise await portions.blame(ground, anchor, delta, refusal) from refusal


async def _in_portions(ground: Ground, anchor: str, delta: Delta, beside: portions.Beside | None) -> Delta:
    """Whoever is to be added was looked up before; somebody may have gone since."""
    while True:
        try:
            await portions.carry(ground, anchor, delta, beside)
        except UnknownReference as unknown:
            delta = without_unknown(ground, delta, unknown)
        else:
            return delta


def without_unknown(ground: Ground, delta: Delta, unknown: UnknownReference) -> Delta:
    """What is left of a delta after the target said who does not exist.

    :raises InvalidValueException: see ``refuse_or_skip``. :raises UnknownReference: it is not about members.
    """
    nobody = delta.ids_of(unknown.values) & (delta.add | delta.remove)
    if not nobody:
        raise unknown
    return members.refuse_or_skip(ground, delta, nobody)
