"""Members of a group as deltas: what changes, in portions, and what the ledger keeps of it."""
