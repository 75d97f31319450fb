"""How often one may try."""

from __future__ import annotations

from typing import Protocol


class RateLimits(Protocol):
    """Counts tries by kind and by who tries. Safe to use from many threads; shared by all nodes where it can be."""

    def hit(self, kind: str, *who: str) -> None:
        """Count one try. Raises TooManyRequests where there were too many."""
        ...
