"""Expenses that come back. Source: seed A, task 2; contract A4, A6."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Final, Literal

import attrs

from domain.model.quotas import Quota

Frequency = Literal["daily", "weekly", "biweekly", "monthly", "quarterly", "yearly"]

FREQUENCIES: Final[tuple[Frequency, ...]] = ("daily", "weekly", "biweekly", "monthly", "quarterly", "yearly")
RECURRING_EXPENSES: Final = Quota("recurring", 1_000)
LONGEST_EXPENSE_NAME: Final = 255


@attrs.frozen
class Recurrence:
    """What comes back, how often, and since when. A positive `amount` is paid, a negative one received (A6)."""

    expense_name: str
    amount: Decimal
    frequency: Frequency
    start_date: date


@attrs.frozen
class RecurringExpense:
    """A recurrence as a user keeps it. `created_at` is UTC."""

    id: int
    user_id: int
    recurrence: Recurrence
    created_at: datetime
