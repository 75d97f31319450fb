"""What currencies are worth in each other, and what changing them costs."""

from __future__ import annotations

from typing import Protocol

from domain.model.rates import Quote


class Rates(Protocol):
    """Quotes by pair of currencies. Safe to use from many threads."""

    def quote(self, source: str, target: str) -> Quote | None:
        """The quote from one currency to another, by their codes in capital letters; None where there is none."""
        ...
