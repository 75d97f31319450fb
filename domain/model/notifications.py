"""What a user is told. Source: contract B12, C7, D8."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import attrs

NotificationKind = Literal[
    "activity_codes", "savings_alert", "balance_drop", "fraud_flag", "trade", "subscription_ended"
]


@attrs.frozen
class NewNotification:
    """What a user is about to be told; `data` holds what JSON can, `created_at` is UTC."""

    user_id: int
    kind: NotificationKind
    data: Mapping[str, object]
    created_at: datetime

    def kept(self, id: int) -> Notification:
        """The notification under its id."""
        return Notification(id, self.user_id, self.kind, self.data, self.created_at)


@attrs.frozen
class Notification:
    """What a user was told; ids grow."""

    id: int
    user_id: int
    kind: NotificationKind
    data: Mapping[str, object]
    created_at: datetime
