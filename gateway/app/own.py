"""What the gateway needs for itself, looked at before it starts: the ledger's address, the key of cursors, TLS."""

import ssl
from collections.abc import Callable, Mapping
from pathlib import Path

from gateway.config import Config, SecretMissing, anchored_url, resolve_all


def address_of_ledger(config: Config) -> str:
    """Return the ledger's URL, its secret resolved and its path absolute. :raises ValueError:"""
    return anchored_url(resolve_all(config.server.ledger, config.root), config.root)


def key_of_cursors(config: Config) -> str | None:
    """Return the configured key that seals cursors, if there is one. :raises ValueError:"""
    given = config.server.cursor_key
    return given.resolve(config.root) if given else None


def certificate(config: Config) -> None:
    """Look whether HTTPS can be served with the files of ``tls``. :raises ValueError:"""
    if config.server.tls is None:
        return
    cert, key = (each.path(config.root) for each in (config.server.tls.cert, config.server.tls.key))
    for path in (cert, key):
        try:
            Path(path).read_bytes()
        except OSError as error:
            raise SecretMissing(f"the file {path} cannot be read: {error.strerror}") from None
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key, password=lambda: "")
    except (ssl.SSLError, ValueError):
        text = f"{cert} and {key} are no certificate and its key: both are PEM, belong together, and have no passphrase"
        raise ValueError(text) from None


OF_THE_SERVER: Mapping[str, Callable[[Config], object]] = {
    "ledger": address_of_ledger,
    "cursor_key": key_of_cursors,
    "tls": certificate,
}
"""key of ``[server]`` → how to look at it"""
