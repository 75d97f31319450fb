"""Alerts that users set on their balance. Source: seed A, task 4; contract A8, A12."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final, Literal

import attrs

from domain.model.quotas import Quota

ALERTS: Final = Quota("alerts", 100)

AlertStatus = Literal["armed", "fired"]


@attrs.frozen
class AmountReached:
    """Fires when the balance reaches `alert_threshold`, on the way to `target_amount`."""

    target_amount: Decimal
    alert_threshold: Decimal


@attrs.frozen
class BalanceDrop:
    """Fires when the balance has fallen by `balance_drop_threshold` from its highest since `highest` was set."""

    balance_drop_threshold: Decimal
    highest: Decimal
    """The highest balance since the alert was made, or since it last fired."""


@attrs.frozen
class NewAlert:
    """An alert that a user is about to set. `created_at` is UTC."""

    user_id: int
    condition: AmountReached | BalanceDrop
    created_at: datetime

    def kept(self, id: int) -> Alert:
        """The alert under its id: armed."""
        return Alert(id, self.user_id, self.condition, "armed", self.created_at)


@attrs.frozen
class Alert:
    """An alert of a user's, as kept."""

    id: int
    user_id: int
    condition: AmountReached | BalanceDrop
    status: AlertStatus
    created_at: datetime
