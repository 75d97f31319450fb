"""What users are told, in SQL."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Dialect,
    Executable,
    Index,
    String,
    Table,
    Text,
    bindparam,
    insert,
    select,
)

from adapters.sql.prepared import Prepared
from adapters.sql.schema_metadata import NO_ID_TWICE, metadata
from adapters.sql.types import Id, Instant
from domain.model.notifications import NewNotification, Notification

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


class SqlNotificationStore:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, notification: NewNotification) -> int:
        data = msgspec.json.encode(notification.data).decode()
        return _ADD.insert(self._connection, (notification.user_id, notification.kind, data, notification.created_at))

    def newest(self, user_id: int, limit: int, before: int | None = None) -> list[Notification]:
        query = select(notifications).where(notifications.c.user_id == user_id)
        if before is not None:
            query = query.where(notifications.c.id < before)
        query = query.order_by(notifications.c.id.desc()).limit(limit)
        return [_notification_from_row(row) for row in self._connection.execute(query)]


def _add(dialect: Dialect, size: int) -> Executable:
    return insert(notifications).values({name: bindparam(name) for name in _TOLD})


def _notification_from_row(row: Any) -> Notification:
    return Notification(row.id, row.user_id, row.kind, msgspec.json.decode(row.data), row.created_at)


_TOLD = ("user_id", "kind", "data", "created_at")
_ADD = Prepared(_add, _TOLD)
