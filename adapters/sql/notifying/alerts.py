"""Alerts, in SQL."""

from __future__ import annotations

from sqlalchemy import Connection, Dialect, Executable, bindparam, delete, insert, select, update

from adapters.sql.prepared import Prepared
from adapters.sql.rows import alert_from_row, alert_to_row
from adapters.sql.tables import alerts
from domain.model.alerts import Alert


class SqlAlertStore:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, alert: Alert) -> int:
        result = self._connection.execute(insert(alerts), alert_to_row(alert))
        (alert_id,) = result.inserted_primary_key
        return int(alert_id)

    def of_user(self, user_id: int) -> list[Alert]:
        return [alert_from_row(row) for row in _OF_USER.rows(self._connection, (user_id,))]

    def save(self, alert: Alert) -> None:
        self._connection.execute(update(alerts).where(alerts.c.id == alert.id).values(alert_to_row(alert)))

    def remove(self, user_id: int, alert_id: int) -> bool:
        which = delete(alerts).where(alerts.c.id == alert_id, alerts.c.user_id == user_id)
        return self._connection.execute(which).rowcount == 1


def _of_user(dialect: Dialect, size: int) -> Executable:
    return select(alerts).where(alerts.c.user_id == bindparam("user_id")).order_by(alerts.c.id)


_OF_USER = Prepared(_of_user, ("user_id",))
