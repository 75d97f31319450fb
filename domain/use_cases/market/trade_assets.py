"""Buy and sell assets. Source: seed B, task 5; contract B7, B10, B11, G8."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

import attrs

from domain.model.assets import BookedTrade, Holding, Side, Trade, plain
from domain.model.errors import (
    BalanceOutOfRange,
    InsufficientFunds,
    PricesUnavailable,
    Refusal,
    SymbolNotFound,
)
from domain.model.mail import Mail
from domain.model.money import AMOUNT_LIMIT, EXACT
from domain.model.notifications import NewNotification
from domain.model.sessions import Identity
from domain.model.transactions import Movement, MovementType
from domain.model.users import Account, Recipient
from domain.rules.letters import trade_letter
from domain.rules.portfolio import net_worth, purchase, sale
from domain.use_cases.money.book_movement import book_movement
from domain.use_cases.money.guarded_orders import Guard, GuardedOrder, run_order
from domain.use_cases.notifying.tell_customer import Letter, tell_customer
from domain.use_cases.refusals import or_raise
from ports.clock import Clock
from ports.prices import Prices
from ports.security import KeyedHashes
from ports.storage import Storage, Transaction

Market = Mapping[str, Decimal]
"""Prices by symbol."""


@attrs.frozen
class TradeOrder:
    """What a customer asks for. `size` is money (2 decimals) where they buy, units (12 decimals) where they sell."""

    side: Side
    symbol: str
    size: Decimal


@attrs.frozen(eq=False, repr=False)
class TradeAssets:
    """Carries out customers' orders at the market's price, which is asked before the transaction begins."""

    storage: Storage
    clock: Clock
    hashes: KeyedHashes
    prices: Prices

    def __call__(self, identity: Identity, guard: Guard, order: TradeOrder | Refusal) -> int:
        """The id of the movement; of the first one, where the order's key was used before.

        What couldn't be read comes as its refusal. Raises, in this order: Unauthenticated, KeyReused, InvalidPin,
        PinLocked, that refusal, PricesUnavailable, SymbolNotFound, InsufficientFunds or NotEnoughHeld, TradeTooSmall,
        HoldingOutOfRange, BalanceOutOfRange: then nothing was traded. And KeyInFlight, StorageUnavailable: then nobody
        knows, and the same order with the same key tells.
        """
        market = _market_or_failure(self.prices)
        now = self.clock.now()

        def plan(tx: Transaction, account: Account) -> tuple[Trade, Holding]:
            return _planned(tx, account, or_raise(order), or_raise(market))

        def book(tx: Transaction, planned: tuple[Trade, Holding]) -> int:
            return book_trade(tx, *planned, or_raise(market), now)

        return run_order(self.storage, identity.user_id, GuardedOrder(guard, self.hashes, plan, book), now)


def book_trade(tx: Transaction, trade: Trade, after: Holding, market: Market, now: datetime) -> int:
    """Book a trade, the holding after it and the money that it moves, and tell the customer; the movement's id.

    The caller holds the account's lock. Raises InsufficientFunds, BalanceOutOfRange: then the transaction must be
    rolled back.
    """
    user_id = after.user_id
    type: MovementType = "ASSET_PURCHASE" if trade.side == "buy" else "ASSET_SELL"
    id = book_movement(tx, Movement(type, user_id, trade.amount, timestamp=now, booked_at=now))
    tx.assets.record(BookedTrade(id, user_id, trade, now))
    tx.assets.save(after)
    _tell(tx, id, trade, after, market, now)
    return id


def _market_or_failure(prices: Prices) -> Market | PricesUnavailable:
    """The failure is told once the key and the PIN have been checked."""
    try:
        return prices.current()
    except PricesUnavailable as failure:
        return failure


def _planned(tx: Transaction, account: Account, order: TradeOrder, market: Market) -> tuple[Trade, Holding]:
    symbol, size = order.symbol, order.size
    price = market.get(symbol)
    if price is None:
        raise SymbolNotFound(symbol)
    holding = next((one for one in tx.assets.holdings(account.user_id) if one.symbol == symbol), None)
    holding = holding or Holding(account.user_id, symbol)
    if order.side == "buy":
        if account.balance < size:
            raise InsufficientFunds
        return purchase(holding, size, price)
    trade, after = sale(holding, size, price)
    if EXACT.add(account.balance, trade.amount) >= AMOUNT_LIMIT:
        raise BalanceOutOfRange
    return trade, after


def _tell(tx: Transaction, id: int, trade: Trade, after: Holding, market: Market, now: datetime) -> None:
    data = {
        "transaction_id": id,
        "side": trade.side,
        "symbol": trade.symbol,
        "quantity": f"{plain(trade.quantity):f}",
        "price": f"{plain(trade.price):f}",
        "amount": str(trade.amount),
        "profit": None if trade.profit is None else f"{plain(trade.profit):f}",
        "reason": trade.reason,
    }
    letter = Letter(f"trade-{id}-{now:%Y%m%dT%H%M%S%f}", lambda to: _letter(tx, to, trade, after, market))
    tell_customer(tx, NewNotification(after.user_id, "trade", data, now), letter)


def _letter(tx: Transaction, to: Recipient, trade: Trade, after: Holding, market: Market) -> Mail:
    """What has no price at the moment counts as what it cost."""
    holdings = [one for one in tx.assets.holdings(to.user_id) if one.quantity]
    balance = tx.users.balance(to.user_id)
    known = {one.symbol: one.average_price or Decimal(0) for one in holdings} | dict(market)
    return trade_letter(to, trade, after, holdings, balance, net_worth(balance, holdings, known))
