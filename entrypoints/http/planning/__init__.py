"""Recurring expenses with their projection, and subscriptions."""
