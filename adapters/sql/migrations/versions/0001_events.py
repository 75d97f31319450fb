"""Events, activities, risk profiles, operators, and the ids of operations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from adapters.sql.migrations import MYSQL_OPTIONS, create_index_once
from adapters.sql.types import Id, Instant, Money, money_check

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("id", Id, primary_key=True, autoincrement=True),
        sa.Column("stream", sa.String(16), nullable=False),
        sa.Column("user_id", sa.BigInteger, nullable=False),
        sa.Column("type", sa.String(16), nullable=False),
        sa.Column("amount", Money, nullable=False),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("alert_codes", sa.String(255), nullable=False, comment="ascending, separated by commas"),
        sa.Column("received_at", Instant, nullable=False),
        money_check("amount"),
        if_not_exists=True,
        **MYSQL_OPTIONS,
    )
    op.create_table(
        "activities",
        sa.Column("stream", sa.String(16), primary_key=True),
        sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column(
            "state", sa.Text, nullable=False, comment="what the rules remember of the user's events; see rows.py"
        ),
        if_not_exists=True,
        **MYSQL_OPTIONS,
    )
    op.create_table(
        "risk_profiles",
        sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("rating", sa.String(16), nullable=False),
        sa.Column("thresholds", sa.Text, nullable=False, comment="JSON: alert code to limit"),
        if_not_exists=True,
        **MYSQL_OPTIONS,
    )
    op.create_table(
        "operators",
        sa.Column("name", sa.String(128), primary_key=True),
        sa.Column("key_fingerprint", sa.String(128), nullable=False, unique=True),
        sa.Column("created_at", Instant, nullable=False),
        if_not_exists=True,
        **MYSQL_OPTIONS,
    )
    op.create_table(
        "operations",
        sa.Column(
            "id",
            sa.String(36),
            primary_key=True,
            comment="settles whether a COMMIT took place when its answer was lost",
        ),
        sa.Column("created_at", Instant, nullable=False),
        if_not_exists=True,
        **MYSQL_OPTIONS,
    )
    create_index_once("ix_events_stream_user_id_time", "events", ["stream", "user_id", "time"])
    create_index_once("ix_operations_created_at", "operations", ["created_at"])
