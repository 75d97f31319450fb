"""How closely users are watched."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from domain.model.risk_profiles import RiskProfile


class RiskProfileStore(Protocol):
    """Risk profiles by user id."""

    def find(self, user_ids: Collection[int]) -> dict[int, RiskProfile]:
        """The profiles that exist among these users'."""
        ...

    def put(self, user_id: int, profile: RiskProfile) -> None:
        """Keep this profile in place of the one before."""
        ...
