"""Expenses that come back."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from domain.model.recurring import Recurrence, RecurringExpense


class RecurringExpenseStore(Protocol):
    """Recurring expenses of each user. The id of one that was removed is never given to another."""

    def add(self, user_id: int, recurrence: Recurrence, created_at: datetime) -> RecurringExpense:
        """Keep a new expense, whose id is greater than those before."""
        ...

    def of_user(self, user_id: int) -> list[RecurringExpense]:
        """All of the user's expenses, oldest first."""
        ...

    def count(self, user_id: int) -> int:
        """How many expenses the user has."""
        ...

    def change(self, user_id: int, expense_id: int, recurrence: Recurrence) -> RecurringExpense | None:
        """Put another recurrence in the place of an expense's; None where the user has none of this id."""
        ...

    def remove(self, user_id: int, expense_id: int) -> bool:
        """Forget an expense; False where the user has none of this id."""
        ...
