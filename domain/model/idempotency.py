"""Requests that may come twice and count once. Source: contract G8."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import attrs

KEYS_KEPT: Final = timedelta(hours=24)
LONGEST_KEY: Final = 255


@attrs.frozen
class IdempotencyKey:
    """The key that a client gave its request, and the request's fingerprints: one per server key, newest first."""

    key: str
    fingerprints: tuple[str, ...]


@attrs.frozen
class KeptOutcome:
    """What came of the request that a key guarded: the id of what it made."""

    fingerprint: str
    outcome: int
    created_at: datetime
