"""Tables and statements of recurring expenses and subscriptions."""
