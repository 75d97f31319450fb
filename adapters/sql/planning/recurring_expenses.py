"""Expenses that come back, in SQL."""

from __future__ import annotations

from datetime import datetime

import attrs
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Date,
    ForeignKey,
    String,
    Table,
    and_,
    delete,
    func,
    select,
    update,
)

from adapters.sql.mapping import FlatRows
from adapters.sql.schema_metadata import NO_ID_TWICE, metadata
from adapters.sql.types import Id, Instant, Money, money_check
from adapters.sql.upserts import insert_row
from domain.model.recurring import Recurrence, RecurringExpense

recurring_expenses = Table(
    "recurring_expenses",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("user_id", Id, ForeignKey("users.id"), nullable=False, index=True),
    Column("expense_name", String(255), nullable=False),
    Column("amount", Money, nullable=False),
    Column("frequency", String(50), nullable=False),
    Column("start_date", Date, nullable=False),
    Column("created_at", Instant, nullable=False),
    money_check("amount"),
    info=NO_ID_TWICE,
)


class SqlRecurringExpenseStore:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, user_id: int, recurrence: Recurrence, created_at: datetime) -> RecurringExpense:
        values = {"user_id": user_id, "created_at": created_at, **attrs.asdict(recurrence)}
        expense_id = insert_row(self._connection, recurring_expenses, values)
        return RecurringExpense(expense_id, user_id, recurrence, created_at)

    def of_user(self, user_id: int) -> list[RecurringExpense]:
        expense = recurring_expenses.c
        query = select(recurring_expenses).where(expense.user_id == user_id).order_by(expense.id)
        return [_ROWS.entity(RecurringExpense, row) for row in self._connection.execute(query).mappings()]

    def count(self, user_id: int) -> int:
        own = select(func.count()).where(recurring_expenses.c.user_id == user_id)
        return self._connection.execute(own).scalar_one()

    def change(self, user_id: int, expense_id: int, recurrence: Recurrence) -> RecurringExpense | None:
        whose = _whose(user_id, expense_id)
        self._connection.execute(update(recurring_expenses).where(whose).values(attrs.asdict(recurrence)))
        row = self._connection.execute(select(recurring_expenses).where(whose)).mappings().one_or_none()
        return None if row is None else _ROWS.entity(RecurringExpense, row)

    def remove(self, user_id: int, expense_id: int) -> bool:
        result = self._connection.execute(delete(recurring_expenses).where(_whose(user_id, expense_id)))
        return result.rowcount == 1


def _whose(user_id: int, expense_id: int) -> ColumnElement[bool]:
    expense = recurring_expenses.c
    return and_(expense.id == expense_id, expense.user_id == user_id)


_ROWS = FlatRows()
