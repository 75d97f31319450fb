"""Tables and statements of judged actions with what is kept of each user, and of risk profiles."""
