"""Passwords behind bcrypt, access tokens, and how often one may try."""
