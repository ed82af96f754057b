"""What the gateway itself remembers: assertions, aliases, tokens, audit, pending work."""

from gateway.ledger.errors import LedgerConflict, LedgerTooNew, LedgerUnavailable
from gateway.ledger.ledger import Ledger
from gateway.ledger.model import Scope

__all__ = ["Ledger", "LedgerConflict", "LedgerTooNew", "LedgerUnavailable", "Scope"]
