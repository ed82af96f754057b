"""The released steps of the ledger's schema, one file each, never edited again."""
