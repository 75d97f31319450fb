"""What users are told, in memory."""

from __future__ import annotations

from itertools import count, islice

from adapters.memory.undo import UndoLog, put
from domain.model.notifications import NewNotification, Notification


class MemoryNotificationStore:
    def __init__(self, undo: UndoLog) -> None:
        self._undo = undo
        self._ids = count(1)
        self._kept: dict[int, Notification] = {}

    def add(self, notification: NewNotification) -> int:
        kept = notification.kept(next(self._ids))
        put(self._kept, kept.id, kept, self._undo)
        return kept.id

    def newest(self, user_id: int, limit: int, before: int | None = None) -> list[Notification]:
        newest_first = sorted(self._kept.items(), reverse=True)
        found = (one for id, one in newest_first if one.user_id == user_id and (before is None or id < before))
        return list(islice(found, limit))
