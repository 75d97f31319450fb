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
class Notification:
    """One message to a user; `data` holds what JSON can. `id` is None until it is kept; `created_at` is UTC."""

    user_id: int
    kind: NotificationKind
    data: Mapping[str, object]
    created_at: datetime
    id: int | None = None
