"""Options that several verbs have, and which configuration a verb works on."""

from pathlib import Path
from typing import Annotated

import typer

from gateway.config import Config, embedded_config, load_config
from gateway.config.embedded import DIRECTORY
from gateway.mapping.errors import ConfigError, Message, suggest

VARIABLE = "DIRBRIDGE_CONFIG"

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", envvar=VARIABLE, help=f"config.toml; without one: ./config.toml, else ./{DIRECTORY}"
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="print JSON, for a script")]
ConnectionOption = Annotated[
    str | None, typer.Option("--connection", help="the name of a connection; may be left out where there is one")
]


def config_path(given: Path | None) -> Path | None:
    """Return the file that a verb works on; None for the embedded default."""
    if given is not None:
        return given
    here = Path("config.toml")
    return here if here.is_file() else None


def configured(given: Path | None, *, make: bool = False) -> Config:
    """Load the configuration, or the embedded default.

    :param make: make the embedded default's folder where it is missing; a verb that only looks leaves nothing behind.
    :raises ConfigError:
    """
    path = config_path(given)
    if path is not None:
        return load_config(path)
    if not make and not Path(DIRECTORY).is_dir():
        text = f"there is no config.toml here, and no ./{DIRECTORY}; name one with --config FILE"
        raise ConfigError([Message(None, f"{text}, or let `dirbridge serve` make ./{DIRECTORY}")])
    return embedded_config()


def chosen_connection(config: Config, name: str | None) -> str:
    """Return the connection that is meant. :raises ConfigError: there is none, or several."""
    names = list(config.connection)
    if name is None and len(names) == 1:
        return names[0]
    if name is None:
        raise ConfigError(
            [Message(None, f"there are several connections; add --connection, one of {', '.join(names)}")]
        )
    if name not in names:
        hint = suggest(name, names) or f"; there is {', '.join(names)}"
        raise ConfigError([Message(None, f"there is no [connection.{name}]{hint}")])
    return name
