"""Every table. `migrations/` brings a database here; a test compares the two.

No argument for one dialect stands here: it would load that dialect at every start.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from adapters.sql.types import Id, Instant, Money, Precise, money_check

NO_ID_TWICE = {"no id twice": True}
"""Of a table whose rows are deleted while somebody may still remember their ids: SQLite would give them away again."""

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
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

key_proofs = Table(
    "key_proofs",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("proof", String(64), nullable=False, comment="tells whether a key is the one that the data was made with"),
)

operations = Table(
    "operations",
    metadata,
    Column("id", String(36), primary_key=True, comment="settles whether a COMMIT took place when its answer was lost"),
    Column("created_at", Instant, nullable=False, index=True),
)

users = Table(
    "users",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("account_number", String(36), nullable=False, unique=True),
    Column("name", String(128), nullable=False),
    Column("email", String(128), nullable=False),
    Column("email_key", String(384), nullable=False, unique=True, comment="case folded, which may make it longer"),
    Column("hashed_password", String(128), nullable=False),
    Column("password_key", String(16), nullable=False),
    Column("balance", Money, nullable=False, server_default=text("0")),
    Column("address", Text, nullable=True, comment="encrypted"),
    Column("phone_number", Text, nullable=True, comment="encrypted"),
    Column("phone_index", String(128), nullable=True, unique=True, comment="blind, by the newest key of its time"),
    Column("country_code", String(16), nullable=True),
    Column("first_name", String(128), nullable=True),
    Column("last_name", String(128), nullable=True),
    Column("currency", String(3), nullable=True),
    Column("pin_hash", String(160), nullable=True),
    Column("pin_failures", Integer, nullable=False, server_default=text("0")),
    Column("pin_locked_until", Instant, nullable=True),
    Column("created_at", Instant, nullable=False),
    money_check("balance"),
)

transactions = Table(
    "transactions",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("user_id", Id, ForeignKey("users.id"), nullable=False),
    Column("target_user_id", Id, ForeignKey("users.id"), nullable=True),
    Column("type", String(32), nullable=False),
    Column("amount", Money, nullable=False),
    Column("category", String(255), nullable=True),
    Column("timestamp", Instant, nullable=False),
    Column("booked_at", Instant, nullable=False),
    Column("fraud", Boolean, nullable=True),
    Column("reference", String(140), nullable=True),
    money_check("amount"),
    Index("ix_transactions_user_id_id", "user_id", "id"),
    Index("ix_transactions_target_user_id_id", "target_user_id", "id"),
)

card_payments = Table(
    "card_payments",
    metadata,
    Column("transaction_id", BigInteger, primary_key=True, autoincrement=False),
    Column("user_id", BigInteger, nullable=False),
    Column("category_key", String(64), nullable=False, comment="a digest of the category, case folded"),
    Column("timestamp", Instant, nullable=False),
    Column("amount", Money, nullable=False),
    Column("reasons", Text, nullable=True, comment="JSON: why it was judged as it was; null where no rule fired"),
    money_check("amount"),
    Index("ix_card_payments_user_id_category_key_timestamp", "user_id", "category_key", "timestamp"),
    Index("ix_card_payments_user_id_timestamp", "user_id", "timestamp"),
)

spending_days = Table(
    "spending_days",
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("day", String(10), primary_key=True, comment="UTC, YYYY-MM-DD"),
    Column("whole", BigInteger, nullable=False, comment="the sum of the positive card payments, before the point"),
    Column("cents", BigInteger, nullable=False, comment="... and behind it"),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("user_id", BigInteger, nullable=False),
    Column("target_amount", Money, nullable=True),
    Column("alert_threshold", Money, nullable=True),
    Column("balance_drop_threshold", Money, nullable=True),
    Column("highest_balance", Money, nullable=True, comment="since the alert was made, or last fired"),
    Column("status", String(8), nullable=False),
    Column("created_at", Instant, nullable=False),
    *(money_check(name) for name in ("target_amount", "alert_threshold", "balance_drop_threshold", "highest_balance")),
    Index("ix_alerts_user_id_id", "user_id", "id"),
    info=NO_ID_TWICE,
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("user_id", BigInteger, nullable=False, index=True),
    Column("family_id", String(36), nullable=False, index=True),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("fingerprint", String(128), primary_key=True),
    Column("family_id", String(36), nullable=False, index=True),
    Column("user_id", BigInteger, nullable=False, index=True),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("family_expires_at", Instant, nullable=False),
    Column("used_at", Instant, nullable=True),
)

one_time_codes = Table(
    "one_time_codes",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("user_id", BigInteger, nullable=False),
    Column("purpose", String(32), nullable=False),
    Column("keyed_hash", String(160), nullable=False),
    Column("created_at", Instant, nullable=False, index=True),
    Column("expires_at", Instant, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("used", Boolean, nullable=False),
    Index("ix_one_time_codes_user_id_purpose_created_at", "user_id", "purpose", "created_at"),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("idempotency_key", String(255), primary_key=True),
    Column("fingerprint", String(128), nullable=False),
    Column("outcome", BigInteger, nullable=False),
    Column("created_at", Instant, nullable=False, index=True),
)

due_work = Table(
    "due_work",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("kind", String(32), nullable=False),
    Column("subject", BigInteger, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("state", String(16), nullable=False, comment="due, or set aside"),
    Column("reason", String(255), nullable=True, comment="why it was set aside"),
    UniqueConstraint("kind", "subject"),
    Index("ix_due_work_state_due_at", "state", "due_at"),
    info=NO_ID_TWICE,
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("message_id", String(255), nullable=False, unique=True),
    Column("recipient", Text, nullable=False, comment="encrypted"),
    Column("subject", String(255), nullable=False),
    Column("body", Text, nullable=False, comment="encrypted"),
    Column("created_at", Instant, nullable=False),
    info=NO_ID_TWICE,
)

notifications = Table(
    "notifications",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("user_id", BigInteger, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("data", Text, nullable=False, comment="JSON"),
    Column("created_at", Instant, nullable=False),
    Column("read_at", Instant, nullable=True),
    Index("ix_notifications_user_id_id", "user_id", "id"),
    info=NO_ID_TWICE,
)

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

holdings = Table(
    "holdings",
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("symbol", String(32), primary_key=True),
    Column("quantity", Precise, nullable=False),
    Column("cost", Precise, nullable=False, comment="what was paid for the units that are held"),
    Column("realised", Precise, nullable=False, comment="the profit of all sales so far"),
    Column("bot_price", Precise, nullable=True, comment="of the bot's last trade since the holding was zero"),
)

trades = Table(
    "trades",
    metadata,
    Column("transaction_id", BigInteger, primary_key=True, autoincrement=False),
    Column("user_id", BigInteger, nullable=False),
    Column("symbol", String(32), nullable=False),
    Column("quantity", Precise, nullable=False),
    Column("price", Precise, nullable=False),
    Column("profit", Precise, nullable=True, comment="of a sale"),
    Column("reason", String(255), nullable=True, comment="the bot's; null where the customer traded"),
    Index("ix_trades_user_id_transaction_id", "user_id", "transaction_id"),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("user_id", BigInteger, nullable=False),
    Column("name", String(128), nullable=True),
    Column("amount", Money, nullable=False),
    Column("interval_seconds", Integer, nullable=False),
    Column("status", String(16), nullable=False),
    Column("payments", BigInteger, nullable=False, comment="how many were made"),
    Column("created_at", Instant, nullable=False),
    Column("ended_at", Instant, nullable=True),
    money_check("amount"),
    Index("ix_subscriptions_user_id_id", "user_id", "id"),
)

subscription_payments = Table(
    "subscription_payments",
    metadata,
    Column("subscription_id", BigInteger, primary_key=True, autoincrement=False),
    Column("due_at", Instant, primary_key=True),
    Column("transaction_id", BigInteger, nullable=False),
)

auto_investing = Table(
    "auto_investing",
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("enabled", Boolean, nullable=False),
    Column("changed_at", Instant, nullable=True),
    Column("realised", Precise, nullable=False, comment="the profit of the bot's sales"),
)
