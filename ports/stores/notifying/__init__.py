"""Alerts, notifications, and the outbox of letters."""
