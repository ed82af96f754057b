"""How the ledger fails."""


class LedgerUnavailable(Exception):
    """The ledger cannot be read or written now; the request is answered 503 and the target is not touched."""


class LedgerTooNew(LedgerUnavailable):
    """The ledger was written by a newer version of the program; this one must not touch it."""


class LedgerConflict(Exception):
    """A row says otherwise: a second live owner of one anchor (rule 13), a token name or an intent given twice."""
