"""``dirbridge relink``: after the loss of a ledger, or a restore of the target, take its objects back into care."""

import asyncio
from typing import Annotated

import typer

from gateway.cli.options import ConfigOption, ConnectionOption, JsonOption, chosen_connection, configured
from gateway.cli.outcome import outcomes
from gateway.cli.screen import say, say_json


def relink(
    connection: ConnectionOption = None,
    everything: Annotated[
        bool, typer.Option("--all", help="objects without the mapping's marker too: all that are in scope")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would be linked")] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Rebuild what can be rebuilt of a lost ledger: which object of the target is whose.

    With a ledger, after a restore that gave the target's entries other ids: they go on under the SCIM ids they had.

    Aliases, ledger values, memberships asserted, and deletions cannot be rebuilt; back the ledger up.
    """
    from gateway.app.parts import assemble
    from gateway.app.relinking import relink as rebuild

    with outcomes():
        loaded = configured(config)
        owner = chosen_connection(loaded, connection)
        linked = asyncio.run(rebuild(assemble(loaded), owner, everything=everything, dry_run=dry_run))
    if json:
        say_json(linked)
        return
    for kind, counts in linked.items():
        verb = "would be linked" if dry_run else "linked"
        kept = f" ({counts['moved']} under the id that they had)" if counts["moved"] else ""
        say(f"{kind}: {counts['linked']} {verb}{kept}, {counts['known']} known already, {counts['left']} left alone")
