"""The calls that follow a lifecycle event (H9): in order, each with its line in the audit.

A ``must`` call that could not be made leaves the object pending, and is made again until it holds; so is everything
that stands with it, since a call made twice is as if made once. Any other is made once, and a failure is put down.
"""

import logging

from connectors.errors import ConnectorError, Unavailable
from gateway.mapping.model import After
from gateway.provisioning.ground import Ground
from gateway.provisioning.protocol.protocol import note
from gateway.provisioning.retry import share

log = logging.getLogger(__name__)


def must(ground: Ground, event: str) -> bool:
    """Whether an event has calls that have to be made."""
    return ground.after is not None or any(each.must for each in ground.mapping.lifecycle.after if event in each.on)


async def follow(ground: Ground, event: str, id: str, anchor: str | None) -> None:
    """Make the calls that follow an event.

    :param anchor: the target's id. :raises Unavailable: a ``must`` call could not be made; the others were tried too.
    """
    failure: Unavailable | None = None
    calls = [(number, each) for number, each in enumerate(ground.mapping.lifecycle.after) if event in each.on]
    for done, (number, after) in enumerate(calls if anchor is not None else ()):
        with share(len(calls) - done):
            failed = await _made(ground, number, after, id, anchor or "")
        failure = failure or failed
    if failure is not None:
        raise failure


async def _made(ground: Ground, number: int, after: After, id: str, anchor: str) -> Unavailable | None:
    """Make one call. :return: why it must be made again."""
    said = after.said
    try:
        await ground.collection.call(number, anchor)
    except ConnectorError as error:
        await note(ground, "call", "pending" if after.must else "failed", id, f"{said}: {error.detail}")
        if after.must:
            wait = error.retry_after if isinstance(error, Unavailable) else None
            return Unavailable(f"{said} must follow, and could not be made: {error.detail}", retry_after=wait)
        log.warning("%s %s: %s could not be made: %s", ground.type, id, said, error.detail)
        return None
    await note(ground, "call", "done", id, said)
    return None
