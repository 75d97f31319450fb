"""The ledger of all movements, and the outcomes that idempotency keys guard."""
