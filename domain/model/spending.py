"""What a customer spent, and why a payment looks unusual. Source: seed A, task 5; contract A9."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import attrs

DAYS: Final = 90
"""So many whole UTC days before a payment's own make its average day."""


@attrs.frozen
class SpendingFacts:
    """What a customer spent before: positive card payments only.

    `day_totals` are those of the days with spending among the 90 whole UTC days before the payment's day. The recent
    ones have timestamps in the 5 minutes up to the payment's, both ends counted, without itself.
    """

    day_totals: tuple[Decimal, ...] = ()
    category_used: bool = False
    """Whether the category was used in the 6 calendar months before the payment's instant."""

    recent_count: int = 0
    recent_total: Decimal = Decimal("0.00")


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
