"""What people read on a terminal, and scripts in a pipe."""

import json
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def say(text: str = "", style: str = "") -> None:
    """Print one line as it is: brackets in it are text, not markup."""
    out.print(Text(text, style=style))


def complain(text: str) -> None:
    """Print one line to standard error."""
    err.print(Text(text))


def say_json(value: Any) -> None:
    """Print a value for a script."""
    print(json.dumps(value, indent=2, default=str, ensure_ascii=False))


def table(*columns: str, title: str | None = None) -> Table:
    """Return an empty table in the house style."""
    made = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        made.add_column(column, header_style="dim", overflow="fold")
    return made


def show(made: Table, *, indent: int = 0) -> None:
    """Print a table, as wide as need be where nobody watches."""
    block = Padding(made, (0, 0, 0, indent))
    out.print(block, soft_wrap=False, width=None if out.is_terminal else 200)
