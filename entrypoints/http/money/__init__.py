"""Cash, transfers between accounts, the history; what an international transfer would cost."""
