"""What a request sets going in other objects: scope and protection are asked of those too (rule 25).

Nobody named them, so a refusal is not an answer to anybody: the object is left as it is, and the log says so.
"""

import logging

from scim2_models import ForbiddenException, NotFoundException

from connectors.errors import NotFound
from gateway.provisioning.ground import Ground
from gateway.provisioning.protocol.standing import Standing, load

log = logging.getLogger(__name__)


async def reached(ground: Ground, id: str) -> Standing | None:
    """Another object as it stands, under its lock; None where it is not to be written to, or not there."""
    try:
        return await load(ground, id)
    except (ForbiddenException, NotFoundException) as refusal:
        log.warning("%s %s is left as it is: %s", ground.type, id, refusal)
        return None


async def may_touch(ground: Ground, id: str) -> bool:
    """The same where the object itself need not be known: it is read only if there are rules to ask."""
    if ground.mapping.scope_filter is None and not ground.mapping.section.protect:
        return True
    return await reached(ground, id) is not None


async def is_protected(ground: Ground, anchor: str) -> bool:
    """Whether the entry behind an anchor is protected. One that is not there is not."""
    if not ground.mapping.section.protect:
        return False
    try:
        entry = await ground.collection.read(anchor, ground.mapping.guard_attributes)
    except NotFound:
        return False
    if not ground.mapping.protected(ground.mapping.read(entry, {}), entry):
        return False
    log.warning("%s %s is protected and left as it is", ground.type, anchor)
    return True
