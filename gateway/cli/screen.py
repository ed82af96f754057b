"""What people read on a terminal, and scripts in a pipe."""

import json
import sys
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

WIDE = 200
"""columns of a pipe, where nobody watches and nothing should be folded"""
NARROW = 130
"""columns below which a record stands on lines of its own instead of in a row of a table"""
out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else WIDE)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def say(text: str = "", style: str = "") -> None:
    """Print one line as it is: brackets in it are text, not markup."""
    out.print(Text(text, style=style))


def printable(text: str) -> str:
    """Write a stranger's text so that a terminal shows it and does not obey it: ``\\x1b`` for an escape character."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def flow(text: Text, *, hang: int = 0) -> None:
    """Print a paragraph: folded between words, ``hang`` columns in from its second line on.

    Unlike ``say``, whose lines stay whole, so that they can be copied and pasted.
    """
    width = out.width if text.cell_len <= out.width else max(20, out.width - hang)
    for number, line in enumerate(text.wrap(out, width)):
        out.print(Text(" " * hang) + line if number else line)


def complain(text: str) -> None:
    """Print one line to standard error."""
    err.print(Text(text))


def say_json(value: Any) -> None:
    """Print a value for a script."""
    print(json.dumps(value, indent=2, default=str, ensure_ascii=False))


def heading(text: str) -> None:
    """Print a line that begins a part."""
    out.print(Text.assemble((f"{text} ", "bold cyan"), ("─" * max(4, min(97, out.width) - len(text) - 1), "dim")))


def table(*columns: str, title: str | None = None) -> Table:
    """Return an empty table in the house style."""
    made = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        made.add_column(column, header_style="dim", overflow="fold")
    return made


def narrow() -> bool:
    """Whether a table of many columns would be cut into pieces, ids among them, that nobody can read or copy."""
    return out.width < NARROW


def show(made: Table, *, indent: int = 0) -> None:
    """Print a table."""
    out.print(Padding(made, (0, 0, 0, indent), expand=False), soft_wrap=False)
