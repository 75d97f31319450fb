"""Payments that come back by themselves, in SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, Dialect, Executable, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from adapters.sql.prepared import Prepared
from adapters.sql.rows import subscription_from_row, subscription_to_row
from adapters.sql.tables import subscription_payments, subscriptions
from domain.model.errors import PaidAlready
from domain.model.subscriptions import Subscription, SubscriptionPayment


class SqlSubscriptionStore:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, subscription: Subscription) -> int:
        result = self._connection.execute(insert(subscriptions), subscription_to_row(subscription))
        (subscription_id,) = result.inserted_primary_key
        return int(subscription_id)

    def of_user(self, user_id: int, limit: int, after: int = 0) -> list[Subscription]:
        own = (subscriptions.c.user_id == user_id, subscriptions.c.id > after)
        query = select(subscriptions).where(*own).order_by(subscriptions.c.id).limit(limit)
        return [subscription_from_row(row) for row in self._connection.execute(query)]

    def get(self, user_id: int, subscription_id: int) -> Subscription | None:
        which = (subscriptions.c.id == subscription_id, subscriptions.c.user_id == user_id)
        row = self._connection.execute(select(subscriptions).where(*which)).one_or_none()
        return None if row is None else subscription_from_row(row)

    def load(self, ids: Collection[int]) -> dict[int, Subscription]:
        if not ids:
            return {}
        rows = _LOAD.rows(self._connection, tuple(ids), size=len(ids))
        return {row[0]: subscription_from_row(row) for row in rows}

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


def _load(dialect: Dialect, size: int) -> Executable:
    ids = [bindparam(f"id{number}", type_=subscriptions.c.id.type) for number in range(size)]
    return select(subscriptions).where(subscriptions.c.id.in_(ids)).order_by(subscriptions.c.id).with_for_update()


def _save(dialect: Dialect, size: int) -> Executable:
    changed = {name: bindparam(f"new_{name}") for name in ("status", "payments", "ended_at")}
    return update(subscriptions).where(subscriptions.c.id == bindparam("subscription_id")).values(changed)


def _record(dialect: Dialect, size: int) -> Executable:
    return insert(subscription_payments).values({one.name: bindparam(one.name) for one in subscription_payments.c})


_LOAD = Prepared(_load)
_SAVE = Prepared(_save, ("new_status", "new_payments", "new_ended_at", "subscription_id"))
_RECORD = Prepared(_record, [one.name for one in subscription_payments.c])
