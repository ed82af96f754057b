"""What runs where nobody has configured anything: SQLite below one directory, one open endpoint."""

from pathlib import Path

from gateway.config.load import parse_config
from gateway.config.settings import Config
from gateway.mapping.errors import ConfigError, Message

EMBEDDED = """\
# The embedded default: users and groups in SQLite, beside the gateway's own ledger.
[server]
listen = "127.0.0.1:8080"
ledger = "sqlite:///ledger.db"

[target.embedded]
kind = "sql"
url  = "sqlite:///directory.db"

[connection.default]
path    = "/scim/v2"
target  = "embedded"
mapping = "embedded"
patch_response = "body"
"""
DIRECTORY = "dirbridge-data"


def embedded_config(directory: str | Path = DIRECTORY) -> Config:
    """Return the embedded default with its files in ``directory``, which is made if need be. :raises ConfigError:"""
    root = Path(directory).resolve()
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        next_step = "start it in a folder that may be written to, or with --config FILE"
        raise ConfigError([Message(None, f"cannot make the folder {root}: {error.strerror}; {next_step}")]) from error
    return parse_config(EMBEDDED, "the embedded default", root)
