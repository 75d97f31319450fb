"""How the bot would have done over past prices, beside buying the same and holding it. Source: contract B13, R2.

A backtest is stepped with one row of prices after the other and sees no other: it can't look ahead. It plays the rounds
that the live bot plays.

>>> backtest = Backtest(Decimal("2000.00"))
>>> for price in ("1000.00", "800.00", "1200.00"):
...     for trade in backtest.step({"GOLD": Decimal(price)}):
...         print(trade.side, trade.amount, trade.reason, sep=" | ")
buy | 50.00 | The price 800 is at or below 990, 1 % under the average purchase price of 1000
sell | 255.00 | The price 1200 is at or above 808, 1 % over the last trade's price of 800
>>> result = backtest.result()
>>> print(*(f"{money:.2f}" for money in (result.bot.profit, result.held.profit, result.difference)))
225.00 200.00 25.00
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import attrs
from attrs.validators import and_, ge, gt, le

from domain.model.assets import DOWN, EXACT, HALF_UP, NOTHING, SMALLEST, Holding, Trade
from domain.model.errors import PricesUnavailable
from domain.model.money import CENT
from domain.rules.auto_invest import STANDARD, Policy, play_round
from domain.rules.portfolio import net_worth, performance, purchase, total_profit

HALF: Final = Decimal("0.5")

_NOBODY: Final = 0
"""Whose holdings these are."""


@attrs.frozen
class Outcome:
    """What became of a portfolio. Amounts are money, unrounded; `realised` and `unrealised` add up to the profit."""

    start_value: Decimal
    """The cash before the first purchases."""

    final_value: Decimal
    realised: Decimal
    unrealised: Decimal
    largest_drawdown: Decimal
    """How far the value fell at most below its highest so far: a share of that one, from 0 to 1, with 12 decimals."""

    @property
    def profit(self) -> Decimal:
        """Negative for a loss."""
        return EXACT.subtract(self.final_value, self.start_value)


@attrs.frozen
class BacktestResult:
    """How the bot did, and how those did who bought the same at first and never touched it again."""

    bot: Outcome
    held: Outcome
    purchases: int
    """By the bot: the first ones, which both made, aren't counted."""

    sales: int

    @property
    def difference(self) -> Decimal:
        """What the bot ended with beyond buying and holding; negative where it did worse."""
        return EXACT.subtract(self.bot.final_value, self.held.final_value)


@attrs.define(eq=False)
class Backtest:
    """The bot and buy-and-hold, side by side, from the same cash and the same first purchases.

    `cash` is money with at most 2 decimals. At the first row the `share` of it is split equally among the symbols that
    have a price there, each part rounded down to cents; the bot looks from the second row on. No trade costs a fee.
    """

    cash: Decimal = attrs.field(validator=ge(CENT))
    share: Decimal = attrs.field(default=HALF, validator=and_(gt(NOTHING), le(Decimal(1))))
    policy: Policy = STANDARD
    purchases: int = attrs.field(default=0, init=False)
    sales: int = attrs.field(default=0, init=False)
    _bot: _Portfolio = attrs.field(init=False)
    _held: _Portfolio = attrs.field(init=False)
    _known: dict[str, Decimal] = attrs.field(init=False, factory=dict)
    """The last price of each symbol."""

    def __attrs_post_init__(self) -> None:
        self._bot, self._held = _Portfolio(self.cash), _Portfolio(self.cash)

    @property
    def bot_value(self) -> Decimal:
        """What the bot's portfolio is worth at the prices so far, unrounded."""
        return self._bot.value

    @property
    def held_value(self) -> Decimal:
        """What the one that is held is worth."""
        return self._held.value

    @property
    def symbols(self) -> tuple[str, ...]:
        """What was bought at first, by name; nothing else is ever traded."""
        return tuple(self._held.holdings)

    def step(self, prices: Mapping[str, Decimal]) -> list[Trade]:
        """The bot's trades at one row of sound prices, of which any may be missing: that holding is left as it is.

        At the first row, raises PricesUnavailable where it has no price, and TradeTooSmall or HoldingOutOfRange where a
        part buys too little or too much; the backtest is as before then.
        """
        trades = self._play(prices) if self._bot.holdings else self._invest(prices)
        self._known.update(prices)
        self._bot.look(self._known)
        self._held.look(self._known)
        return trades

    def result(self) -> BacktestResult:
        """How both have done so far."""
        bot, held = (one.outcome(self.cash, self._known) for one in (self._bot, self._held))
        return BacktestResult(bot, held, self.purchases, self.sales)

    def _invest(self, prices: Mapping[str, Decimal]) -> list[Trade]:
        if not prices:
            raise PricesUnavailable("the first row has none")
        invested = DOWN.multiply(self.cash, self.share)
        part = DOWN.divide(invested, Decimal(len(prices))).quantize(CENT, context=DOWN)
        bought = [purchase(Holding(_NOBODY, symbol), part, price) for symbol, price in sorted(prices.items())]
        for trade, holding in bought:
            self._bot.book(trade, holding)
            self._held.book(trade, holding)
        return []

    def _play(self, prices: Mapping[str, Decimal]) -> list[Trade]:
        trades = []
        for trade, after in play_round(self._bot.holdings.values(), self._bot.cash, prices, self.policy):
            self._bot.book(trade, after)
            trades.append(trade)
            if trade.side == "buy":
                self.purchases += 1
            else:
                self.sales += 1
        return trades


@attrs.define(eq=False)
class _Portfolio:
    """Cash and holdings, what they are worth, and how far that fell."""

    cash: Decimal
    holdings: dict[str, Holding] = attrs.field(factory=dict)
    value: Decimal = attrs.field(init=False)
    _peak: Decimal = attrs.field(init=False)
    _trough: Decimal = attrs.field(init=False)
    """The lowest value since the peak."""

    _drawdown: Decimal = NOTHING
    """The largest from an earlier peak."""

    def __attrs_post_init__(self) -> None:
        self.value = self._peak = self._trough = self.cash

    def book(self, trade: Trade, after: Holding) -> None:
        self.cash = trade.cash_after(self.cash)
        self.holdings[after.symbol] = after

    def look(self, prices: Mapping[str, Decimal]) -> None:
        """Value it at these prices. Only a new peak costs a division: that is when the one before is done with."""
        self.value = value = net_worth(self.cash, self.holdings.values(), prices)
        if value < self._trough:
            self._trough = value
        elif value > self._peak:
            self._drawdown = self._largest_drawdown()
            self._peak = self._trough = value

    def outcome(self, start_value: Decimal, prices: Mapping[str, Decimal]) -> Outcome:
        each = [performance(holding, prices) for holding in self.holdings.values()]
        return Outcome(start_value, self.value, *total_profit(each), self._largest_drawdown())

    def _largest_drawdown(self) -> Decimal:
        if self._trough == self._peak:
            return self._drawdown
        share = HALF_UP.divide(EXACT.subtract(self._peak, self._trough), self._peak)
        return max(self._drawdown, share.quantize(SMALLEST, context=HALF_UP))
