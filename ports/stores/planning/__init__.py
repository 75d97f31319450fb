"""Recurring expenses and subscriptions."""
