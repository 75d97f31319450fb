"""Heavy work: in threads that stand back, or in child processes that are killed past their limits."""
