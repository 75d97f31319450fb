"""Alerts, in memory."""

from __future__ import annotations

from adapters.memory.undo import UndoLog, drop, put
from domain.model.alerts import Alert, NewAlert


class MemoryAlertStore:
    def __init__(self, undo: UndoLog) -> None:
        self._undo = undo
        self._alerts: dict[int, Alert] = {}
        self._last_id = 0

    def add(self, alert: NewAlert) -> int:
        self._last_id += 1
        put(self._alerts, self._last_id, alert.kept(self._last_id), self._undo)
        return self._last_id

    def of_user(self, user_id: int) -> list[Alert]:
        own = (alert for alert in self._alerts.values() if alert.user_id == user_id)
        return sorted(own, key=lambda alert: alert.id)

    def count(self, user_id: int) -> int:
        return len(self.of_user(user_id))

    def save(self, alert: Alert) -> None:
        if alert.id in self._alerts:
            put(self._alerts, alert.id, alert, self._undo)

    def remove(self, user_id: int, alert_id: int) -> bool:
        alert = self._alerts.get(alert_id)
        if alert is None or alert.user_id != user_id:
            return False
        drop(self._alerts, alert_id, self._undo)
        return True
