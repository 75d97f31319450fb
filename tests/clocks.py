"""Clocks that stand still until a test sets them."""

from __future__ import annotations


class SetSeconds:
    """One that counts seconds, in place of `time.monotonic`."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds
