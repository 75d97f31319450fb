"""Payments that come back by themselves."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from domain.model.subscriptions import NewSubscription, Subscription, SubscriptionPayment


class SubscriptionStore(Protocol):
    """Subscriptions, and what was paid for each. None is ever forgotten, nor is a payment."""

    def add(self, subscription: NewSubscription) -> int:
        """Keep a new one; its id, which grows."""
        ...

    def of_user(self, user_id: int, limit: int, after: int = 0) -> list[Subscription]:
        """The user's subscriptions, oldest first, at most `limit`, with ids above `after`."""
        ...

    def count_active(self, user_id: int) -> int:
        """How many of the user's subscriptions aren't over, however many are."""
        ...

    def get(self, user_id: int, subscription_id: int) -> Subscription | None:
        """A subscription of this user; None where there is none of this id."""
        ...

    def load(self, ids: Collection[int]) -> dict[int, Subscription]:
        """These subscriptions; until the transaction ends, nobody else changes them. Rows are locked in the order of
        ids.
        """
        ...

    def save(self, subscriptions: Sequence[Subscription]) -> None:
        """Keep what became of subscriptions that this transaction has loaded."""
        ...

    def cancel(self, user_id: int, subscription_id: int, now: datetime) -> bool:
        """End an active subscription by its user's wish, in one conditional UPDATE. One that is over stays as it is.

        False where the user has none of this id.
        """
        ...

    def record(self, payments: Sequence[SubscriptionPayment]) -> None:
        """Keep payments. A pair of subscription and due instant exists at most once: raises PaidAlready."""
        ...

    def payments(self, subscription_id: int, limit: int, before: datetime | None = None) -> list[SubscriptionPayment]:
        """What was paid, latest due first, at most `limit`, due before an instant."""
        ...
