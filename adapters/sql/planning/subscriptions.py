"""Payments that come back by themselves, in SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import attrs
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Executable,
    Index,
    Integer,
    String,
    Table,
    bindparam,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from adapters.sql.mapping import two_decimals
from adapters.sql.prepared import Prepared
from adapters.sql.schema_metadata import metadata
from adapters.sql.types import Id, Instant, Money, money_check
from adapters.sql.upserts import insert_row
from domain.model.errors import PaidAlready
from domain.model.subscriptions import NewSubscription, Subscription, SubscriptionPayment

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
    Index("ix_subscriptions_user_id_status", "user_id", "status"),
)

subscription_payments = Table(
    "subscription_payments",
    metadata,
    Column("subscription_id", BigInteger, primary_key=True, autoincrement=False),
    Column("due_at", Instant, primary_key=True),
    Column("transaction_id", BigInteger, nullable=False),
)


class SqlSubscriptionStore:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, subscription: NewSubscription) -> int:
        return insert_row(self._connection, subscriptions, _subscription_to_row(subscription))

    def of_user(self, user_id: int, limit: int, after: int = 0) -> list[Subscription]:
        own = (subscriptions.c.user_id == user_id, subscriptions.c.id > after)
        query = select(subscriptions).where(*own).order_by(subscriptions.c.id).limit(limit)
        return [_subscription_from_row(row) for row in self._connection.execute(query)]

    def count_active(self, user_id: int) -> int:
        active = (subscriptions.c.user_id == user_id, subscriptions.c.status == "active")
        return self._connection.execute(select(func.count()).where(*active)).scalar_one()

    def get(self, user_id: int, subscription_id: int) -> Subscription | None:
        which = (subscriptions.c.id == subscription_id, subscriptions.c.user_id == user_id)
        row = self._connection.execute(select(subscriptions).where(*which)).one_or_none()
        return None if row is None else _subscription_from_row(row)

    def load(self, ids: Collection[int]) -> dict[int, Subscription]:
        if not ids:
            return {}
        rows = _LOAD.rows(self._connection, tuple(ids), size=len(ids))
        return {row[0]: _subscription_from_row(row) for row in rows}

    def save(self, subscriptions: Sequence[Subscription]) -> None:
        _SAVE.many(self._connection, [(one.status, one.payments, one.ended_at, one.id) for one in subscriptions])

    def cancel(self, user_id: int, subscription_id: int, now: datetime) -> bool:
        which = (subscriptions.c.id == subscription_id, subscriptions.c.user_id == user_id)
        active = subscriptions.c.status == "active"
        cancelled = {"status": "cancelled", "ended_at": now}
        self._connection.execute(update(subscriptions).where(*which, active).values(cancelled))
        return self._connection.execute(select(subscriptions.c.id).where(*which)).first() is not None

    def record(self, payments: Sequence[SubscriptionPayment]) -> None:
        try:
            _RECORD.many(self._connection, [(one.subscription_id, one.due_at, one.transaction_id) for one in payments])
        except IntegrityError as error:
            raise PaidAlready from error

    def payments(self, subscription_id: int, limit: int, before: datetime | None = None) -> list[SubscriptionPayment]:
        payment = subscription_payments.c
        query = select(subscription_payments).where(payment.subscription_id == subscription_id)
        if before is not None:
            query = query.where(payment.due_at < before)
        query = query.order_by(payment.due_at.desc()).limit(limit)
        return [SubscriptionPayment(**row) for row in self._connection.execute(query).mappings()]


def _subscription_to_row(subscription: NewSubscription) -> dict[str, object]:
    """A `subscriptions` row without the id that the database gives."""
    row = attrs.asdict(subscription.kept(0))
    del row["id"]
    return row


def _subscription_from_row(row: Sequence[Any]) -> Subscription:
    """From the values of a `subscriptions` row in the order of its columns."""
    id, user_id, name, amount, interval_seconds, status, payments, created_at, ended_at = row
    amount = two_decimals(amount)
    return Subscription(id, user_id, amount, interval_seconds, created_at, name, status, payments, ended_at)


def _load(dialect: Dialect, size: int) -> Executable:
    ids = [bindparam(f"id{number}", type_=subscriptions.c.id.type) for number in range(size)]
    return select(subscriptions).where(subscriptions.c.id.in_(ids)).order_by(subscriptions.c.id).with_for_update()


def _save(dialect: Dialect, size: int) -> Executable:
    changed: dict[str, ColumnElement[object]] = {one: bindparam(f"new_{one}") for one in _CHANGING}
    return update(subscriptions).where(subscriptions.c.id == bindparam("subscription_id")).values(changed)


def _record(dialect: Dialect, size: int) -> Executable:
    return insert(subscription_payments).values({one.name: bindparam(one.name) for one in subscription_payments.c})


_LOAD = Prepared(_load)
_CHANGING = ("status", "payments", "ended_at")
_SAVE = Prepared(_save, (*(f"new_{one}" for one in _CHANGING), "subscription_id"))
_RECORD = Prepared(_record, [one.name for one in subscription_payments.c])
