"""What customers hold and traded."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from domain.model.assets import BookedTrade, Holding


class AssetStore(Protocol):
    """Holdings by user and symbol, and trades by the id of their movement.

    Callers that write hold the lock of the user's account.
    """

    def holdings(self, user_id: int) -> list[Holding]:
        """Everything that the user holds or ever held, by symbol."""
        ...

    def save(self, holding: Holding) -> None:
        """Keep a holding in place of the one before."""
        ...

    def record(self, booked: BookedTrade) -> None:
        """Take in a trade whose movement, of the same id, amount and instant, is booked in the same transaction."""
        ...

    def trades(
        self, user_id: int, limit: int, before: int | None = None, *, by_bot: bool | None = None
    ) -> list[BookedTrade]:
        """The user's trades, latest first, at most `limit`, with ids below `before`; those of the bot, or the others,
        or all.
        """
        ...

    def kept(self) -> Iterable[Holding]:
        """Every holding of everybody, by user and symbol."""
        ...

    def summed(self) -> Iterable[Holding]:
        """What the trades of each user and symbol add up to, by user and symbol; without `bot_price`."""
        ...
