"""Holdings and trades, subscriptions and their payments, and the bot's state."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from adapters.sql.migrations import MYSQL_OPTIONS, create_index_once
from adapters.sql.types import Id, Instant, Money, Precise, money_check

revision = "0005"
down_revision = "0004"

ONCE = {"if_not_exists": True, **MYSQL_OPTIONS}


def upgrade() -> None:
    _assets()
    _subscriptions()
    op.create_table(
        "auto_investing",
        sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("changed_at", Instant, nullable=True),
        sa.Column("realised", Precise, nullable=False, comment="the profit of the bot's sales"),
        **ONCE,
    )


def _assets() -> None:
    op.create_table(
        "holdings",
        sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("symbol", sa.String(16), primary_key=True),
        sa.Column("quantity", Precise, nullable=False),
        sa.Column("cost", Precise, nullable=False, comment="what was paid for the units that are held"),
        sa.Column("realised", Precise, nullable=False, comment="the profit of all sales so far"),
        sa.Column("bot_price", Precise, nullable=True, comment="of the bot's last trade since the holding was zero"),
        **ONCE,
    )
    op.create_table(
        "trades",
        sa.Column("transaction_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("user_id", sa.BigInteger, nullable=False),
        sa.Column("symbol", sa.String(16), nullable=False),
        sa.Column("quantity", Precise, nullable=False),
        sa.Column("price", Precise, nullable=False),
        sa.Column("profit", Precise, nullable=True, comment="of a sale"),
        sa.Column("reason", sa.String(255), nullable=True, comment="the bot's; null where the customer traded"),
        **ONCE,
    )
    create_index_once("ix_trades_user_id_transaction_id", "trades", ["user_id", "transaction_id"])


def _subscriptions() -> None:
    op.create_table(
        "subscriptions",
        sa.Column("id", Id, primary_key=True, autoincrement=True),
        sa.Column("user_id", sa.BigInteger, nullable=False),
        sa.Column("name", sa.String(128), nullable=True),
        sa.Column("amount", Money, nullable=False),
        sa.Column("interval_seconds", sa.Integer, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("payments", sa.BigInteger, nullable=False, comment="how many were made"),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("ended_at", Instant, nullable=True),
        money_check("amount"),
        **ONCE,
    )
    create_index_once("ix_subscriptions_user_id_id", "subscriptions", ["user_id", "id"])
    op.create_table(
        "subscription_payments",
        sa.Column("subscription_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("due_at", Instant, primary_key=True),
        sa.Column("transaction_id", sa.BigInteger, nullable=False),
        **ONCE,
    )
