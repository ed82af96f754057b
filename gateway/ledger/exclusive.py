"""One SQLite ledger, one serving process."""

import fcntl
import os
from pathlib import Path

from gateway.ledger.errors import LedgerUnavailable


class ServingLock:
    """An advisory lock on ``<ledger>.serving``; the kernel drops it with the process, however that ends.

    :raises LedgerUnavailable: another process serves from this ledger.
    """

    def __init__(self, path: str) -> None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(f"{path}.serving", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._file)
            raise LedgerUnavailable(
                f"another dirbridge serves from the ledger {path}; a SQLite ledger belongs to one process "
                "(several need a PostgreSQL ledger)"
            ) from error

    def release(self) -> None:
        os.close(self._file)
