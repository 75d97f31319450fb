"""Expenses that come back, in memory."""

from __future__ import annotations

from datetime import datetime
from itertools import count

import attrs

from adapters.memory.undo import UndoLog, drop, put
from domain.model.recurring import Recurrence, RecurringExpense


class MemoryRecurringExpenseStore:
    def __init__(self, undo: UndoLog) -> None:
        self._undo = undo
        self._ids = count(1)
        self._kept: dict[int, RecurringExpense] = {}

    def add(self, user_id: int, recurrence: Recurrence, created_at: datetime) -> RecurringExpense:
        expense = RecurringExpense(next(self._ids), user_id, recurrence, created_at)
        put(self._kept, expense.id, expense, self._undo)
        return expense

    def of_user(self, user_id: int) -> list[RecurringExpense]:
        return [one for _, one in sorted(self._kept.items()) if one.user_id == user_id]

    def count(self, user_id: int) -> int:
        return len(self.of_user(user_id))

    def change(self, user_id: int, expense_id: int, recurrence: Recurrence) -> RecurringExpense | None:
        expense = self._of(user_id, expense_id)
        if expense is None:
            return None
        changed = attrs.evolve(expense, recurrence=recurrence)
        put(self._kept, expense_id, changed, self._undo)
        return changed

    def remove(self, user_id: int, expense_id: int) -> bool:
        if self._of(user_id, expense_id) is None:
            return False
        drop(self._kept, expense_id, self._undo)
        return True

    def _of(self, user_id: int, expense_id: int) -> RecurringExpense | None:
        expense = self._kept.get(expense_id)
        return expense if expense is not None and expense.user_id == user_id else None
