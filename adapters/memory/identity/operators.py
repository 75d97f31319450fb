"""Operators, in memory."""

from __future__ import annotations

from adapters.memory.undo import UndoLog, drop, put
from domain.model.errors import OperatorNameTaken, OperatorNotFound
from domain.model.operators import Operator


class MemoryOperatorStore:
    def __init__(self, undo: UndoLog) -> None:
        self._undo = undo
        self._operators: dict[str, Operator] = {}

    def add(self, operator: Operator) -> None:
        if operator.name in self._operators:
            raise OperatorNameTaken(operator.name)
        put(self._operators, operator.name, operator, self._undo)

    def remove(self, name: str) -> None:
        if name not in self._operators:
            raise OperatorNotFound(name)
        drop(self._operators, name, self._undo)

    def by_fingerprint(self, key_fingerprint: str) -> Operator | None:
        matching = (one for one in self._operators.values() if one.key_fingerprint == key_fingerprint)
        return next(matching, None)
