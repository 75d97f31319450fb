"""Expenses that come back, in SQL."""

from __future__ import annotations

from datetime import datetime

import attrs
from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select, update

from adapters.sql.rows import recurring_from_row
from adapters.sql.tables import recurring_expenses
from domain.model.recurring import Recurrence, RecurringExpense


class SqlRecurringExpenseStore:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, user_id: int, recurrence: Recurrence, created_at: datetime) -> RecurringExpense:
        values = {"user_id": user_id, "created_at": created_at, **attrs.asdict(recurrence)}
        (expense_id,) = self._connection.execute(insert(recurring_expenses), values).inserted_primary_key
        return RecurringExpense(int(expense_id), user_id, recurrence, created_at)

    def of_user(self, user_id: int) -> list[RecurringExpense]:
        expense = recurring_expenses.c
        query = select(recurring_expenses).where(expense.user_id == user_id).order_by(expense.id)
        return [recurring_from_row(row) for row in self._connection.execute(query)]

    def change(self, user_id: int, expense_id: int, recurrence: Recurrence) -> RecurringExpense | None:
        whose = _whose(user_id, expense_id)
        self._connection.execute(update(recurring_expenses).where(whose).values(attrs.asdict(recurrence)))
        row = self._connection.execute(select(recurring_expenses).where(whose)).one_or_none()
        return None if row is None else recurring_from_row(row)

    def remove(self, user_id: int, expense_id: int) -> bool:
        result = self._connection.execute(delete(recurring_expenses).where(_whose(user_id, expense_id)))
        return result.rowcount == 1


def _whose(user_id: int, expense_id: int) -> ColumnElement[bool]:
    expense = recurring_expenses.c
    return and_(expense.id == expense_id, expense.user_id == user_id)
