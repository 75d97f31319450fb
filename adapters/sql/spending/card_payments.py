"""Card payments and the facts of them, in SQL."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Executable,
    Index,
    String,
    Table,
    Text,
    bindparam,
    exists,
    func,
    insert,
    literal_column,
    select,
)

from adapters.sql.identity.users import users
from adapters.sql.mapping import two_decimals
from adapters.sql.money.ledger import booked_from_row, transactions
from adapters.sql.prepared import Prepared
from adapters.sql.schema_metadata import metadata
from adapters.sql.types import Instant, Money, money_check, money_sum
from adapters.sql.upserts import add_on_conflict
from domain.model.money import EXACT
from domain.model.spending import DAYS, SpendingFacts, SpendingReason
from domain.model.transactions import BookedMovement, Movement

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


class SqlSpendingStore:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def facts(
        self, user_id: int, category: str, timestamp: datetime, category_since: datetime, recent_since: datetime
    ) -> SpendingFacts:
        today = timestamp.date()
        first, last = (today - timedelta(days=DAYS)).isoformat(), (today - timedelta(days=1)).isoformat()
        days = _DAYS.all(self._connection, (user_id, first, last))
        ((used,),) = _USED.all(self._connection, (user_id, category_key(category), category_since, timestamp))
        ((count, total),) = _RECENT.rows(self._connection, (user_id, recent_since, timestamp))
        return SpendingFacts(
            day_totals=tuple(Decimal(whole * 100 + cents).scaleb(-2, EXACT) for whole, cents in days),
            category_used=bool(used),
            recent_count=count,
            recent_total=two_decimals(total or Decimal(0)),
        )

    def record(self, transaction_id: int, payment: Movement, reasons: Sequence[SpendingReason]) -> None:
        kept = _reasons_to_text(reasons) if reasons else None
        key = category_key(payment.category or "")
        values = (transaction_id, payment.user_id, key, payment.timestamp, payment.amount, kept)
        _RECORD.execute(self._connection, values)
        if payment.amount > 0:
            whole, cents = divmod(int(payment.amount.scaleb(2, EXACT)), 100)
            _ADD.execute(self._connection, (payment.user_id, payment.timestamp.date().isoformat(), whole, cents))

    def reasons(self, transaction_id: int) -> list[SpendingReason]:
        query = select(card_payments.c.reasons).where(card_payments.c.transaction_id == transaction_id)
        text = self._connection.execute(query).scalar_one_or_none()
        return [] if text is None else _reasons_from_text(text)

    def payments(
        self,
        user_id: int,
        limit: int,
        *,
        before: int | None = None,
        category: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[BookedMovement]:
        booked, kept = transactions.c, card_payments.c
        wanted = [booked.user_id == user_id, booked.type == "CARD_PAYMENT"]
        wanted += [] if before is None else [booked.id < before]
        wanted += [] if category is None else [kept.category_key == category_key(category)]
        wanted += [] if since is None else [kept.timestamp >= since]
        wanted += [] if until is None else [kept.timestamp < until]
        query = (
            select(transactions, users.c.account_number)
            .join(card_payments, kept.transaction_id == booked.id)
            .join(users, users.c.id == booked.user_id)
            .where(*wanted)
            .order_by(booked.id.desc())
            .limit(limit)
        )
        return [booked_from_row((*row, None)) for row in self._connection.execute(query)]


def _reasons_to_text(reasons: Sequence[SpendingReason]) -> str:
    return msgspec.json.encode(list(reasons)).decode()


def _reasons_from_text(text: str) -> list[SpendingReason]:
    return msgspec.json.decode(text, type=list[SpendingReason])


def category_key(category: str) -> str:
    """What is equal for two spellings of one category: case doesn't count, and every other character does."""
    return hashlib.sha256(category.casefold().encode("utf-8", "surrogatepass")).hexdigest()


def _days(dialect: Dialect, size: int) -> Executable:
    day = spending_days.c
    window = day.day.between(bindparam("first", type_=day.day.type), bindparam("last", type_=day.day.type))
    return select(day.whole, day.cents).where(day.user_id == bindparam("user_id"), window)


def _used(dialect: Dialect, size: int) -> Executable:
    payment = card_payments.c
    found = exists().where(
        payment.user_id == bindparam("user_id"),
        payment.category_key == bindparam("category_key"),
        payment.timestamp >= bindparam("since", type_=payment.timestamp.type),
        payment.timestamp < bindparam("until", type_=payment.timestamp.type),
        payment.amount > _ZERO,
    )
    return select(found)


def _recent(dialect: Dialect, size: int) -> Executable:
    payment = card_payments.c
    return select(func.count(), money_sum(payment.amount, dialect)).where(
        payment.user_id == bindparam("user_id"),
        payment.timestamp >= bindparam("since", type_=payment.timestamp.type),
        payment.timestamp <= bindparam("until", type_=payment.timestamp.type),
        payment.amount > _ZERO,
    )


def _record(dialect: Dialect, size: int) -> Executable:
    return insert(card_payments).values({column.name: bindparam(column.name) for column in card_payments.c})


def _add(dialect: Dialect, size: int) -> Executable:
    return add_on_conflict(dialect, spending_days, ("whole", "cents"))


_ZERO: ColumnElement[Decimal] = literal_column("0")
_DAYS = Prepared(_days, ("user_id", "first", "last"))
_USED = Prepared(_used, ("user_id", "category_key", "since", "until"))
_RECENT = Prepared(_recent, ("user_id", "since", "until"))
_RECORD = Prepared(_record, [column.name for column in card_payments.c])
_ADD = Prepared(_add, [column.name for column in spending_days.c])
