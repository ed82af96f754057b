"""What the parts of the ledger stand on."""

from datetime import UTC, datetime

from gateway.ledger.protocol import Protocol
from gateway.ledger.statements import prepare
from gateway.ledger.store import Store


class Opened:
    """An open store, its prepared statements, and the transactions over them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._s = prepare(store.dialect.kind)
        self._protocol = Protocol(self._s)


def now() -> datetime:
    return datetime.now(UTC)
