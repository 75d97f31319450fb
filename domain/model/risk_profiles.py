"""How closely a user is watched: a rating, and thresholds of their own. Source: contract C5."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final, Literal

import attrs

Rating = Literal["low", "medium", "high"]

RATINGS: Final[Mapping[object, Rating]] = {"low": "low", "medium": "medium", "high": "high"}


@attrs.frozen
class RiskProfile:
    """A rating, and personal limits by alert code: money as decimals, counts as integers.

    Raises ValueError for an unknown rating. A code that no rule has is kept, and counts for nothing.
    """

    rating: Rating = attrs.field(default="medium", validator=attrs.validators.in_(("low", "medium", "high")))
    thresholds: Mapping[int, Decimal | int] = attrs.field(factory=dict)


STANDARD_PROFILE: Final = RiskProfile()
"""The profile of a user for whom none was set."""
