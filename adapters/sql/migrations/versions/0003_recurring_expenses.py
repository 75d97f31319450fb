"""Expenses that come back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from adapters.sql.migrations import MYSQL_OPTIONS, create_index_once
from adapters.sql.types import Id, Instant, Money, money_check

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "recurring_expenses",
        sa.Column("id", Id, primary_key=True, autoincrement=True),
        sa.Column("user_id", Id, sa.ForeignKey("users.id"), nullable=False),
        sa.Column("expense_name", sa.String(255), nullable=False),
        sa.Column("amount", Money, nullable=False),
        sa.Column("frequency", sa.String(50), nullable=False),
        sa.Column("start_date", sa.Date, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        money_check("amount"),
        if_not_exists=True,
        sqlite_autoincrement=True,
        **MYSQL_OPTIONS,
    )
    create_index_once("ix_recurring_expenses_user_id", "recurring_expenses", ["user_id"])
