"""Card payments with the facts that judge them, and alerts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from adapters.sql.migrations import MYSQL_OPTIONS, create_index_once
from adapters.sql.types import Id, Instant, Money, money_check

revision = "0004"
down_revision = "0003"

ONCE = {"if_not_exists": True, **MYSQL_OPTIONS}
ALERT_AMOUNTS = ("target_amount", "alert_threshold", "balance_drop_threshold", "highest_balance")


def upgrade() -> None:
    op.create_table(
        "card_payments",
        sa.Column("transaction_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("user_id", sa.BigInteger, nullable=False),
        sa.Column("category_key", sa.String(64), nullable=False, comment="a digest of the category, case folded"),
        sa.Column("timestamp", Instant, nullable=False),
        sa.Column("amount", Money, nullable=False),
        sa.Column(
            "reasons", sa.Text, nullable=True, comment="JSON: why it was judged as it was; null where no rule fired"
        ),
        money_check("amount"),
        **ONCE,
    )
    op.create_table(
        "spending_days",
        sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("day", sa.String(10), primary_key=True, comment="UTC, YYYY-MM-DD"),
        sa.Column(
            "whole", sa.BigInteger, nullable=False, comment="the sum of the positive card payments, before the point"
        ),
        sa.Column("cents", sa.BigInteger, nullable=False, comment="... and behind it"),
        **ONCE,
    )
    op.create_table(
        "alerts",
        sa.Column("id", Id, primary_key=True, autoincrement=True),
        sa.Column("user_id", sa.BigInteger, nullable=False),
        sa.Column("target_amount", Money, nullable=True),
        sa.Column("alert_threshold", Money, nullable=True),
        sa.Column("balance_drop_threshold", Money, nullable=True),
        sa.Column("highest_balance", Money, nullable=True, comment="since the alert was made, or last fired"),
        sa.Column("status", sa.String(8), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        *(money_check(name) for name in ALERT_AMOUNTS),
        sqlite_autoincrement=True,
        **ONCE,
    )
    category = ["user_id", "category_key", "timestamp"]
    create_index_once("ix_card_payments_user_id_category_key_timestamp", "card_payments", category)
    create_index_once("ix_card_payments_user_id_timestamp", "card_payments", ["user_id", "timestamp"])
    create_index_once("ix_alerts_user_id_id", "alerts", ["user_id", "id"])
