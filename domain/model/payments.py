"""Card payments as they are told: what has been spent or received. Source: seed A, task 5; contract A10."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final

import attrs

LONGEST_CATEGORY: Final = 255


@attrs.frozen
class Payment:
    """What has happened: a positive amount was spent, a negative one received. `timestamp` is UTC, None for now."""

    amount: Decimal
    category: str
    timestamp: datetime | None
