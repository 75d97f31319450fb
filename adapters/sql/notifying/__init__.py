"""Tables and statements of alerts, notifications, and the outbox of letters."""
