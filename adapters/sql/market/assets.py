"""What customers hold and traded, in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import attrs
from sqlalchemy import BigInteger, Column, Connection, Index, String, Table, select

from adapters.sql.mapping import two_decimals
from adapters.sql.money.ledger import transactions
from adapters.sql.schema_metadata import metadata
from adapters.sql.types import Precise
from adapters.sql.upserts import upsert
from domain.model.assets import BookedTrade, Holding, Trade, plain

holdings = Table(
    "holdings",
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("symbol", String(16), primary_key=True),
    Column("quantity", Precise, nullable=False),
    Column("cost", Precise, nullable=False, comment="what was paid for the units that are held"),
    Column("realised", Precise, nullable=False, comment="the profit of all sales so far"),
    Column("bot_price", Precise, nullable=True, comment="of the bot's last trade since the holding was zero"),
)

trades = Table(
    "trades",
    metadata,
    Column("transaction_id", BigInteger, primary_key=True, autoincrement=False),
    Column("user_id", BigInteger, nullable=False),
    Column("symbol", String(16), nullable=False),
    Column("quantity", Precise, nullable=False),
    Column("price", Precise, nullable=False),
    Column("profit", Precise, nullable=True, comment="of a sale"),
    Column("reason", String(255), nullable=True, comment="the bot's; null where the customer traded"),
    Index("ix_trades_user_id_transaction_id", "user_id", "transaction_id"),
)


class SqlAssetStore:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def holdings(self, user_id: int) -> list[Holding]:
        query = select(holdings).where(holdings.c.user_id == user_id).order_by(holdings.c.symbol)
        return [_holding_from_row(row) for row in self._connection.execute(query)]

    def save(self, holding: Holding) -> None:
        self._connection.execute(upsert(self._connection.dialect, holdings), _holding_to_row(holding))

    def record(self, booked: BookedTrade) -> None:
        self._connection.execute(trades.insert(), _trade_to_row(booked))

    def trades(
        self, user_id: int, limit: int, before: int | None = None, *, by_bot: bool | None = None
    ) -> list[BookedTrade]:
        trade = trades.c
        query = _BOOKED.where(trade.user_id == user_id).order_by(trade.transaction_id.desc()).limit(limit)
        if before is not None:
            query = query.where(trade.transaction_id < before)
        if by_bot is not None:
            query = query.where(trade.reason.is_not(None) if by_bot else trade.reason.is_(None))
        return [_booked_trade_from_row(row) for row in self._connection.execute(query)]

    def kept(self) -> Iterable[Holding]:
        query = select(holdings).order_by(holdings.c.user_id, holdings.c.symbol)
        return [_holding_from_row(row) for row in self._connection.execute(query)]

    def summed(self) -> Iterable[Holding]:
        """In this process: SQLite keeps these numbers as text, which it can't sum exactly."""
        total: Holding | None = None
        for row in self._connection.execute(_BOOKED.order_by(trades.c.user_id, trades.c.symbol)):
            booked = _booked_trade_from_row(row)
            key = booked.user_id, booked.trade.symbol
            if total is not None and (total.user_id, total.symbol) != key:
                yield total
                total = None
            total = (total or Holding(*key)).with_trade(booked.trade)
        if total is not None:
            yield total


def _holding_to_row(holding: Holding) -> dict[str, object]:
    return attrs.asdict(holding)


def _holding_from_row(row: Sequence[Any]) -> Holding:
    """From the values of a `holdings` row in the order of its columns."""
    user_id, symbol, quantity, cost, realised, bot_price = row
    price = None if bot_price is None else plain(bot_price)
    return Holding(user_id, symbol, plain(quantity), plain(cost), plain(realised), price)


def _trade_to_row(booked: BookedTrade) -> dict[str, object]:
    """A `trades` row; the side, the amount and the instant are in the movement's."""
    trade = booked.trade
    return {
        "transaction_id": booked.id,
        "user_id": booked.user_id,
        "symbol": trade.symbol,
        "quantity": trade.quantity,
        "price": trade.price,
        "profit": trade.profit,
        "reason": trade.reason,
    }


def _booked_trade_from_row(row: Any) -> BookedTrade:
    """From a `trades` row with the type, the amount and `booked_at` of its movement."""
    profit = None if row.profit is None else plain(row.profit)
    trade = Trade(
        symbol=row.symbol,
        side="buy" if row.type == "ASSET_PURCHASE" else "sell",
        quantity=plain(row.quantity),
        price=plain(row.price),
        amount=two_decimals(row.amount),
        profit=profit,
        reason=row.reason,
    )
    return BookedTrade(row.transaction_id, row.user_id, trade, row.booked_at)


_BOOKED = select(trades, transactions.c.type, transactions.c.amount, transactions.c.booked_at).join(
    transactions, transactions.c.id == trades.c.transaction_id
)
