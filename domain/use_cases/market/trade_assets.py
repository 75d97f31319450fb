"""Buy and sell assets. Source: seed B, task 5; contract B7, B10, B11, G8."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

import attrs

from domain.model.assets import BookedTrade, Holding, Side, Trade, parse_quantity, plain
from domain.model.errors import (
    BalanceOutOfRange,
    EmptyFields,
    FieldProblem,
    HuchaError,
    InsufficientFunds,
    InvalidFields,
    PricesUnavailable,
    SymbolNotFound,
    Unauthenticated,
)
from domain.model.fields import is_empty
from domain.model.idempotency import IdempotencyKey
from domain.model.money import AMOUNT_LIMIT, EXACT, parse_positive_amount
from domain.model.notifications import Notification
from domain.model.sessions import Identity
from domain.model.transactions import Movement, MovementType
from domain.model.users import Account
from domain.rules.letters import trade_letter
from domain.rules.portfolio import net_worth, purchase, sale
from domain.use_cases.money.authorise_order import in_flight, keep_outcome, settled_already
from domain.use_cases.money.book_movement import book_movement
from domain.use_cases.notifying.deliver_mail import queue_mail
from domain.use_cases.refusals import or_raise
from ports.clock import Clock
from ports.prices import Prices
from ports.security import KeyedHashes
from ports.storage import Storage, Transaction

Market = Mapping[str, Decimal]
"""Prices by symbol."""


@attrs.frozen
class TradeOrder:
    """What a customer asks for; all as it came. `size` is money where they buy, and units where they sell."""

    side: Side
    symbol: object
    size: object
    pin: object = attrs.field(repr=False)
    key: IdempotencyKey | None = None


@attrs.frozen
class TradeAssets:
    """Carries out customers' orders at the market's price, which is asked before the transaction begins."""

    storage: Storage
    clock: Clock
    hashes: KeyedHashes
    prices: Prices

    def __call__(self, identity: Identity, order: TradeOrder) -> int:
        """The id of the movement; of the first one, where the order's key was used before.

        Raises, in this order: Unauthenticated, KeyReused, InvalidPin, PinLocked, EmptyFields, InvalidFields,
        PricesUnavailable, SymbolNotFound, InsufficientFunds or NotEnoughHeld, TradeTooSmall, HoldingOutOfRange,
        BalanceOutOfRange: then nothing was traded. And KeyInFlight, StorageUnavailable: then nobody knows, and the same
        order with the same key tells.
        """
        market = _market_or_failure(self.prices)
        now = self.clock.now()

        def work(tx: Transaction) -> int | HuchaError:
            account = tx.users.lock({identity.user_id}).get(identity.user_id)
            if account is None:
                return Unauthenticated()
            settled = settled_already(tx, self.hashes, account, order.pin, order.key, now)
            if settled is not None:
                return settled
            try:
                trade, after = _planned(tx, account, order, market)
            except HuchaError as failure:  # nothing was written but the PIN's count, which stays
                return failure
            id = book_trade(tx, trade, after, or_raise(market), now)
            keep_outcome(tx, account.user_id, order.key, id, now)
            return id

        with in_flight(order.key):
            return or_raise(self.storage.run(work))


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


def _planned(
    tx: Transaction, account: Account, order: TradeOrder, market: Market | PricesUnavailable
) -> tuple[Trade, Holding]:
    symbol, size = _read(order)
    price = or_raise(market).get(symbol)
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


def _read(order: TradeOrder) -> tuple[str, Decimal]:
    name = "amount" if order.side == "buy" else "quantity"
    empty = tuple(field for field, value in (("assetSymbol", order.symbol), (name, order.size)) if is_empty(value))
    if empty:
        raise EmptyFields(empty)
    if not isinstance(order.symbol, str):
        raise InvalidFields((FieldProblem("assetSymbol", "must be a string"),))
    try:
        size = parse_positive_amount(order.size) if order.side == "buy" else parse_quantity(order.size)
    except ValueError as problem:
        raise InvalidFields((FieldProblem(name, str(problem)),)) from None
    return order.symbol, size


def _tell(tx: Transaction, id: int, trade: Trade, after: Holding, market: Market, now: datetime) -> None:
    """By mail and by notification. What has no price at the moment counts in the letter as what it cost."""
    user = tx.users.get(after.user_id)
    if user is None:
        return
    holdings = [one for one in tx.assets.holdings(user.id) if one.quantity]
    balance = tx.users.balance(user.id)
    known = {one.symbol: one.average_price or Decimal(0) for one in holdings} | dict(market)
    letter = trade_letter(user.email, user.name, trade, after, holdings, balance, net_worth(balance, holdings, known))
    queue_mail(tx, attrs.evolve(letter, message_id=f"trade-{id}-{now:%Y%m%dT%H%M%S%f}"), now)
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
    tx.notifications.add(Notification(user.id, "trade", data, now))
