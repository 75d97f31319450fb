"""Risk profiles, in memory."""

from __future__ import annotations

from collections.abc import Collection

from adapters.memory.undo import UndoLog, put
from domain.model.risk_profiles import RiskProfile


class MemoryRiskProfileStore:
    def __init__(self, undo: UndoLog) -> None:
        self._undo = undo
        self._profiles: dict[int, RiskProfile] = {}

    def find(self, user_ids: Collection[int]) -> dict[int, RiskProfile]:
        return {user_id: self._profiles[user_id] for user_id in user_ids if user_id in self._profiles}

    def put(self, user_id: int, profile: RiskProfile) -> None:
        put(self._profiles, user_id, profile, self._undo)
