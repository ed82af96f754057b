"""``dirbridge map``: what one SCIM document would become, and how it would read back."""

import json as jsonlib
import sys
from typing import Annotated, Any

import typer
from rich.text import Text

from gateway.cli.audit import value
from gateway.cli.options import JsonOption
from gateway.cli.outcome import FOUND, UNUSABLE, end, outcomes
from gateway.cli.screen import say, say_json, show, table


def map_document(
    file: Annotated[str, typer.Argument(help="a mapping file, or the name of a preset")],
    resource: Annotated[str, typer.Option("--for", help="the resource type of the document")] = "User",
    json: JsonOption = False,
) -> None:
    """Map one SCIM document from standard input. Nothing is written, and no target is asked."""
    from scim2_models import SCIMException

    from gateway.app.trying import try_document

    with outcomes():
        try:
            tried = try_document(file, resource, _document())
        except SCIMException as error:
            end(FOUND, f"would be refused: {error.status} {error.scim_type or ''} {error.detail}")
    if json:
        say_json({"target": tried.target, "scim": tried.scim, "unread": tried.unread})
        return
    rows = table("target", "value")
    for name, values in sorted(tried.target.items()):
        rows.add_row(Text(name), Text(value(values)))
    show(rows)
    say()
    say("reads back as", "dim")
    say(jsonlib.dumps(tried.scim, indent=2, ensure_ascii=False, default=str))
    if tried.unread:
        say()
        say("ignored, as no row reads it", "dim")
        for path in tried.unread:
            say(f"  {path}")


def _document() -> dict[str, Any]:
    if sys.stdin.isatty():
        end(UNUSABLE, "the document comes from standard input: dirbridge map FILE < user.json")
    text = sys.stdin.read()
    if not text.strip():
        end(UNUSABLE, "standard input is empty; give it a document: dirbridge map FILE < user.json")
    try:
        document = jsonlib.loads(text)
    except ValueError as error:
        end(UNUSABLE, f"standard input is not JSON: {error}")
    if not isinstance(document, dict):
        end(UNUSABLE, "standard input is not a JSON object")
    return document
