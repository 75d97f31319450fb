"""Spending summed by category and by spans of time, indexes for quotas, and the time zones of users."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from alembic import op

from adapters.sql.migrations import MYSQL_OPTIONS, add_column_once, create_index_once, drop_index_once
from adapters.sql.types import Instant, Money

revision = "0008"
down_revision = "0007"

ONCE = {"if_not_exists": True, **MYSQL_OPTIONS}
SPANS = (86_400_000_000, 900_000_000, 10_000_000, 100_000, 1_000, 1)
FEW = 64
SUMS = ("times_spent", "spent_whole", "spent_cents", "times_received", "received_whole", "received_cents")
PORTION = 5_000
"""So many payments a statement: however many there are, each is answered within the driver's time."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

payments = sa.table(
    "card_payments",
    sa.column("transaction_id", sa.BigInteger),
    sa.column("user_id", sa.BigInteger),
    sa.column("category_key", sa.String),
    sa.column("timestamp", Instant),
    sa.column("amount", Money),
    sa.column("spent", sa.Boolean),
)
transactions = sa.table("transactions", sa.column("id", sa.BigInteger), sa.column("category", sa.String))


def upgrade() -> None:
    add_column_once("users", sa.Column("time_zone", sa.String(64), nullable=True))
    create_index_once("ix_subscriptions_user_id_status", "subscriptions", ["user_id", "status"])
    create_index_once("ix_refresh_tokens_user_id_used_at", "refresh_tokens", ["user_id", "used_at"])
    drop_index_once("ix_refresh_tokens_user_id", "refresh_tokens")
    _card_payments()
    _sums()
    op.drop_table("spending_days", if_exists=True)


def _card_payments() -> None:
    spent = sa.Column(
        "spent", sa.Boolean, nullable=False, server_default=sa.text("0"), comment="whether the amount is positive"
    )
    add_column_once("card_payments", spent)
    _in_ranges(
        lambda own: sa.update(payments).where(own, payments.c.amount > sa.literal_column("0")).values(spent=True)
    )
    by_category = ["user_id", "category_key", "spent", "timestamp", "transaction_id"]
    create_index_once("ix_card_payments_by_category", "card_payments", by_category)
    create_index_once("ix_card_payments_by_time", "card_payments", ["user_id", "timestamp", "transaction_id"])
    drop_index_once("ix_card_payments_user_id_category_key_timestamp", "card_payments")
    drop_index_once("ix_card_payments_user_id_timestamp", "card_payments")


def _in_ranges(statement: Callable[[sa.ColumnElement[bool]], sa.Update]) -> None:
    id, connection = payments.c.transaction_id, op.get_bind()
    lowest, highest = connection.execute(sa.select(sa.func.min(id), sa.func.max(id))).one()
    for first in range(lowest or 1, (highest or 0) + 1, PORTION):
        connection.execute(statement(id.between(first, first + PORTION - 1)))
        _commit(connection)


def _sums() -> None:
    """Made anew from the payments: whatever a migration that was cut off has left."""
    categories = op.create_table(
        "spending_categories",
        sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("day", sa.String(10), primary_key=True, comment="UTC, YYYY-MM-DD"),
        sa.Column("source", sa.String(8), primary_key=True),
        sa.Column("category_key", sa.String(64), primary_key=True, comment="a digest of the category, case folded"),
        sa.Column("category", sa.String(765), nullable=False, comment="case folded, which may make it longer"),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in SUMS),
        **ONCE,
    )
    spans = op.create_table(
        "spending_spans",
        sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("source", sa.String(8), primary_key=True),
        sa.Column("level", sa.SmallInteger, primary_key=True, autoincrement=False, comment="of its length: 0 is a day"),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False, comment="from 1970 on"),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in SUMS),
        **ONCE,
    )
    connection = op.get_bind()
    for table in (categories, spans):
        connection.execute(sa.delete(table).where(table.c.source == "card"))
    for (user_id, day), found in groupby(_payments(connection), lambda row: (row.user_id, row.timestamp.date())):
        entries = list(found)
        own = {"user_id": user_id, "source": "card"}
        by_category: dict[tuple[str, str], list[Any]] = {}
        for one in entries:
            by_category.setdefault((one.category_key, (one.category or "").casefold()), []).append(one)
        rows = [
            {**own, "day": day.isoformat(), "category_key": key, "category": category, **_summed(some)}
            for (key, category), some in by_category.items()
        ]
        connection.execute(sa.insert(categories), rows)
        connection.execute(sa.insert(spans), [{**own, **row} for row in _spans(0, entries)])
        _commit(connection)


def _payments(connection: sa.Connection) -> Iterator[Any]:
    """Every payment, by user and then by time."""
    order = payments.c.user_id, payments.c.timestamp, payments.c.transaction_id
    query = (
        sa.select(*order, payments.c.category_key, payments.c.amount, transactions.c.category)
        .join(transactions, transactions.c.id == payments.c.transaction_id)
        .order_by(*order)
        .limit(PORTION)
    )
    rows = connection.execute(query).all()
    while rows:
        yield from rows
        rows = connection.execute(query.where(_behind(connection, order, rows[-1][:3]))).all()


def _behind(
    connection: sa.Connection, order: Sequence[sa.ColumnElement[Any]], last: Sequence[Any]
) -> sa.ColumnElement[bool]:
    """What comes behind the last one, in the words that each database looks up by an index."""
    if connection.dialect.name == "sqlite":
        binds = [sa.literal(value, column.type) for column, value in zip(order, last, strict=True)]
        return sa.tuple_(*order) > sa.tuple_(*binds)
    (user_id, timestamp, id), (last_user, last_time, last_id) = order, last
    own, then = user_id == last_user, timestamp == last_time
    return sa.or_(user_id > last_user, own & (timestamp > last_time), own & then & (id > last_id))


def _spans(level: int, entries: Iterable[Any]) -> Iterator[dict[str, int]]:
    """The spans of this level that the entries are in, and where they crowd the shorter ones too."""
    parts: dict[int, list[Any]] = {}
    for one in entries:
        microseconds = (one.timestamp - EPOCH) // timedelta(microseconds=1)
        parts.setdefault(microseconds // SPANS[level], []).append(one)
    for number, own in parts.items():
        yield {"level": level, "number": number, **_summed(own)}
        if len(own) > FEW and level < len(SPANS) - 1:
            yield from _spans(level + 1, own)


def _summed(entries: Iterable[Any]) -> dict[str, int]:
    sums = dict.fromkeys(SUMS, 0)
    for one in entries:
        way = "spent" if one.amount > 0 else "received"
        whole, cents = divmod(abs(int(Decimal(one.amount) * 100)), 100)
        for name, value in ((f"times_{way}", 1), (f"{way}_whole", whole), (f"{way}_cents", cents)):
            sums[name] += value
    return sums


def _commit(connection: sa.Connection) -> None:
    """On MySQL, as it does by itself at each change of the schema: no lock is held for long."""
    if connection.dialect.name == "mysql":
        connection.commit()
