"""Every movement of money."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Protocol

from domain.model.transactions import BookedMovement, Movement


class LedgerStore(Protocol):
    """The append-only history: nothing in it is ever changed or deleted."""

    def append(self, movement: Movement) -> int:
        """Book a movement; its id, which grows."""
        ...

    def history(self, user_id: int, limit: int | None = None, before: int | None = None) -> list[BookedMovement]:
        """The movements of the user's account, both directions of a transfer, highest id first; at most `limit`,
        with ids below `before`.
        """
        ...

    def sums(self) -> Iterable[tuple[int, Decimal]]:
        """What the movements add up to, for every user who has any, by ascending id."""
        ...
