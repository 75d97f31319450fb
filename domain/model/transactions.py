"""Movements of money: what is booked, once and for ever.

Sources: seed A (`transactions`), seed B (task 4); contract B9, A12.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final, Literal

import attrs

MovementType = Literal[
    "CASH_DEPOSIT",
    "CASH_WITHDRAWAL",
    "CASH_TRANSFER",
    "SUBSCRIPTION",
    "ASSET_PURCHASE",
    "ASSET_SELL",
    "CARD_PAYMENT",
]

LONGEST_REFERENCE: Final = 140

RECEIVED: Final = frozenset[MovementType](("CASH_DEPOSIT", "ASSET_SELL"))
"""What adds to the account it is booked on; every other type takes away."""


@attrs.frozen
class Movement:
    """Money that moves: of `user_id`'s account, and into `target_user_id`'s where it is a transfer.

    `amount` is positive and the type gives its direction, but a CARD_PAYMENT keeps the sign it came with: positive is
    spent, negative is received. `timestamp` is when it happened and `booked_at` when it was booked (UTC).
    """

    type: MovementType
    user_id: int
    amount: Decimal
    timestamp: datetime
    booked_at: datetime
    target_user_id: int | None = None
    reference: str | None = None
    category: str | None = None
    fraud: bool | None = None

    def effects(self) -> dict[int, Decimal]:
        """By how much each account's balance changes, by user id.

        >>> from datetime import UTC
        >>> then = datetime(2024, 1, 1, tzinfo=UTC)
        >>> Movement("CASH_TRANSFER", 1, Decimal("5.00"), then, then, target_user_id=2).effects()
        {1: Decimal('-5.00'), 2: Decimal('5.00')}
        """
        own = self.amount if self.type in RECEIVED else self.amount.copy_negate()
        if self.target_user_id is None:
            return {self.user_id: own}
        return {self.user_id: own, self.target_user_id: own.copy_negate()}


@attrs.frozen
class BookedMovement:
    """A movement as the history shows it."""

    id: int
    movement: Movement
    source_account_number: str
    target_account_number: str | None
