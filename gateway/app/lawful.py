"""The three laws of the mappings that are served: tried beside serving, and said loudly."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from gateway.app.parts import Parts
from gateway.mapping.load import presets
from gateway.mapping.model import MappingFile
from gateway.mapping.trial import Trial

BROKEN = (
    "%s. The mapping is served all the same: a gateway that stopped would leave access behind. "
    "Next: `dirbridge check %s` shows it; put it right, and send SIGHUP or start again"
)
log = logging.getLogger(__name__)


def own_files(parts: Parts) -> dict[str, MappingFile]:
    """Return the mappings that are the site's own; those that are shipped were tried before."""
    shipped = presets()
    files = {part.file.name: part.file for part in parts.connections.values()}
    return {name: file for name, file in files.items() if name not in shipped}


@contextmanager
def laws_tried(parts: Parts) -> Iterator[threading.Thread]:
    """Try the laws of a site's own mappings in a process beside this one, and log every one that is broken."""
    trial = Trial()
    thread = threading.Thread(target=_try, args=(trial, own_files(parts)), name="dirbridge-laws", daemon=True)
    thread.start()
    try:
        yield thread
    finally:
        trial.stop()
        thread.join()


def _try(trial: Trial, files: dict[str, MappingFile]) -> None:
    for name, file in files.items():
        try:
            broken = trial.broken_laws(file)
        except (OSError, RuntimeError) as error:
            if not trial.stopped:
                log.warning("%s. Next: `dirbridge check %s` tries them", error, name)
            continue
        for message in broken:
            log.error(BROKEN, message, name)
        if not broken:
            log.info("%s keeps the three laws", name)
