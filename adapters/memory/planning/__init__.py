"""In memory: recurring expenses and subscriptions."""
