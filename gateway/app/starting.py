"""At the start every target is tried, so that the first to hear of one that is away is not an identity provider."""

import asyncio
import logging
from collections.abc import Mapping

from connectors.errors import Unavailable
from gateway.app.online import asked
from gateway.app.parts import Parts
from gateway.provisioning.watch import Watch

PATIENCE = 10.0
"""seconds in which a target has to answer at the start"""
MISFIT = (
    "target '%s' answers, but does not fit its mapping: %s%s. Requests that need it are refused. "
    "Next: `dirbridge check --online` says all, with the places; put right the mapping or the target"
)
log = logging.getLogger(__name__)


async def try_targets(parts: Parts, watches: Mapping[str, Watch]) -> list[str]:
    """Ask every target once, all at the same time, and say in one line of the log how each is.

    :param watches: learn from it too. :return: the names of those that did not answer.
    """
    used = dict.fromkeys(part.settings.target for part in parts.connections.values())
    answered = await asyncio.gather(*(_try(parts, name, watches[name]) for name in used))
    return [name for name, fine in zip(used, answered, strict=True) if not fine]


async def _try(parts: Parts, name: str, watch: Watch) -> bool:
    try:
        async with asyncio.timeout(PATIENCE):
            found = await asked(parts, name)
    except Unavailable as error:
        watch.lost(error.detail)
        return False
    except TimeoutError:
        watch.lost(f"it did not answer within {PATIENCE:.0f} seconds")
        return False
    watch.answered()
    errors = [f"{place}: {finding.message}" for place, finding in found if finding.level == "error"]
    if errors:
        log.error(MISFIT, name, errors[0], f" (and {len(errors) - 1} more)" if len(errors) > 1 else "")
    else:
        log.info("target '%s' answers", name)
    return True
