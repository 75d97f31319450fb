"""In memory: alerts, notifications, and the outbox of letters."""
