"""What customers hold and traded, in SQL."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from adapters.sql.rows import booked_trade_from_row, holding_from_row, holding_to_row, trade_to_row
from adapters.sql.tables import holdings, trades, transactions
from adapters.sql.upserts import upsert
from domain.model.assets import BookedTrade, Holding


class SqlAssetStore:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def holdings(self, user_id: int) -> list[Holding]:
        query = select(holdings).where(holdings.c.user_id == user_id).order_by(holdings.c.symbol)
        return [holding_from_row(row) for row in self._connection.execute(query)]

    def save(self, holding: Holding) -> None:
        self._connection.execute(upsert(self._connection.dialect, holdings), holding_to_row(holding))

    def record(self, booked: BookedTrade) -> None:
        self._connection.execute(trades.insert(), trade_to_row(booked))

    def trades(
        self, user_id: int, limit: int, before: int | None = None, *, by_bot: bool | None = None
    ) -> list[BookedTrade]:
        trade = trades.c
        query = _BOOKED.where(trade.user_id == user_id).order_by(trade.transaction_id.desc()).limit(limit)
        if before is not None:
            query = query.where(trade.transaction_id < before)
        if by_bot is not None:
            query = query.where(trade.reason.is_not(None) if by_bot else trade.reason.is_(None))
        return [booked_trade_from_row(row) for row in self._connection.execute(query)]

    def kept(self) -> Iterable[Holding]:
        query = select(holdings).order_by(holdings.c.user_id, holdings.c.symbol)
        return [holding_from_row(row) for row in self._connection.execute(query)]

    def summed(self) -> Iterable[Holding]:
        """In this process: SQLite keeps these numbers as text, which it can't sum exactly."""
        total: Holding | None = None
        for row in self._connection.execute(_BOOKED.order_by(trades.c.user_id, trades.c.symbol)):
            booked = booked_trade_from_row(row)
            key = booked.user_id, booked.trade.symbol
            if total is not None and (total.user_id, total.symbol) != key:
                yield total
                total = None
            total = (total or Holding(*key)).with_trade(booked.trade)
        if total is not None:
            yield total


_BOOKED = select(trades, transactions.c.type, transactions.c.amount, transactions.c.booked_at).join(
    transactions, transactions.c.id == trades.c.transaction_id
)
