"""Verbs: load facts through a port, ask the rules, save, all in one transaction per step."""
