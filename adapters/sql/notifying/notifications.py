"""What users are told, in SQL."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select

from adapters.sql.rows import notification_from_row, notification_to_row
from adapters.sql.tables import notifications
from domain.model.notifications import Notification


class SqlNotificationStore:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, notification: Notification) -> int:
        result = self._connection.execute(insert(notifications), notification_to_row(notification))
        (notification_id,) = result.inserted_primary_key
        return int(notification_id)

    def newest(self, user_id: int, limit: int, before: int | None = None) -> list[Notification]:
        query = select(notifications).where(notifications.c.user_id == user_id)
        if before is not None:
            query = query.where(notifications.c.id < before)
        query = query.order_by(notifications.c.id.desc()).limit(limit)
        return [notification_from_row(row) for row in self._connection.execute(query)]
