"""Assets: how much of them a customer holds, what was paid for it, and what was traded.

Source: seed B, task 5; contract B10, B11, B13.
"""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Context, Decimal, Inexact
from typing import Final, Literal

import attrs

from domain.model.money import read_number

PLACES: Final = 12
"""So many decimals has a quantity, a price, and what was paid for a holding."""

SMALLEST: Final = Decimal(1).scaleb(-PLACES)

PRICE_LIMIT: Final = Decimal(10) ** 13
QUANTITY_LIMIT: Final = Decimal(10) ** 20
"""Every price, and every quantity that is held, is below these."""

_DIGITS: Final = 100
"""Room for every digit of a quantity times a price, or times what was paid for a holding."""

EXACT: Final = Context(prec=_DIGITS, traps=[Inexact])
DOWN: Final = Context(prec=_DIGITS, rounding=ROUND_DOWN)
UP: Final = Context(prec=_DIGITS, rounding=ROUND_UP)
HALF_UP: Final = Context(prec=_DIGITS, rounding=ROUND_HALF_UP)
"""The caller's own context may be narrower than any of these."""

NOTHING: Final = Decimal(0)

LONGEST_SYMBOL: Final = 32
"""In characters."""

Side = Literal["buy", "sell"]


@attrs.frozen
class Holding:
    """How much of one asset a customer has.

    `cost` is what was paid for the units that are held, by the average cost method; `realised` is the profit of all
    sales so far, negative for a loss. All have at most 12 decimals.
    """

    user_id: int
    symbol: str
    quantity: Decimal = NOTHING
    cost: Decimal = NOTHING
    realised: Decimal = NOTHING
    bot_price: Decimal | None = None
    """The price of the bot's last trade; None where it made none since the holding was last zero."""

    def with_trade(self, trade: Trade) -> Holding:
        """The holding once a trade is booked that was made already, but for `bot_price`."""
        profit = trade.profit or NOTHING
        if trade.side == "buy":
            quantity, cost = EXACT.add(self.quantity, trade.quantity), EXACT.add(self.cost, trade.amount)
        else:
            sold_cost = EXACT.subtract(trade.amount, profit)
            quantity, cost = EXACT.subtract(self.quantity, trade.quantity), EXACT.subtract(self.cost, sold_cost)
        return attrs.evolve(self, quantity=quantity, cost=cost, realised=EXACT.add(self.realised, profit))

    @property
    def average_price(self) -> Decimal | None:
        """What a unit cost on average, half-up to 12 decimals; None where nothing is held."""
        return HALF_UP.divide(self.cost, self.quantity).quantize(SMALLEST, context=HALF_UP) if self.quantity else None


@attrs.frozen
class Trade:
    """A purchase or a sale: so many units at so much each, for an `amount` of money (2 decimals)."""

    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    amount: Decimal
    profit: Decimal | None = None
    """Of a sale: the proceeds less what was paid for the units sold."""

    reason: str | None = None
    """Why the bot made it; None where the customer did."""

    def cash_after(self, cash: Decimal) -> Decimal:
        """The cash that is left of so much, or has come to it."""
        return EXACT.add(cash, self.amount) if self.side == "sell" else EXACT.subtract(cash, self.amount)


@attrs.frozen
class BookedTrade:
    """A trade with the id of its movement, as the history has it, and when it was booked (UTC)."""

    id: int
    user_id: int
    trade: Trade
    booked_at: datetime


def is_symbol(text: str) -> bool:
    """Whether it may name an asset: 1 to 32 printable characters, the last no blank, which MySQL wouldn't compare.

    >>> is_symbol("BTC/USD"), is_symbol("GOLD "), is_symbol("")
    (True, False, False)
    """
    return 1 <= len(text) <= LONGEST_SYMBOL and text.isprintable() and not text.endswith(" ")


def parse_quantity(value: object) -> Decimal:
    """Read a positive quantity exactly: an int, a finite Decimal, or a string such as `"0.3"`, at most 12 decimals.

    Raises ValueError, with a text that reads on after the field's name.

    >>> parse_quantity("0.30"), parse_quantity(2)
    (Decimal('0.30'), Decimal('2'))
    >>> parse_quantity("0.0000000000001")
    Traceback (most recent call last):
    ...
    ValueError: must have at most 12 decimals
    """
    quantity = read_number(value)
    if quantity <= 0:
        raise ValueError("must be greater than 0")
    if quantity >= QUANTITY_LIMIT:
        raise ValueError("must be below 10^20")
    if quantity != quantity.quantize(SMALLEST, context=DOWN):
        raise ValueError(f"must have at most {PLACES} decimals")
    return quantity


def sound_price(number: Decimal) -> Decimal:
    """A price, half-up to 12 decimals. Raises ValueError where that isn't finite, positive and below 10^13.

    >>> sound_price(Decimal("1e-13"))
    Traceback (most recent call last):
    ...
    ValueError: must be a finite number greater than 0 and below 10^13
    """
    if number.is_finite() and 0 < number < PRICE_LIMIT:
        price = number.quantize(SMALLEST, context=HALF_UP)
        if 0 < price < PRICE_LIMIT:
            return plain(price)
    raise ValueError("must be a finite number greater than 0 and below 10^13")


def plain(number: Decimal) -> Decimal:
    """The same number without zeros behind its last decimal.

    >>> plain(Decimal("0.300000000000")), plain(Decimal("1200.00"))
    (Decimal('0.3'), Decimal('1200'))
    """
    short = EXACT.normalize(number)
    return short.quantize(Decimal(1), context=EXACT) if short.as_tuple().exponent > 0 else short  # type: ignore[operator]  # finite
