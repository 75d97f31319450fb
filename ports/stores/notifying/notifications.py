"""What users are told."""

from __future__ import annotations

from typing import Protocol

from domain.model.notifications import NewNotification, Notification


class NotificationStore(Protocol):
    """Notifications of each user."""

    def add(self, notification: NewNotification) -> int:
        """Keep a notification; its id, which grows."""
        ...

    def newest(self, user_id: int, limit: int, before: int | None = None) -> list[Notification]:
        """The user's latest notifications, latest first, at most `limit`, with ids below `before`."""
        ...
