"""Nouns: the facts and states that rules judge and stores keep. Standard library and attrs only."""
