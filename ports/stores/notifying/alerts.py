"""Alerts that users set on their balance."""

from __future__ import annotations

from typing import Protocol

from domain.model.alerts import Alert, NewAlert


class AlertStore(Protocol):
    """Alerts of each user. Callers that change some hold the lock of the user's account.

    The id of one that was removed is never given to another.
    """

    def add(self, alert: NewAlert) -> int:
        """Keep an alert; its id."""
        ...

    def of_user(self, user_id: int) -> list[Alert]:
        """The user's alerts, oldest first."""
        ...

    def count(self, user_id: int) -> int:
        """How many alerts the user has."""
        ...

    def save(self, alert: Alert) -> None:
        """Keep what became of an alert."""
        ...

    def remove(self, user_id: int, alert_id: int) -> bool:
        """Forget an alert of this user; False where there is none."""
        ...
