"""Alerts on the balance."""
