"""Cash, transfers, the ledger and idempotent orders."""
