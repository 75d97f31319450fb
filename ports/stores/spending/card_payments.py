"""Card payments, and the facts of them by which spending is judged."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from domain.model.spending import SpendingFacts, SpendingReason
from domain.model.transactions import BookedMovement, Movement


class SpendingStore(Protocol):
    """Card payments by user and time. Callers that write hold the lock of the user's account."""

    def facts(
        self, user_id: int, category: str, timestamp: datetime, category_since: datetime, recent_since: datetime
    ) -> SpendingFacts:
        """What the user spent before a payment of this category and timestamp (UTC): positive payments only.

        The days are the 90 whole UTC days before the timestamp's own; the category counts from `category_since` up to,
        not with, the timestamp; recent payments from `recent_since` up to and with it. Categories compare without case.
        Found by indexes, and no slower for a longer history.
        """
        ...

    def record(self, transaction_id: int, payment: Movement, reasons: Sequence[SpendingReason]) -> None:
        """Take a card payment in that is booked in the same transaction, with why it was judged as it was."""
        ...

    def reasons(self, transaction_id: int) -> list[SpendingReason]:
        """Why a payment was judged as it was; empty where no rule fired."""
        ...

    def payments(
        self,
        user_id: int,
        limit: int,
        *,
        before: int | None = None,
        category: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[BookedMovement]:
        """The user's card payments of either sign, highest id first, at most `limit`; where given, with ids below
        `before`, of a category, with timestamps at or after `since` and before `until`.
        """
        ...
