"""Whether the bot trades for a customer, and what came of it. Source: seed B, task 8; contract B13."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import attrs

from domain.model.assets import NOTHING


@attrs.frozen
class AutoInvesting:
    """`changed_at` is when the bot was last switched on or off (UTC), None where it never was.

    `realised` is the profit of all its sales, negative for a loss; at most 12 decimals.
    """

    user_id: int
    enabled: bool = False
    changed_at: datetime | None = None
    realised: Decimal = NOTHING
