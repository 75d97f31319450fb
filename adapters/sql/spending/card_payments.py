"""What customers spend and receive, in SQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from heapq import merge
from itertools import islice
from operator import attrgetter

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Dialect,
    Executable,
    Index,
    Select,
    String,
    Table,
    Text,
    bindparam,
    func,
    insert,
    select,
    text,
)

from adapters.sql.identity.users import users
from adapters.sql.mapping import two_decimals
from adapters.sql.money.ledger import booked_from_row, transactions
from adapters.sql.prepared import Prepared
from adapters.sql.schema_metadata import metadata
from adapters.sql.spending.sums import NO_OFFSET, PORTION, SqlSpendingSums, category_key, rows_after
from adapters.sql.types import Instant, Money, money_check, money_sum
from domain.model.money import EXACT
from domain.model.spending import DayTotal, Source, SpendingEntry, SpendingReason, SpendingTotal
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
    Column("spent", Boolean, nullable=False, server_default=text("0"), comment="whether the amount is positive"),
    money_check("amount"),
    Index("ix_card_payments_by_category", "user_id", "category_key", "spent", "timestamp", "transaction_id"),
    Index("ix_card_payments_by_time", "user_id", "timestamp", "transaction_id"),
)


class SqlSpendingStore:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sums = SqlSpendingSums(connection)

    def entries(
        self,
        user_id: int,
        since: datetime,
        until: datetime,
        *,
        source: Source | None = None,
        category: str | None = None,
        spent_only: bool = False,
        limit: int | None = None,
    ) -> Iterator[SpendingEntry]:
        if source not in (None, "card"):
            return iter(())
        if category is None:
            entries = self._entries(_BY_TIME, (user_id,), since, until, limit)
            return islice((one for one in entries if one.amount > 0 or not spent_only), limit)
        signs = (True,) if spent_only else (True, False)
        own = (user_id, category_key(category))
        streams = [self._entries(_BY_CATEGORY, (*own, spent), since, until, limit) for spent in signs]
        return islice(merge(*streams, key=attrgetter("timestamp", "id")), limit)

    def spent_by_day(self, user_id: int, first: date, last: date, *, source: Source) -> list[tuple[date, Decimal]]:
        return self._sums.spent_by_day(user_id, source, first, last)

    def daily_totals(
        self, user_id: int, first: date, last: date, *, source: Source | None = None
    ) -> Iterator[DayTotal]:
        return self._sums.daily_totals(user_id, first, last, source)

    def total(self, user_id: int, since: datetime, until: datetime, *, source: Source) -> SpendingTotal:
        if source != "card":
            return SpendingTotal()
        return self._sums.total(user_id, source, since, until, partial(self._summed_up, user_id))

    def record(self, transaction_id: int, payment: Movement, reasons: Sequence[SpendingReason]) -> None:
        user_id, category, amount = payment.user_id, payment.category or "", payment.amount
        kept = _reasons_to_text(reasons) if reasons else None
        values = (transaction_id, user_id, category_key(category), payment.timestamp, amount, kept, amount > 0)
        _RECORD.execute(self._connection, values)
        self._sums.add(user_id, "card", category, payment.timestamp, amount, partial(self._amounts, user_id))

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

    def _entries(
        self, statement: Prepared, own: tuple[object, ...], since: datetime, until: datetime, limit: int | None
    ) -> Iterator[SpendingEntry]:
        size = PORTION if limit is None else min(limit, PORTION)
        after = (since, 0)
        while size:
            rows = statement.rows(self._connection, (*own, *after, until, size))
            for id, timestamp, amount, category in rows:
                yield SpendingEntry("card", id, timestamp, two_decimals(amount), category or "")
            if len(rows) < size:
                return
            after = rows[-1][1], rows[-1][0]

    def _amounts(self, user_id: int, since: datetime, until: datetime, most: int) -> list[tuple[datetime, Decimal]]:
        return [(at, amount) for at, amount in _AMOUNTS.rows(self._connection, (user_id, since, until, most))]

    def _summed_up(self, user_id: int, since: datetime, until: datetime) -> Sequence[int]:
        sums = {True: (0, 0, 0), False: (0, 0, 0)}
        for spent, times, amount in _SUMMED_UP.rows(self._connection, (user_id, since, until)):
            sums[bool(spent)] = (times, *divmod(abs(int(amount.scaleb(2, EXACT))), 100))
        return (*sums[True], *sums[False])


def _reasons_to_text(reasons: Sequence[SpendingReason]) -> str:
    return msgspec.json.encode(list(reasons)).decode()


def _reasons_from_text(text: str) -> list[SpendingReason]:
    return msgspec.json.decode(text, type=list[SpendingReason])


def _entries(dialect: Dialect, *own: str) -> Select[tuple[int, datetime, Decimal, str | None]]:
    """Payments with these columns' values, behind an instant and id and before an instant, earliest first."""
    payment = card_payments.c
    order = (payment.timestamp, payment.transaction_id)
    after = [bindparam(f"after_{column.name}", type_=column.type) for column in order]
    return (
        select(payment.transaction_id, payment.timestamp, payment.amount, transactions.c.category)
        .join(transactions, transactions.c.id == payment.transaction_id)
        .where(
            *(payment[name] == bindparam(name, type_=payment[name].type) for name in own),
            rows_after(dialect, order, after),
            payment.timestamp < bindparam("until", type_=payment.timestamp.type),
        )
        .order_by(*order)
        .limit(bindparam("most", type_=BigInteger))
        .offset(NO_OFFSET)
    )


def _by_time(dialect: Dialect, size: int) -> Executable:
    return _entries(dialect, "user_id")


def _by_category(dialect: Dialect, size: int) -> Executable:
    return _entries(dialect, "user_id", "category_key", "spent")


def _amounts(dialect: Dialect, size: int) -> Executable:
    payment = card_payments.c
    return (
        select(payment.timestamp, payment.amount)
        .where(
            payment.user_id == bindparam("user_id"),
            payment.timestamp >= bindparam("since", type_=payment.timestamp.type),
            payment.timestamp < bindparam("until", type_=payment.timestamp.type),
        )
        .limit(bindparam("most", type_=BigInteger))
        .offset(NO_OFFSET)
    )


def _summed_up(dialect: Dialect, size: int) -> Executable:
    payment = card_payments.c
    return (
        select(payment.spent, func.count(), money_sum(payment.amount, dialect))
        .where(
            payment.user_id == bindparam("user_id"),
            payment.timestamp >= bindparam("since", type_=payment.timestamp.type),
            payment.timestamp < bindparam("until", type_=payment.timestamp.type),
        )
        .group_by(payment.spent)
    )


def _record(dialect: Dialect, size: int) -> Executable:
    return insert(card_payments).values({column.name: bindparam(column.name) for column in card_payments.c})


_AFTER = ("after_timestamp", "after_transaction_id", "until", "most")
_BY_TIME = Prepared(_by_time, ("user_id", *_AFTER))
_BY_CATEGORY = Prepared(_by_category, ("user_id", "category_key", "spent", *_AFTER))
_AMOUNTS = Prepared(_amounts, ("user_id", "since", "until", "most"))
_SUMMED_UP = Prepared(_summed_up, ("user_id", "since", "until"))
_RECORD = Prepared(_record, [column.name for column in card_payments.c])
