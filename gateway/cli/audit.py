"""``dirbridge audit``: who did what to which object, and what came of it."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from gateway.cli.options import ConfigOption, ConnectionOption, JsonOption, chosen_connection, configured
from gateway.cli.outcome import outcomes
from gateway.cli.screen import flow, narrow, printable, say, say_json, show, table
from gateway.config.values import duration

if TYPE_CHECKING:
    from gateway.ledger.model import AuditChange, AuditLine

STYLES = {"done": "green", "unchanged": "dim", "pending": "yellow", "refused": "red", "failed": "bold red"}


def audit(
    resource: Annotated[str | None, typer.Argument(help="the SCIM id of one object; all, if left out")] = None,
    connection: ConnectionOption = None,
    since: Annotated[str | None, typer.Option("--since", help="such as 1h or 7d")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="the most lines to show")] = 100,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Show the audit, the newest line last."""
    from gateway.app.ledgers import ledger_of

    async def read() -> "list[AuditLine]":
        loaded = configured(config)
        owner = chosen_connection(loaded, connection) if connection else None
        async with ledger_of(loaded, make=False) as ledger:
            return await ledger.audit(connection=owner, resource=resource, since=_since(since), limit=limit)

    with outcomes():
        lines = asyncio.run(read())
    if json:
        say_json([asdict(line) for line in lines])
        return
    shown = table("time (UTC)", "connection", "who", "operation", "resource", "outcome", "changes")
    for line in lines:
        subject = printable(f"{line.resource_type} {line.id}".strip())
        what = printable("; ".join(filter(None, [*(changed(each) for each in line.changes), line.detail])))
        style = STYLES.get(line.outcome, "")
        time = line.time.strftime("%Y-%m-%d %H:%M:%S")
        if narrow():
            say(f"{time} UTC  {line.connection} {line.actor}")
            flow(Text.assemble("  ", (line.outcome, style), f"  {line.operation} {subject}"), hang=4)
            if what:
                flow(Text(f"    {what}"), hang=4)
            continue
        outcome = f"[{style}]{line.outcome}[/]" if style else line.outcome
        shown.add_row(time, line.connection, line.actor, line.operation, plain(subject), outcome, plain(what))
    if not narrow():
        show(shown)
    if not lines:
        say("Nothing yet." if resource is None else f'Nothing about {resource}. An id is what SCIM answers as "id".')


def changed(change: "AuditChange") -> str:
    """Say one changed value: ``title: Engineer → Lead``."""
    name = change.path or change.attribute
    if change.before in (None, [], ()):
        return f"{name} = {value(change.after)}"
    return f"{name}: {value(change.before)} → {value(change.after)}"


def value(given: Any) -> str:
    """Write a value as a person would."""
    if given in (None, [], ()):
        return "–"
    if isinstance(given, (list, tuple)):
        return ", ".join(value(each) for each in given)
    if isinstance(given, Mapping):
        return "(" + ", ".join(f"{name} {value(each)}" for name, each in given.items()) + ")"
    return str(given).lower() if isinstance(given, bool) else str(given)


def plain(text: str) -> str:
    """Keep rich from reading brackets of a value as markup."""
    return text.replace("[", r"\[")


def _since(text: str | None) -> datetime | None:
    try:
        return None if text is None else datetime.now(UTC) - timedelta(seconds=duration(text))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
