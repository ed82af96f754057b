"""Planning that does not keep others waiting."""

import asyncio
from collections.abc import Callable

from gateway.mapping.compiled import Plan
from gateway.provisioning.ground import Ground
from gateway.provisioning.model import Resource


async def planned(ground: Ground, resource: Resource, plan: Callable[[], Plan]) -> Plan:
    """Return ``plan()``; where it hashes a password, which takes a fifth of a second, it is made in a thread.

    :raises SCIMException: what ``plan`` raises.
    """
    return await asyncio.to_thread(plan) if ground.mapping.takes_time(resource) else plan()
