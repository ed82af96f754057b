"""A running gateway: ledger, provisioners, endpoints and the worker, from a configuration."""

import asyncio
import hashlib
import hmac
import logging
import os
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from starlette.types import ASGIApp

from gateway.app.ledgers import ledger_url
from gateway.app.own import key_of_cursors
from gateway.app.parts import Part, Parts
from gateway.app.starting import try_targets
from gateway.config import Config, ConfigError
from gateway.config.settings import Target
from gateway.http import Access, HttpSettings, StaticToken, application
from gateway.ledger.ledger import Ledger
from gateway.mapping.errors import Message
from gateway.provisioning.model import ConnectionSettings, RetrySettings
from gateway.provisioning.provisioner import Provisioner
from gateway.provisioning.watch import Watch
from gateway.provisioning.worker import Worker
from gateway.scim.endpoint import ScimEndpoint
from gateway.scim.settings import Rate, ScimSettings

RESTART = 10
"""seconds between two starts of a worker that failed, and to wait for one that is to stop"""
log = logging.getLogger(__name__)
CURSOR_VARIABLE = "DIRBRIDGE_CURSOR_KEY"


class TargetsAway(Exception):
    """The gateway shall not start without its targets, and these did not answer."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(
            f"{', '.join(f'target {name!r}' for name in names)} did not answer, and server.require_targets is set: "
            "not started. `dirbridge check --online` asks again"
        )


@dataclass(slots=True)
class Gateway:
    """Everything that runs. ``application`` answers; ``start`` before, ``close`` after."""

    parts: Parts
    ledger: Ledger
    provisioners: Mapping[str, Provisioner]
    application: ASGIApp
    worker: Worker = field(init=False)
    """there while ``working`` is"""
    watches: Mapping[str, Watch]
    under_way: int = 0
    """requests that are being answered; ``left`` is set when there are none any more and no new ones come"""
    left: asyncio.Event | None = None
    working: asyncio.Task[None] | None = None
    trying: asyncio.Task[list[str]] | None = None

    async def start(self) -> None:
        """Settle what a crash left open, and drive what is pending from now on, beside the requests. Every target is
        tried once, beside them too, unless the gateway shall not start without.

        :raises TargetsAway: it shall not, and one is away.
        """
        self.trying = asyncio.create_task(try_targets(self.parts, self.watches), name="dirbridge-trying")
        if self.parts.config.server.require_targets and (away := await self.trying):
            raise TargetsAway(away)
        self.resume()

    def resume(self) -> None:
        """Drive what is pending, unless that is done already."""
        if self.working is None:
            self.worker = Worker(self.ledger, self.provisioners)
            self.working = asyncio.create_task(self._work(), name="dirbridge-worker")

    async def _work(self) -> None:
        """Keep the worker at it: what is pending takes access away, so a fault in it must not end the waiting."""
        while True:
            try:
                return await self.worker.run()
            except Exception:
                log.exception("the worker failed; it starts again in %d seconds", RESTART)
                await asyncio.sleep(RESTART)

    async def close(self) -> None:
        """Let go of everything: the worker first, the ledger last. Idempotent."""
        await self.rest()
        await self.disconnect()
        await self.ledger.close()

    async def rest(self) -> None:
        """Drive nothing any more; requests are answered. Idempotent."""
        if self.trying is not None:
            self.trying.cancel()
            await asyncio.wait([self.trying])
        if self.working is not None:
            self.worker.stop()
            done, _ = await asyncio.wait([self.working], timeout=RESTART)
            if not done:
                self.working.cancel()
            self.working = None

    async def disconnect(self) -> None:
        """Let go of the targets. Idempotent."""
        for connector in self.parts.connectors.values():
            await connector.close()

    async def drained(self, patience: float) -> None:
        """Wait until no request is under way, so many seconds at most."""
        self.left = asyncio.Event()
        with suppress(TimeoutError):
            async with asyncio.timeout(patience if self.under_way else 0):
                await self.left.wait()


async def build(parts: Parts, ledger: Ledger | None = None) -> Gateway:
    """Put a gateway together in the running event loop: opens the ledger, asks no target anything.

    :param ledger: one that is open already.
    :raises ConfigError, LedgerUnavailable:
    """
    config = parts.config
    key = _cursor_key(config)
    ledger = ledger or await Ledger.open(ledger_url(config), serving=True)
    watches = {name: Watch(f"target '{name}'") for name in config.target}
    provisioners = {
        name: _provisioner(part, parts, ledger, watches[part.settings.target])
        for name, part in parts.connections.items()
    }
    endpoints = {
        name: ScimEndpoint(provisioner, scim_settings(parts.connections[name], config, key))
        for name, provisioner in provisioners.items()
    }
    return Gateway(
        parts=parts,
        ledger=ledger,
        provisioners=provisioners,
        application=application(endpoints, ledger, http_settings(config, ledger, watches)),
        watches=watches,
    )


def _provisioner(part: Part, parts: Parts, ledger: Ledger, watch: Watch) -> Provisioner:
    settings, target = part.settings, parts.config.target[part.settings.target]
    connection = ConnectionSettings(
        name=part.name,
        target=settings.target,
        dialect=settings.dialect,
        put_creates=settings.put_creates,
        settle=target.settle if _fails_over(target) else 0.0,
        max_scan=settings.max_scan,
        retry=RetrySettings(attempts=target.retry.attempts, deadline=target.retry.deadline),
    )
    return Provisioner(connection, part.mapping, part.collections, ledger, watch=watch)


def _fails_over(target: Target) -> bool:
    """Whether another server may be answering than the one that was written to (semantics, rule 2)."""
    urls = target.options.get("urls", ())
    return isinstance(urls, list | tuple) and len(urls) > 1


def scim_settings(part: Part, config: Config, key: bytes) -> ScimSettings:
    """What the SCIM room is told of a connection."""
    settings = part.settings
    limit = settings.limit
    return ScimSettings(
        path=settings.mount,
        dialect=settings.dialect,
        base_url=config.server.base_url,
        patch_response=settings.patch_response,
        bulk=settings.bulk,
        bulk_operations=settings.bulk_operations,
        bulk_payload=settings.bulk_body,
        sort=settings.sort,
        etag=settings.etag,
        unknown_attributes=settings.unknown_attributes,
        mode=settings.mode,
        allow=frozenset(settings.allow),
        reads=Rate(limit.reads.number, limit.reads.seconds) if limit.reads else None,
        writes=Rate(limit.writes.number, limit.writes.seconds) if limit.writes else None,
        page=min(settings.page, settings.max_page),
        max_page=settings.max_page,
        cursor_timeout=int(settings.cursor_timeout),
        max_body=config.server.max_body,
        max_depth=config.server.max_depth,
        secret=hmac.digest(key, part.name.encode(), "sha256"),  # a cursor means nothing at another connection
    )


def http_settings(config: Config, ledger: Ledger, watches: Mapping[str, Watch]) -> HttpSettings:
    """What the HTTP room is told."""

    async def ready() -> None:
        await ledger.tokens()

    return HttpSettings(
        access={
            name: Access(
                tuple(StaticToken(token.name, token.sha256, token.read_only) for token in connection.tokens),
                connection.sources,
            )
            for name, connection in config.connection.items()
        },
        trusted_proxies=config.server.trusted_proxies,
        ready=ready,
        targets=lambda: {name: watch.state for name, watch in watches.items()},
    )


def _cursor_key(config: Config) -> bytes:
    """The key that seals cursors: configured, shared by the workers of one start, or of this process alone."""
    try:
        text = key_of_cursors(config) or os.environ.get(CURSOR_VARIABLE) or secrets.token_hex(32)
    except ValueError as error:
        raise ConfigError([Message(config.place("server", "cursor_key"), str(error))]) from error
    return hashlib.sha256(text.encode()).digest()
