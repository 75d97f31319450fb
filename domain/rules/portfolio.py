"""Buying and selling at a price, and what a portfolio is worth. Source: seed B, task 5; contract B10.

The average cost method: a sale takes its share of what was paid for the holding along. Quantities round down to 12
decimals and proceeds to cents, so a trade never makes value; the cost of what is sold rounds up to 12 decimals, so no
profit is told too early. Whatever was rounded, realised and unrealised profit together are what came out of an asset,
less what went in, plus what is held of it at market.

>>> trade, gold = purchase(Holding(1, "GOLD"), Decimal("1000.00"), Decimal("1464.14"))
>>> gold.quantity
Decimal('0.682994795579')
>>> trade, gold = sale(gold, Decimal("0.3"), Decimal("1500.00"))
>>> trade.amount, trade.profit, gold.quantity
(Decimal('450.00'), Decimal('10.757999999577'), Decimal('0.382994795579'))
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

import attrs

from domain.model.assets import DOWN, EXACT, NOTHING, QUANTITY_LIMIT, SMALLEST, UP, Holding, Trade
from domain.model.errors import HoldingOutOfRange, NotEnoughHeld, PricesUnavailable, TradeTooSmall
from domain.model.money import CENT


@attrs.frozen
class AssetPerformance:
    """How a customer fares with one asset. Unrounded, but for `average_price`, which has 12 decimals."""

    symbol: str
    quantity: Decimal
    average_price: Decimal | None
    market_price: Decimal | None
    """None where nothing is held."""

    market_value: Decimal
    realised: Decimal
    unrealised: Decimal


def purchase(holding: Holding, amount: Decimal, price: Decimal) -> tuple[Trade, Holding]:
    """Buy for an amount of money, all of which is paid. Raises TradeTooSmall, HoldingOutOfRange."""
    quantity = DOWN.divide(amount, price).quantize(SMALLEST, context=DOWN)
    if not quantity:
        raise TradeTooSmall
    trade = Trade(holding.symbol, "buy", quantity, price, amount)
    after = holding.with_trade(trade)
    if after.quantity >= QUANTITY_LIMIT:
        raise HoldingOutOfRange
    return trade, after


def sale(holding: Holding, quantity: Decimal, price: Decimal) -> tuple[Trade, Holding]:
    """Sell so many units. Raises NotEnoughHeld, TradeTooSmall."""
    if quantity > holding.quantity:
        raise NotEnoughHeld
    proceeds = value(quantity, price).quantize(CENT, context=DOWN)
    if not proceeds:
        raise TradeTooSmall
    cost = _share_of_cost(holding, quantity) if quantity < holding.quantity else holding.cost
    trade = Trade(holding.symbol, "sell", quantity, price, proceeds, EXACT.subtract(proceeds, cost))
    after = holding.with_trade(trade)
    return trade, after if after.quantity else attrs.evolve(after, bot_price=None)


def value(quantity: Decimal, price: Decimal) -> Decimal:
    """What so many units are worth, unrounded."""
    return EXACT.multiply(quantity, price)


def net_worth(cash: Decimal, holdings: Iterable[Holding], prices: Mapping[str, Decimal]) -> Decimal:
    """Cash and holdings at market, unrounded. Raises PricesUnavailable where one that is held has no price."""
    worth = cash
    for holding in holdings:
        if holding.quantity:
            worth = EXACT.add(worth, value(holding.quantity, _price(holding, prices)))
    return worth


def performance(holding: Holding, prices: Mapping[str, Decimal]) -> AssetPerformance:
    """How a customer fares with one asset. Raises PricesUnavailable where it is held and has no price."""
    price = _price(holding, prices) if holding.quantity else None
    worth = NOTHING if price is None else value(holding.quantity, price)
    return AssetPerformance(
        symbol=holding.symbol,
        quantity=holding.quantity,
        average_price=holding.average_price,
        market_price=price,
        market_value=worth,
        realised=holding.realised,
        unrealised=EXACT.subtract(worth, holding.cost),
    )


def total_profit(performances: Iterable[AssetPerformance]) -> tuple[Decimal, Decimal]:
    """Realised and unrealised profit of all of them."""
    realised = unrealised = NOTHING
    for one in performances:
        realised, unrealised = EXACT.add(realised, one.realised), EXACT.add(unrealised, one.unrealised)
    return realised, unrealised


def _share_of_cost(holding: Holding, quantity: Decimal) -> Decimal:
    """What was paid for a part of a holding, rounded up to 12 decimals; never more than for all of it."""
    return UP.divide(EXACT.multiply(holding.cost, quantity), holding.quantity).quantize(SMALLEST, context=UP)


def _price(holding: Holding, prices: Mapping[str, Decimal]) -> Decimal:
    price = prices.get(holding.symbol)
    if price is None:
        raise PricesUnavailable(f"there is none of {holding.symbol}")
    return price
