"""Several processes that serve from one socket, and from what this one has read and found good."""

import logging
import socket
from typing import TYPE_CHECKING

from uvicorn.supervisors import Multiprocess

from gateway.app.renewing import Source, renewed
from gateway.app.snapshot import snapshot
from gateway.cli.server import settings

if TYPE_CHECKING:
    from gateway.app.parts import Parts

log = logging.getLogger(__name__)


class Workers(Multiprocess):
    """uvicorn's supervisor. A worker that is started again serves what the others do, whatever has become of the files
    meanwhile; SIGHUP reads them again and replaces the workers one after the other, if nothing is wrong with them."""

    def __init__(self, parts: "Parts", source: Source, listening: socket.socket) -> None:
        super().__init__(settings(parts.config, snapshot(parts), several=True), sockets=[listening])
        self._parts, self._source = parts, source

    def handle_hup(self) -> None:
        """See ``renewed``."""
        parts = renewed(self._source, self._parts)
        if parts is None:
            return
        before, self.config.app = self.config.app, snapshot(parts)
        olds = list(self.processes)
        self.restart_all()
        if any(old in self.processes for old in olds):  # uvicorn has said why; those that were replaced stay
            log.error("not every worker was replaced; those that start from now on serve what was served before")
            self.config.app = before
            return
        self._parts = parts
        log.warning("reloaded: %s, in %d workers", ", ".join(parts.connections), len(self.processes))
