"""When the bot buys, sells or holds, and why. Source: seed B, task 8; contract B13.

A price at or below (1 - x) of the reference buys for a share of the cash, one at or above (1 + x) sells a share of the
holding. The reference is the average purchase price; after a trade of the bot's, that trade's price, until the holding
reaches zero. The live bot and the backtest play the same rounds.

>>> gold = Holding(1, "GOLD", quantity=Decimal(1), cost=Decimal("1000.00"))
>>> decision = decide(gold, Decimal("800.00"), Decimal("500.00"))
>>> decision.action, decision.amount
('buy', Decimal('25.00'))
>>> print(decision.reason)
The price 800 is at or below 990, 1 % under the average purchase price of 1000
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from operator import attrgetter
from typing import Final, Literal

import attrs
from attrs.validators import and_, ge, gt, le, lt

from domain.model.assets import DOWN, EXACT, NOTHING, QUANTITY_LIMIT, SMALLEST, Holding, Trade, plain
from domain.model.money import AMOUNT_LIMIT, CENT
from domain.rules.portfolio import purchase, sale, value

Cause = Literal["fell", "rose", "steady", "no price", "no cash", "too little", "too much"]

_ONE: Final = Decimal(1)
_PERCENT: Final = 2

_symbol = attrgetter("symbol")


@attrs.frozen
class Policy:
    """How the bot trades. Shares are from 0 to 1; `least_purchase` is money with at most two decimals."""

    threshold: Decimal = attrs.field(default=Decimal("0.01"), validator=and_(gt(NOTHING), lt(_ONE)))
    """How far from the reference a price must be: x."""

    buy_share: Decimal = attrs.field(default=Decimal("0.05"), validator=and_(gt(NOTHING), le(_ONE)))
    """Of the cash."""

    least_purchase: Decimal = attrs.field(default=Decimal("1.00"), validator=ge(CENT))
    sell_share: Decimal = attrs.field(default=Decimal("0.20"), validator=and_(gt(NOTHING), le(_ONE)))
    """Of the holding."""

    low: Decimal = attrs.field(init=False, repr=False, eq=False)
    high: Decimal = attrs.field(init=False, repr=False, eq=False)
    """(1 - x) and (1 + x): at so much of the reference, or beyond, the bot buys or sells."""

    @low.default
    def _below(self) -> Decimal:
        return EXACT.subtract(_ONE, self.threshold)

    @high.default
    def _above(self) -> Decimal:
        return EXACT.add(_ONE, self.threshold)


STANDARD: Final = Policy()


@attrs.frozen
class Decision:
    """What to do about one holding: buy for `amount`, sell `quantity`, or hold; and the cause of it."""

    action: Literal["buy", "sell", "hold"]
    cause: Cause
    holding: Holding
    price: Decimal | None
    policy: Policy
    amount: Decimal | None = None
    quantity: Decimal | None = None

    @property
    def reason(self) -> str:
        """The cause, as a sentence without its full stop."""
        if self.price is None:
            return "There is no price"
        if self.cause == "no cash":
            return f"The price {_shown(self.price)} fell, but there is less cash than {self.policy.least_purchase}"
        if self.cause == "too little":
            return f"At a price of {_shown(self.price)}, what would be traded rounds to nothing"
        if self.cause == "too much":
            return f"At a price of {_shown(self.price)}, more would be held than can be"
        by = f"{_shown(EXACT.scaleb(self.policy.threshold, _PERCENT))} %"
        of = f"{self._reference_name} of {_shown(self._reference)}"
        if self.cause == "steady":
            return f"The price {_shown(self.price)} is within {by} of {of}"
        fell = self.cause == "fell"
        limit = EXACT.multiply(self._reference, self.policy.low if fell else self.policy.high)
        side, way = ("below", "under") if fell else ("above", "over")
        return f"The price {_shown(self.price)} is at or {side} {_shown(limit)}, {by} {way} {of}"

    @property
    def _reference_name(self) -> str:
        return "the average purchase price" if self.holding.bot_price is None else "the last trade's price"

    @property
    def _reference(self) -> Decimal:
        reference = self.holding.bot_price or self.holding.average_price
        assert reference is not None, "the bot looks at holdings only"
        return reference


def decide(holding: Holding, price: Decimal | None, cash: Decimal, policy: Policy = STANDARD) -> Decision:
    """What the bot does about a holding that isn't zero, at a price and with so much cash, which may be owed."""
    if price is None:
        return Decision("hold", "no price", holding, price, policy)
    return _react(holding, price, cash, policy) or Decision("hold", "steady", holding, price, policy)


def play_round(
    holdings: Iterable[Holding], cash: Decimal, prices: Mapping[str, Decimal], policy: Policy = STANDARD
) -> Iterator[tuple[Trade, Holding]]:
    """The trades of one round, each with the holding after it: by symbol, each seeing the cash that the last left."""
    for holding in sorted(holdings, key=_symbol):
        price = prices.get(holding.symbol)
        if price is None or not holding.quantity:
            continue
        decision = _react(holding, price, cash, policy)
        traded = carry_out(decision) if decision else None
        if traded is not None:
            trade, after = traded
            cash = trade.cash_after(cash)
            yield trade, after


def carry_out(decision: Decision) -> tuple[Trade, Holding] | None:
    """The trade that was decided on, with the holding after it; None where the bot holds."""
    if decision.price is None or decision.action == "hold":
        return None
    if decision.amount is not None:
        trade, after = purchase(decision.holding, decision.amount, decision.price)
    else:
        assert decision.quantity is not None
        trade, after = sale(decision.holding, decision.quantity, decision.price)
    if after.quantity:
        after = attrs.evolve(after, bot_price=decision.price)
    return attrs.evolve(trade, reason=decision.reason), after


def _react(holding: Holding, price: Decimal, cash: Decimal, policy: Policy) -> Decision | None:
    """What to do about a price that is far enough from the reference; None where it is near, as nearly all are.

    The average purchase price is never divided out: both sides are multiplied by the quantity instead.
    """
    observed, reference = price, holding.bot_price
    if reference is None:
        observed, reference = value(holding.quantity, price), holding.cost
    if observed <= EXACT.multiply(reference, policy.low):
        return _buy(holding, price, cash, policy)
    if observed >= EXACT.multiply(reference, policy.high):
        return _sell(holding, price, cash, policy)
    return None


def _buy(holding: Holding, price: Decimal, cash: Decimal, policy: Policy) -> Decision:
    amount = max(EXACT.multiply(cash, policy.buy_share).quantize(CENT, context=DOWN), policy.least_purchase)
    if amount > cash:
        return Decision("hold", "no cash", holding, price, policy)
    bought = DOWN.divide(amount, price)
    if bought < SMALLEST:
        return Decision("hold", "too little", holding, price, policy)
    if EXACT.add(holding.quantity, bought.quantize(SMALLEST, context=DOWN)) >= QUANTITY_LIMIT:
        return Decision("hold", "too much", holding, price, policy)
    return Decision("buy", "fell", holding, price, policy, amount=amount)


def _sell(holding: Holding, price: Decimal, cash: Decimal, policy: Policy) -> Decision:
    quantity = EXACT.multiply(holding.quantity, policy.sell_share).quantize(SMALLEST, context=DOWN)
    proceeds = value(quantity, price).quantize(CENT, context=DOWN)
    if not proceeds:
        return Decision("hold", "too little", holding, price, policy)
    if EXACT.add(cash, proceeds) >= AMOUNT_LIMIT:
        return Decision("hold", "too much", holding, price, policy)
    return Decision("sell", "rose", holding, price, policy, quantity=quantity)


def _shown(number: Decimal) -> str:
    return f"{plain(number):f}"
