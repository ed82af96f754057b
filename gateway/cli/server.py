"""uvicorn as this gateway runs it."""

import os
import secrets
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import uvicorn

from gateway.app.gateway import CURSOR_VARIABLE
from gateway.cli.outcome import UNREACHABLE, UNUSABLE, end
from gateway.config import Address, Config

if TYPE_CHECKING:
    from gateway.app.parts import Parts
    from gateway.app.renewing import Source

GRACE = 20
"""seconds that requests under way may take after a request to stop"""


@contextmanager
def bound(where: Address) -> Iterator[socket.socket]:
    """Listen, before anything else is started, so that a taken port is a sentence."""
    family = socket.AF_INET6 if ":" in where.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            made.bind((where.host, where.port))
        except OSError as error:
            end(UNUSABLE, f"cannot listen on {where}: {error.strerror}; choose another with --listen HOST:PORT")
        made.set_inheritable(True)
        yield made


def logs(level: str) -> dict[str, Any]:
    """Say how to log: lines to standard error, ours at the configured level, libraries' from warnings on."""
    ours: dict[str, Any] = {"level": level.upper()}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"level": "WARNING", "handlers": ["stderr"]},
        "loggers": {"gateway": ours, "dirbridge": ours, "connectors": ours, "uvicorn.access": {"level": "CRITICAL"}},
    }


def settings(config: Config, app: object, *, several: bool = False) -> uvicorn.Config:
    """Return uvicorn's settings.

    No access log: the audit says who did what, and a log line costs more than a read.

    :param several: ``app`` makes an application in each of several processes.
    """
    tls = config.server.tls
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        factory=several,
        workers=config.server.workers if several else 1,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        log_config=logs(config.server.log_level),
        timeout_graceful_shutdown=GRACE,
        timeout_worker_healthcheck=GRACE,
        ssl_certfile=tls.cert.path(config.root) if tls else None,
        ssl_keyfile=tls.key.path(config.root) if tls else None,
    )


def run(parts: "Parts", source: "Source", listening: socket.socket) -> int:
    """Serve until a signal, here or in several processes. SIGHUP: read the files again. Returns the exit code."""
    from gateway.app.lawful import laws_tried

    # One key for all workers, and after a reload, or a cursor would mean nothing to the next.
    os.environ.setdefault(CURSOR_VARIABLE, secrets.token_hex(32))
    with laws_tried(parts):
        if parts.config.server.workers > 1:
            from gateway.cli.workers import Workers

            Workers(parts, source, listening).run()
            return 0
        return _run_one(parts, source, listening)


def _run_one(parts: "Parts", source: "Source", listening: socket.socket) -> int:
    from gateway.app.asgi import Application

    app = Application(parts, source)
    server = uvicorn.Server(settings(parts.config, app))
    signal.signal(signal.SIGHUP, lambda *_: app.reload())
    for stop in (signal.SIGTERM, signal.SIGINT):
        # uvicorn takes these over, ends gracefully, puts ours back and raises the signal again; that is then no news.
        signal.signal(stop, lambda *_: None)
    server.run(sockets=[listening])
    return 0 if server.started else UNREACHABLE
