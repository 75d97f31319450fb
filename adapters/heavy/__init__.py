"""Heavy work: in threads that stand back, or in child processes that may be killed."""
