"""What customers spend and receive, and why a payment looks unusual.

Sources: seed A, task 5; seed D; contract A9, D1, D5.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Final, Literal

import attrs

from domain.model.money import EXACT

Source = Literal["card", "manual", "import", "receipt"]
"""A card payment, or an expense that was entered by hand, imported, or read off a receipt."""

NOTHING: Final = Decimal("0.00")


def folded(category: str) -> str:
    """What is equal for two spellings of one category: case doesn't count, and every other character does."""
    return category.casefold()


@attrs.frozen
class SpendingEntry:
    """One amount that was spent (positive) or received (any other). Ids are their source's own."""

    source: Source
    id: int
    timestamp: datetime
    amount: Decimal
    category: str


@attrs.frozen
class SpendingTotal:
    """Exact sums of entries, both at least zero with two decimals, and how many entries each is of."""

    spent: Decimal = NOTHING
    received: Decimal = NOTHING
    times_spent: int = 0
    times_received: int = 0

    @property
    def count(self) -> int:
        """How many entries, of either sign."""
        return self.times_spent + self.times_received

    def plus(self, amount: Decimal) -> SpendingTotal:
        """The total with one more entry, of either sign."""
        if amount > 0:
            return attrs.evolve(self, spent=EXACT.add(self.spent, amount), times_spent=self.times_spent + 1)
        received = EXACT.subtract(self.received, amount)
        return attrs.evolve(self, received=received, times_received=self.times_received + 1)


@attrs.frozen
class DayTotal:
    """What one source says of one UTC day and one category, which is case folded."""

    day: date
    source: Source
    category: str
    total: SpendingTotal


@attrs.frozen
class SpendingFacts:
    """What a customer spent before a payment, as far as the rules ask: see `windows_before` in `spending_fraud.py`."""

    day_totals: tuple[Decimal, ...] = ()
    """Of each day with spending in the rules' window of days."""

    category_used: bool = False
    recent_count: int = 0
    """Without the payment itself, as is the total."""

    recent_total: Decimal = NOTHING


@attrs.frozen
class SpendingReason:
    """Why one rule fired: the `observed` value and the `threshold` that it crossed; `window` in words."""

    rule: str
    sentence: str
    observed: Decimal
    threshold: Decimal
    window: str
    would_pass: str | None
    """The smallest change to the payment alone that would have kept the rule from firing, where there is one."""

    def __str__(self) -> str:
        return f"{self.sentence}: observed {self.observed}, threshold {self.threshold}"
