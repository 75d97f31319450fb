"""Letters that wait to be sent, in memory."""

from __future__ import annotations

from datetime import datetime
from itertools import count

from adapters.memory.undo import UndoLog, drop, put
from domain.model.mail import Mail


class MemoryOutboxStore:
    def __init__(self, undo: UndoLog) -> None:
        self._undo = undo
        self._ids = count(1)
        self._letters: dict[int, Mail] = {}

    def add(self, mail: Mail, created_at: datetime) -> int:
        mail_id = next(self._ids)
        put(self._letters, mail_id, mail, self._undo)
        return mail_id

    def get(self, mail_id: int) -> Mail | None:
        return self._letters.get(mail_id)

    def remove(self, mail_id: int) -> None:
        if mail_id in self._letters:
            drop(self._letters, mail_id, self._undo)

    def depth(self) -> int:
        return len(self._letters)
