"""The work that is due at an instant."""
