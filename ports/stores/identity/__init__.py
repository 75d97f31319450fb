"""Users with their accounts, sessions, one-time codes, operators."""
