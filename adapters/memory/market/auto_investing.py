"""For whom the bot trades, in memory."""

from __future__ import annotations

from collections.abc import Collection

from adapters.memory.undo import UndoLog, put
from domain.model.auto_investing import AutoInvesting


class MemoryAutoInvestingStore:
    def __init__(self, undo: UndoLog) -> None:
        self._undo = undo
        self._states: dict[int, AutoInvesting] = {}

    def load(self, user_ids: Collection[int]) -> dict[int, AutoInvesting]:
        return {user_id: self._states.get(user_id, AutoInvesting(user_id)) for user_id in user_ids}

    def save(self, state: AutoInvesting) -> None:
        put(self._states, state.user_id, state, self._undo)
