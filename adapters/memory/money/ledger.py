"""Every movement of money, in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Protocol

from adapters.memory.undo import UndoLog
from domain.model.money import EXACT
from domain.model.transactions import BookedMovement, Movement
from domain.model.users import User


class Users(Protocol):
    """Whose money it is."""

    def get(self, user_id: int) -> User | None: ...


class MemoryLedgerStore:
    def __init__(self, undo: UndoLog, users: Users) -> None:
        self._undo = undo
        self._users = users
        self._booked: list[Movement] = []
        self._ids: dict[int, list[int]] = defaultdict(list)
        """The ids of each user's movements, both directions of transfers, ascending."""

    def append(self, movement: Movement) -> int:
        self._booked.append(movement)
        self._undo.append(self._booked.pop)
        movement_id = len(self._booked)
        for user_id in movement.effects():
            self._ids[user_id].append(movement_id)
            self._undo.append(self._ids[user_id].pop)
        return movement_id

    def history(self, user_id: int, limit: int | None = None, before: int | None = None) -> list[BookedMovement]:
        ids = [id for id in reversed(self._ids.get(user_id, [])) if before is None or id < before]
        return [self._shown(id) for id in ids[:limit]]

    def sums(self) -> Iterable[tuple[int, Decimal]]:
        totals: dict[int, Decimal] = {}
        for movement in self._booked:
            for user_id, by in movement.effects().items():
                totals[user_id] = EXACT.add(totals.get(user_id, Decimal("0.00")), by)
        return sorted(totals.items())

    def _shown(self, movement_id: int) -> BookedMovement:
        movement = self._booked[movement_id - 1]
        target = movement.target_user_id
        return BookedMovement(
            movement_id, movement, self._number(movement.user_id), None if target is None else self._number(target)
        )

    def _number(self, user_id: int) -> str:
        user = self._users.get(user_id)
        assert user is not None
        return user.account_number
