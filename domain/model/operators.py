"""People who run the bank: they may see the stored events and set risk profiles. Source: contract C5, C6."""

from __future__ import annotations

from datetime import datetime

import attrs


@attrs.frozen
class Operator:
    """A named holder of a bearer key. Only the key's fingerprint is known; `created_at` is UTC."""

    name: str
    key_fingerprint: str
    created_at: datetime
