"""Tables and statements of the ledger of all movements, and of the outcomes that idempotency keys guard."""
