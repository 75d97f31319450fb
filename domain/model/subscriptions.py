"""Payments that come back by themselves. Source: seed B, task 8; contract B12."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, Literal

import attrs

from domain.model.quotas import Quota

LONGEST_INTERVAL_SECONDS: Final = 31_536_000
LONGEST_SUBSCRIPTION_NAME: Final = 128

SubscriptionStatus = Literal["active", "ended", "cancelled"]

SUBSCRIPTIONS: Final = Quota("subscriptions", 100)
"""Of the active ones."""


@attrs.frozen
class NewSubscription:
    """`amount` is to be paid every `interval_seconds`, for the first time one interval after `created_at` (UTC)."""

    user_id: int
    amount: Decimal
    interval_seconds: int
    created_at: datetime
    name: str | None = None

    def kept(self, id: int) -> Subscription:
        """The subscription under its id: active, and nothing paid yet."""
        return Subscription(id, self.user_id, self.amount, self.interval_seconds, self.created_at, self.name)


@attrs.frozen
class Subscription:
    """A subscription as kept. It ends by itself when the balance doesn't cover a payment, and is cancelled by its user.

    `payments` counts those that were made.
    """

    id: int
    user_id: int
    amount: Decimal
    interval_seconds: int
    created_at: datetime
    name: str | None = None
    status: SubscriptionStatus = "active"
    payments: int = 0
    ended_at: datetime | None = None

    @property
    def next_due(self) -> datetime:
        """The instant of the first payment that wasn't made. Raises OverflowError beyond the year 9999."""
        return self.created_at + timedelta(seconds=self.interval_seconds) * (self.payments + 1)

    def paid(self) -> Subscription:
        """The subscription after one more payment."""
        return attrs.evolve(self, payments=self.payments + 1)

    def ended(self, now: datetime) -> Subscription:
        """The subscription once the balance didn't cover a payment."""
        return attrs.evolve(self, status="ended", ended_at=now)


@attrs.frozen
class SubscriptionPayment:
    """One payment: which instant of which subscription it was for, and the movement that made it."""

    subscription_id: int
    due_at: datetime
    transaction_id: int
