"""Alerts, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Dialect,
    Executable,
    Index,
    String,
    Table,
    bindparam,
    delete,
    func,
    select,
    update,
)

from adapters.sql.mapping import FlatRows, two_decimals
from adapters.sql.prepared import Prepared
from adapters.sql.schema_metadata import NO_ID_TWICE, metadata
from adapters.sql.types import Id, Instant, Money, money_check
from adapters.sql.upserts import insert_row
from domain.model.alerts import Alert, AmountReached, BalanceDrop, NewAlert

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


class SqlAlertStore:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, alert: NewAlert) -> int:
        row = _ROWS.row(alert.kept(0), alerts)  # without the id, which the database gives
        return insert_row(self._connection, alerts, row)

    def of_user(self, user_id: int) -> list[Alert]:
        return [_alert_from_row(row) for row in _OF_USER.rows(self._connection, (user_id,))]

    def count(self, user_id: int) -> int:
        own = select(func.count()).where(alerts.c.user_id == user_id)
        return self._connection.execute(own).scalar_one()

    def save(self, alert: Alert) -> None:
        self._connection.execute(update(alerts).where(alerts.c.id == alert.id).values(_ROWS.row(alert, alerts)))

    def remove(self, user_id: int, alert_id: int) -> bool:
        which = delete(alerts).where(alerts.c.id == alert_id, alerts.c.user_id == user_id)
        return self._connection.execute(which).rowcount == 1


def _alert_from_row(row: Sequence[Any]) -> Alert:
    """From the values of an `alerts` row in the order of its columns; by hand, for every movement asks."""
    id, user_id, target, threshold, drop, highest, status, created_at = row
    condition: AmountReached | BalanceDrop
    if drop is None:
        condition = AmountReached(two_decimals(target), two_decimals(threshold))
    else:
        condition = BalanceDrop(two_decimals(drop), two_decimals(highest))
    return Alert(id, user_id, condition, status, created_at)


def _of_user(dialect: Dialect, size: int) -> Executable:
    return select(alerts).where(alerts.c.user_id == bindparam("user_id")).order_by(alerts.c.id)


_OF_USER = Prepared(_of_user, ("user_id",))
_ROWS = FlatRows({"highest": "highest_balance"})
