"""Every table. `migrations/` brings a database here; a test compares the two.

No argument for one dialect stands here: it would load that dialect at every start.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, MetaData, String, Table, Text

from adapters.sql.types import Id, Instant, Money, money_check

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

events = Table(
    "events",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("stream", String(16), nullable=False),
    Column("user_id", BigInteger, nullable=False),
    Column("type", String(16), nullable=False),
    Column("amount", Money, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("alert_codes", String(255), nullable=False, comment="ascending, separated by commas"),
    Column("received_at", Instant, nullable=False),
    money_check("amount"),
    Index("ix_events_stream_user_id_time", "stream", "user_id", "time"),
)

activities = Table(
    "activities",
    metadata,
    Column("stream", String(16), primary_key=True),
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("state", Text, nullable=False, comment="what the rules remember of the user's events; see rows.py"),
)

risk_profiles = Table(
    "risk_profiles",
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("rating", String(16), nullable=False),
    Column("thresholds", Text, nullable=False, comment="JSON: alert code to limit"),
)

operators = Table(
    "operators",
    metadata,
    Column("name", String(128), primary_key=True),
    Column("key_fingerprint", String(128), nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
)

operations = Table(
    "operations",
    metadata,
    Column("id", String(36), primary_key=True, comment="settles whether a COMMIT took place when its answer was lost"),
    Column("created_at", Instant, nullable=False, index=True),
)
