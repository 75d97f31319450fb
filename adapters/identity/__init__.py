"""Passwords, tokens, and how often one may try."""
