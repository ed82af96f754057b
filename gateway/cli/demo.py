"""``dirbridge demo``: the main job in one command, with nothing to set up."""

import json
import os
import re
import shutil
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import unquote

import typer
from rich.table import Table
from rich.text import Text

from gateway.cli.audit import STYLES, changed
from gateway.cli.outcome import FOUND, end, outcomes
from gateway.cli.screen import flow, heading, out, say, show, table

if TYPE_CHECKING:
    from gateway.cli.dialogue import Exchange
    from gateway.cli.stage import Rows, Stage
    from gateway.ledger.model import AuditLine

USER_COLUMNS = ("user_name", "given_name", "family_name", "title", "active")
GROUP_COLUMNS = ("display_name", "members")
BODY = 96
"""how much of a request's body is shown"""
LONG_ID = re.compile(r"([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f-]{22}")


def demo(
    pace: Annotated[
        float | None, typer.Option("--pace", min=0, max=10, help="seconds between the scenes; 0 in a pipe")
    ] = None,
) -> None:
    """See the main job: Okta provisions people and a group, and what stands in the target after each step."""
    from gateway.cli.dialogue import SCENES, Okta, Unexpected
    from gateway.cli.stage import stage

    wait = (0.4 if out.is_terminal else 0.0) if pace is None else pace
    with outcomes(), stage() as scene:
        _opening(scene)
        okta, view = Okta(scene.port, scene.mount, scene.token, heard), View(scene)
        for number, each in enumerate(SCENES, start=1):
            heading(f"{number}. {each.title}")
            try:
                each.play(okta)
            except Unexpected as unexpected:
                end(FOUND, f"the demonstration ends early: {unexpected}")
            view.refresh()
            time.sleep(wait)
        _ending(len(view.audited))


def _opening(stage: "Stage") -> None:
    flow(Text("Dirbridge: an identity provider speaks SCIM 2.0, and the rows of a table follow.", "bold"))
    flow(Text(f"A real gateway runs at {stage.url}, with SQLite as its target, until this ends."))
    flow(Text("→ is what Okta sends, ← the answer; then the target's own tables and the new audit lines.", "dim"))
    say()


def _ending(lines: int) -> None:
    heading("The end")
    whole = f"That was the whole main job: every change above stands in the target, and in {lines} audit lines."
    flow(Text(whole, "bold"))
    say("Next:")
    program = "dirbridge" if shutil.which("dirbridge") else os.path.relpath(sys.argv[0])
    next_steps = Table.grid("", "", padding=(0, 3, 0, 0))
    next_steps.add_row(f"{program} serve", "the same, to stay, with a token for your own Okta or Entra ID")
    next_steps.add_row(f"{program} test openldap", "the tests inside the mapping file for OpenLDAP")
    next_steps.add_row("docs/tutorial/first-steps.md", "from here to your own directory")
    show(next_steps, indent=2)


def heard(exchange: "Exchange") -> None:
    """Show one request and its answer, a line each."""
    path = _short_ids(unquote(exchange.path))
    line = Text.assemble(("→ ", "bold"), (f"{exchange.method:<5} ", "bold blue"), path)
    if exchange.body is not None:
        line.append(f"  {_shortened(_gist_of_request(exchange.body))}", "dim")
    flow(line, hang=8)
    good = exchange.status < 300
    answer = Text.assemble(("← ", "bold"), (f"{exchange.status} {exchange.reason}", "green" if good else "red"))
    answer.append(f"  {_gist(exchange.answer)}", "dim")
    flow(answer, hang=8)


def _gist_of_request(body: Mapping[str, Any]) -> str:
    """Leave out what is the same in every request, and the password."""
    shown = {key: "***" if key == "password" else value for key, value in body.items() if key not in ("schemas", "id")}
    operations = shown.pop("Operations", None)
    text = json.dumps(shown if operations is None else operations[0], ensure_ascii=False)
    return _short_ids(text)


def _short_ids(text: str) -> str:
    return LONG_ID.sub(r"\1…", text)


def _shortened(text: str) -> str:
    return text if len(text) <= BODY else text[: BODY - 1] + "…"


def _gist(answer: dict[str, Any]) -> str:
    if "totalResults" in answer:
        return f"totalResults {answer['totalResults']}"
    if "id" in answer:
        return f"id {_short_ids(answer['id'])} version {answer.get('meta', {}).get('version', '')}"
    return str(answer.get("detail", ""))


class View:
    """The target's tables and the audit, each time with what is new."""

    def __init__(self, stage: "Stage") -> None:
        self.stage = stage
        self.before: tuple[Rows, Rows] = ([], [])
        self.audited: list[AuditLine] = []

    def refresh(self) -> None:
        """Show what changed since the last time, or that nothing did."""
        users, groups = self.stage.rows()
        lines = self.stage.audit()
        fresh = lines[len(self.audited) :]
        if (users, groups) != self.before:
            say()
            show(rows("scim_users", USER_COLUMNS, users, self.before[0]), indent=2)
            if groups:
                show(rows("scim_groups, scim_members", GROUP_COLUMNS, groups, self.before[1]), indent=2)
        elif self.audited:
            say("  the tables stand as before", "dim")
        for line in fresh:
            flow(_audit(line), hang=9)
        say()
        self.before, self.audited = (users, groups), lines


def rows(title: str, columns: tuple[str, ...], now: "Rows", before: "Rows") -> Table:
    """Return a table of the target, changed cells marked."""
    made = table(*columns, title=title)
    earlier = {row[0]: row for row in before}
    for row in now:
        old = earlier.get(row[0], ("\0",) * len(row))
        made.add_row(*(Text(new, style="" if new == was else "bold green") for new, was in zip(row, old, strict=True)))
    return made


def _audit(line: "AuditLine") -> Text:
    text = Text.assemble("  audit  ", (line.outcome, STYLES.get(line.outcome, "")))
    text.append(f"  {line.operation} {line.resource_type} by {line.actor}")
    what = "; ".join(changed(change) for change in line.changes if change.after != "***") or line.detail
    return text.append(f"  {_shortened(what)}", "dim") if what else text
