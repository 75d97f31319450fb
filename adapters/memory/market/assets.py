"""What customers hold and traded, in memory."""

from __future__ import annotations

from collections.abc import Iterable

from adapters.memory.undo import UndoLog, put
from domain.model.assets import BookedTrade, Holding


class MemoryAssetStore:
    def __init__(self, undo: UndoLog) -> None:
        self._undo = undo
        self._holdings: dict[tuple[int, str], Holding] = {}
        self._trades: dict[int, BookedTrade] = {}

    def holdings(self, user_id: int) -> list[Holding]:
        return [one for (owner, _), one in sorted(self._holdings.items()) if owner == user_id]

    def save(self, holding: Holding) -> None:
        put(self._holdings, (holding.user_id, holding.symbol), holding, self._undo)

    def record(self, booked: BookedTrade) -> None:
        put(self._trades, booked.id, booked, self._undo)

    def trades(
        self, user_id: int, limit: int, before: int | None = None, *, by_bot: bool | None = None
    ) -> list[BookedTrade]:
        found = [
            one
            for id, one in sorted(self._trades.items(), reverse=True)
            if one.user_id == user_id
            and (before is None or id < before)
            and by_bot in (None, one.trade.reason is not None)
        ]
        return found[:limit]

    def kept(self) -> Iterable[Holding]:
        return [one for _, one in sorted(self._holdings.items())]

    def summed(self) -> Iterable[Holding]:
        totals: dict[tuple[int, str], Holding] = {}
        for booked in self._trades.values():
            key = booked.user_id, booked.trade.symbol
            totals[key] = totals.get(key, Holding(*key)).with_trade(booked.trade)
        return [one for _, one in sorted(totals.items())]
