"""Outcomes of requests that may come twice, in memory."""

from __future__ import annotations

from datetime import datetime

from adapters.memory.undo import UndoLog, drop, put
from domain.model.idempotency import KeptOutcome


class MemoryIdempotencyStore:
    def __init__(self, undo: UndoLog) -> None:
        self._undo = undo
        self._outcomes: dict[tuple[int, str], KeptOutcome] = {}

    def find(self, user_id: int, key: str, since: datetime) -> KeptOutcome | None:
        kept = self._outcomes.get((user_id, key))
        return kept if kept is not None and kept.created_at >= since else None

    def keep(self, user_id: int, key: str, outcome: KeptOutcome) -> None:
        put(self._outcomes, (user_id, key), outcome, self._undo)

    def purge(self, before: datetime) -> None:
        for key in [key for key, kept in self._outcomes.items() if kept.created_at < before]:
            drop(self._outcomes, key, self._undo)
