"""One-time codes, in memory."""

from __future__ import annotations

from datetime import datetime

import attrs

from adapters.memory.undo import UndoLog, drop, put
from domain.model.codes import CodePurpose, OneTimeCode


class MemoryCodeStore:
    def __init__(self, undo: UndoLog) -> None:
        self._undo = undo
        self._codes: dict[str, OneTimeCode] = {}

    def add(self, code: OneTimeCode) -> None:
        put(self._codes, code.id, code, self._undo)

    def since(self, user_id: int, purpose: CodePurpose, instant: datetime) -> list[OneTimeCode]:
        found = (
            code
            for code in self._codes.values()
            if code.user_id == user_id and code.purpose == purpose and code.created_at >= instant
        )
        return sorted(found, key=lambda code: (code.created_at, code.id))

    def set_tries(self, code_id: str, tries: int, *, used: bool) -> None:
        if code_id in self._codes:
            put(self._codes, code_id, attrs.evolve(self._codes[code_id], tries=tries, used=used), self._undo)

    def use_all(self, user_id: int) -> None:
        for code in [one for one in self._codes.values() if one.user_id == user_id]:
            put(self._codes, code.id, attrs.evolve(code, used=True), self._undo)

    def purge(self, before: datetime) -> None:
        for code in [one for one in self._codes.values() if one.created_at < before]:
            drop(self._codes, code.id, self._undo)
