"""What customers hold and traded, in SQL."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import BigInteger, Column, Connection, Index, String, Table, case, select

from adapters.sql.mapping import FlatRows
from adapters.sql.money.ledger import transactions
from adapters.sql.schema_metadata import metadata
from adapters.sql.types import Precise
from adapters.sql.upserts import upsert
from domain.model.assets import BookedTrade, Holding, plain

holdings = Table(
    "holdings",
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("symbol", String(32), primary_key=True),
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
    Column("symbol", String(32), nullable=False),
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
        return [_ROWS.entity(Holding, row) for row in self._connection.execute(query).mappings()]

    def save(self, holding: Holding) -> None:
        self._connection.execute(upsert(self._connection.dialect, holdings), _ROWS.row(holding, holdings))

    def record(self, booked: BookedTrade) -> None:
        self._connection.execute(trades.insert(), _ROWS.row(booked, trades))

    def trades(
        self, user_id: int, limit: int, before: int | None = None, *, by_bot: bool | None = None
    ) -> list[BookedTrade]:
        trade = trades.c
        query = _BOOKED.where(trade.user_id == user_id).order_by(trade.transaction_id.desc()).limit(limit)
        if before is not None:
            query = query.where(trade.transaction_id < before)
        if by_bot is not None:
            query = query.where(trade.reason.is_not(None) if by_bot else trade.reason.is_(None))
        return [_ROWS.entity(BookedTrade, row) for row in self._connection.execute(query).mappings()]

    def kept(self) -> Iterable[Holding]:
        query = select(holdings).order_by(holdings.c.user_id, holdings.c.symbol)
        return [_ROWS.entity(Holding, row) for row in self._connection.execute(query).mappings()]

    def summed(self) -> Iterable[Holding]:
        """In this process: SQLite keeps these numbers as text, which it can't sum exactly."""
        total: Holding | None = None
        rows = self._connection.execute(_BOOKED.order_by(trades.c.user_id, trades.c.symbol)).mappings()
        for row in rows:
            booked = _ROWS.entity(BookedTrade, row)
            key = booked.user_id, booked.trade.symbol
            if total is not None and (total.user_id, total.symbol) != key:
                yield total
                total = None
            total = (total or Holding(*key)).with_trade(booked.trade)
        if total is not None:
            yield total


_ROWS = FlatRows(
    {"id": "transaction_id"},
    dict.fromkeys(("quantity", "cost", "realised", "bot_price", "price", "profit"), plain),
)
_BOOKED = select(
    trades,
    case((transactions.c.type == "ASSET_PURCHASE", "buy"), else_="sell").label("side"),
    *(transactions.c.amount, transactions.c.booked_at),
).join(transactions, transactions.c.id == trades.c.transaction_id)
