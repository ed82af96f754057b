"""``dirbridge token``: make, list and revoke the bearer tokens that identity providers show."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.options import ConfigOption, ConnectionOption, JsonOption, chosen_connection, configured
from gateway.cli.outcome import FOUND, end, outcomes
from gateway.cli.screen import narrow, say, say_json, show, table
from gateway.config.values import duration

if TYPE_CHECKING:
    from gateway.ledger.model import Token

program = typer.Typer(no_args_is_help=True, help="make, list and revoke bearer tokens")


def _lifetime(text: str | None) -> float | None:
    try:
        return None if text is None else duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


@program.command()
def create(
    name: Annotated[str, typer.Argument(help="what the list shall call it, such as okta-2026")],
    connection: ConnectionOption = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="may read, never write")] = False,
    expires: Annotated[str | None, typer.Option("--expires", help="such as 90d; never, if left out")] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Make a token and print it, once."""
    from gateway.app.ledgers import ledger_of

    lifetime = _lifetime(expires)

    async def make() -> "tuple[Token, str]":
        loaded = configured(config, make=True)
        owner = chosen_connection(loaded, connection)
        async with ledger_of(loaded) as ledger:
            until = None if lifetime is None else datetime.now(UTC) + timedelta(seconds=lifetime)
            prefix = loaded.connection[owner].token_prefix
            return await ledger.create_token(owner, name, prefix=prefix, read_only=read_only, expires=until)

    with outcomes():
        token, secret = asyncio.run(make())
        if json:
            say_json({**_shown(token), "secret": secret})
            return
        say(f"Token {name!r} for connection {token.connection!r}. It is shown this once:")
        say()
        say(f"    {secret}", "bold green")
        say()
        say(f"Paste into the identity provider:  Authorization: Bearer {secret}")


@program.command("list")
def list_tokens(connection: ConnectionOption = None, config: ConfigOption = None, json: JsonOption = False) -> None:
    """List the tokens: never the secrets, only how they begin."""
    from gateway.app.ledgers import ledger_of

    async def read() -> "list[Token]":
        loaded = configured(config)
        owner = chosen_connection(loaded, connection) if connection else None
        async with ledger_of(loaded, make=False) as ledger:
            return await ledger.tokens(owner)

    with outcomes():
        found = asyncio.run(read())
        if json:
            say_json([_shown(token) for token in found])
            return
        listed = table("name", "connection", "prefix", "created", "last used", "expires", "rights", "state")
        for token in found:
            line = _shown(token)
            rights = "read" if token.read_only else "read, write"
            times = (_when(token.created), _when(token.last_used), _when(token.expires))
            if narrow():
                say(f"{token.name}  ({token.connection})  {token.prefix}…  {rights}  {line['state']}")
                say("  created {}, last used {}, expires {}".format(*times), "dim")
                continue
            listed.add_row(token.name, token.connection, token.prefix + "…", *times, rights, line["state"])
        if not narrow():
            show(listed)
        if not found:
            say("There is no token yet: dirbridge token create NAME")


@program.command()
def revoke(
    name: Annotated[str, typer.Argument(help="the token's name or id")],
    connection: ConnectionOption = None,
    config: ConfigOption = None,
) -> None:
    """Revoke a token: the next request that shows it is refused."""
    from gateway.app.ledgers import ledger_of

    async def forget() -> "Token | None":
        loaded = configured(config)
        owner = chosen_connection(loaded, connection) if connection else None
        async with ledger_of(loaded, make=False) as ledger:
            return await ledger.revoke_token(name, owner)

    with outcomes():
        if not asyncio.run(forget()):
            end(FOUND, f"there is no active token {name!r}; dirbridge token list shows them")
        say(f"Token {name!r} is revoked; the next request that shows it is refused.")


def _shown(token: "Token") -> dict[str, Any]:
    now = datetime.now(UTC)
    expired = token.expires is not None and token.expires <= now
    state = "revoked" if token.revoked else "expired" if expired else "active"
    return {
        "id": token.id,
        "name": token.name,
        "connection": token.connection,
        "prefix": token.prefix,
        "created": token.created,
        "last_used": token.last_used,
        "expires": token.expires,
        "read_only": token.read_only,
        "state": state,
    }


def _when(time: datetime | None) -> str:
    return time.strftime("%Y-%m-%d %H:%M") if time else "–"
