"""Users and their accounts, movements of money, sessions, codes, idempotency keys, due work, mail, notifications."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from adapters.sql.migrations import MYSQL_OPTIONS, create_index_once
from adapters.sql.types import Id, Instant, Money, money_check

revision = "0002"
down_revision = "0001"

ONCE = {"if_not_exists": True, **MYSQL_OPTIONS}
NO_ID_TWICE = {"sqlite_autoincrement": True}


def upgrade() -> None:
    _users()
    _transactions()
    _sessions()
    _one_time_codes()
    _idempotency_keys()
    _due_work()
    _outbox()
    _notifications()
    _key_proofs()


def _key_proofs() -> None:
    op.create_table(
        "key_proofs",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column(
            "proof",
            sa.String(64),
            nullable=False,
            comment="tells whether a key is the one that the data was made with",
        ),
        **ONCE,
    )


def _users() -> None:
    op.create_table(
        "users",
        sa.Column("id", Id, primary_key=True, autoincrement=True),
        sa.Column("account_number", sa.String(36), nullable=False, unique=True),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("email", sa.String(128), nullable=False),
        sa.Column(
            "email_key", sa.String(384), nullable=False, unique=True, comment="case folded, which may make it longer"
        ),
        sa.Column("hashed_password", sa.String(128), nullable=False),
        sa.Column("password_key", sa.String(16), nullable=False),
        sa.Column("balance", Money, nullable=False, server_default=sa.text("0")),
        sa.Column("address", sa.Text, nullable=True, comment="encrypted"),
        sa.Column("phone_number", sa.Text, nullable=True, comment="encrypted"),
        sa.Column(
            "phone_index", sa.String(128), nullable=True, unique=True, comment="blind, by the newest key of its time"
        ),
        sa.Column("country_code", sa.String(16), nullable=True),
        sa.Column("first_name", sa.String(128), nullable=True),
        sa.Column("last_name", sa.String(128), nullable=True),
        sa.Column("currency", sa.String(3), nullable=True),
        sa.Column("pin_hash", sa.String(160), nullable=True),
        sa.Column("pin_failures", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("pin_locked_until", Instant, nullable=True),
        sa.Column("created_at", Instant, nullable=False),
        money_check("balance"),
        **ONCE,
    )


def _transactions() -> None:
    op.create_table(
        "transactions",
        sa.Column("id", Id, primary_key=True, autoincrement=True),
        sa.Column("user_id", Id, sa.ForeignKey("users.id"), nullable=False),
        sa.Column("target_user_id", Id, sa.ForeignKey("users.id"), nullable=True),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("amount", Money, nullable=False),
        sa.Column("category", sa.String(255), nullable=True),
        sa.Column("timestamp", Instant, nullable=False),
        sa.Column("booked_at", Instant, nullable=False),
        sa.Column("fraud", sa.Boolean, nullable=True),
        sa.Column("reference", sa.String(140), nullable=True),
        money_check("amount"),
        **ONCE,
    )
    create_index_once("ix_transactions_user_id_id", "transactions", ["user_id", "id"])
    create_index_once("ix_transactions_target_user_id_id", "transactions", ["target_user_id", "id"])
    if op.get_bind().dialect.name == "sqlite":  # MySQL lets only an administrator make triggers where it keeps a binlog
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER IF NOT EXISTS transactions_refuse_{change.lower()} BEFORE {change} ON transactions "
                "BEGIN SELECT RAISE(ABORT, 'what was booked is never changed or deleted'); END"
            )


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("user_id", sa.BigInteger, nullable=False),
        sa.Column("family_id", sa.String(36), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        **ONCE,
    )
    op.create_table(
        "refresh_tokens",
        sa.Column("fingerprint", sa.String(128), primary_key=True),
        sa.Column("family_id", sa.String(36), nullable=False),
        sa.Column("user_id", sa.BigInteger, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.Column("family_expires_at", Instant, nullable=False),
        sa.Column("used_at", Instant, nullable=True),
        **ONCE,
    )
    for column in ("expires_at", "family_id", "user_id"):
        create_index_once(f"ix_sessions_{column}", "sessions", [column])
        create_index_once(f"ix_refresh_tokens_{column}", "refresh_tokens", [column])


def _one_time_codes() -> None:
    op.create_table(
        "one_time_codes",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("user_id", sa.BigInteger, nullable=False),
        sa.Column("purpose", sa.String(32), nullable=False),
        sa.Column("keyed_hash", sa.String(160), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("used", sa.Boolean, nullable=False),
        **ONCE,
    )
    by_user = ["user_id", "purpose", "created_at"]
    create_index_once("ix_one_time_codes_user_id_purpose_created_at", "one_time_codes", by_user)
    create_index_once("ix_one_time_codes_created_at", "one_time_codes", ["created_at"])


def _idempotency_keys() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("idempotency_key", sa.String(255), primary_key=True),
        sa.Column("fingerprint", sa.String(128), nullable=False),
        sa.Column("outcome", sa.BigInteger, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        **ONCE,
    )
    create_index_once("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"])


def _due_work() -> None:
    op.create_table(
        "due_work",
        sa.Column("id", Id, primary_key=True, autoincrement=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("subject", sa.BigInteger, nullable=False),
        sa.Column("due_at", Instant, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False, comment="due, or set aside"),
        sa.Column("reason", sa.String(255), nullable=True, comment="why it was set aside"),
        sa.UniqueConstraint("kind", "subject"),
        **ONCE,
        **NO_ID_TWICE,
    )
    create_index_once("ix_due_work_state_due_at", "due_work", ["state", "due_at"])


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", Id, primary_key=True, autoincrement=True),
        sa.Column("message_id", sa.String(255), nullable=False, unique=True),
        sa.Column("recipient", sa.Text, nullable=False, comment="encrypted"),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("body", sa.Text, nullable=False, comment="encrypted"),
        sa.Column("created_at", Instant, nullable=False),
        **ONCE,
        **NO_ID_TWICE,
    )


def _notifications() -> None:
    op.create_table(
        "notifications",
        sa.Column("id", Id, primary_key=True, autoincrement=True),
        sa.Column("user_id", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("data", sa.Text, nullable=False, comment="JSON"),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("read_at", Instant, nullable=True),
        **ONCE,
        **NO_ID_TWICE,
    )
    create_index_once("ix_notifications_user_id_id", "notifications", ["user_id", "id"])
