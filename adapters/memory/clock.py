"""A clock that stands still until it is set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class SetClock:
    """Shows the instant it was set to: for simulations and tests."""

    def __init__(self, instant: datetime = datetime(2024, 1, 1, tzinfo=UTC)) -> None:
        self._instant = instant

    def now(self) -> datetime:
        return self._instant

    def set(self, instant: datetime) -> None:
        """Show this instant (aware, UTC) from now on."""
        self._instant = instant

    def advance(self, by: timedelta) -> None:
        """Go forward."""
        self._instant += by
