"""Randomness that nobody can guess, and what is kept of a secret instead of the secret."""

from __future__ import annotations

from typing import Protocol


class Secrets(Protocol):
    """Makes keys and ids."""

    def new_key(self) -> str:
        """A fresh bearer key: printable ASCII with at least 256 bits of randomness."""
        ...

    def fingerprint(self, key: str) -> str:
        """A digest that names the key and doesn't give it away; the same for the same key, at most 128 characters."""
        ...

    def new_id(self) -> str:
        """An id of at most 36 characters that was never given before, anywhere."""
        ...
