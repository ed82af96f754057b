"""``dirbridge serve``: run."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.options import ConfigOption, configured
from gateway.cli.outcome import UNUSABLE, end, outcomes
from gateway.cli.screen import say
from gateway.config import Address, Config
from gateway.config.values import address

FIRST_TOKEN = "first"  # noqa: S105 (its name)


def serve(
    config: ConfigOption = None,
    listen: Annotated[str | None, typer.Option("--listen", help="HOST:PORT instead of server.listen")] = None,
    skip_mapping_tests: Annotated[
        bool, typer.Option("--skip-mapping-tests", help="start although a test inside a mapping file fails")
    ] = False,
) -> None:
    """Serve SCIM until stopped. Without a config.toml: users and groups in SQLite, below ./dirbridge-data."""
    # First, and from here: for each model that it makes, pydantic looks at every module and every frame above it.
    import gateway.scim.handler  # noqa: F401
    from gateway.app.parts import Parts, examined, sound
    from gateway.cli.server import bound, run
    from gateway.mapping.errors import Message

    with outcomes():
        path = _path(config)

        def source() -> tuple[Parts, list[Message]]:
            return examined(lambda: configured(path, make=True), test_mappings=not skip_mapping_tests)

        parts = sound(*source())
        loaded = parts.config
        where = loaded.server.listen if listen is None else _address(listen)
        with bound(where) as socket:
            # Only now: a token that is made before a port is found taken would never be shown.
            secret = asyncio.run(first_token(loaded, make=path is None))
            host, port = socket.getsockname()[:2]
            announce(loaded, Address(host, port), secret)
            code = run(parts, source, socket)
    raise typer.Exit(code)


def _path(given: Path | None) -> Path | None:
    from gateway.cli.options import config_path

    return config_path(given)


def _address(text: str) -> Address:
    try:
        return address(text)
    except ValueError as error:
        end(UNUSABLE, f"--listen: {error}")


async def first_token(config: Config, *, make: bool = True) -> str | None:
    """Look whether the ledger opens. Then, if told to, make a token where there is none yet, and return its secret."""
    from gateway.app.ledgers import ledger_of

    async with ledger_of(config) as ledger:
        if not make or await ledger.tokens(None):
            return None
        (name,) = config.connection
        prefix = config.connection[name].token_prefix
        _, secret = await ledger.create_token(name, FIRST_TOKEN, prefix=prefix, read_only=False, expires=None)
        return secret


def announce(config: Config, bound: Address, secret: str | None) -> None:
    """Say where the gateway is, and what to paste into Okta."""
    scheme = "https" if config.server.tls else "http"
    root = config.server.base_url or f"{scheme}://{bound}"
    say("Dirbridge serves SCIM 2.0. Stop it with Ctrl-C.", "bold")
    say()
    width = max(10, *map(len, config.connection))
    for name, connection in config.connection.items():
        say(f"  {name:<{width}} {root.rstrip('/')}{connection.mount}  →  {connection.target} ({connection.mapping})")
    say(f"  {'health':<{width}} {root.rstrip('/')}/healthz")
    say()
    if secret is None:
        say("Tokens are shown once, when they are made: dirbridge token list, dirbridge token create NAME")
        say()
        return
    mount = next(iter(config.connection.values())).mount
    say("A first token, shown this once (others: dirbridge token create NAME):")
    say()
    say(f"    {secret}", "bold green")
    say()
    say("What to paste into Okta (Provisioning → Integration, Authentication Mode: HTTP Header):")
    say()
    say(f"    Base URL            {root.rstrip('/')}{mount}")
    say("    Unique identifier   userName")
    say("    Authorization       Bearer, and the token above")
    say()
