"""The backtest: against the contract's words in fractions, never looking ahead, and every cent accounted for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from math import ceil, floor

import attrs
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from domain.model.assets import SMALLEST, Trade
from domain.model.errors import HoldingOutOfRange, PricesUnavailable, TradeTooSmall
from domain.rules.auto_invest import STANDARD, Policy
from domain.rules.backtest import HALF, Backtest, BacktestResult

Row = Mapping[str, Decimal]
Told = tuple[str, str, Fraction, Fraction, Fraction]
"""Of a trade: symbol, side, price, amount, quantity."""

CASH = Decimal("10000.00")
UNIT = 10**12
"""So many of the smallest part make one."""

SYMBOLS = ("AAPL", "BTC", "GOLD")

around = st.sampled_from(["80", "97", "98.01", "99", "99.01", "100", "100.99", "101", "102.01", "104", "120"])
near_prices = around.map(Decimal) | st.decimals(95, 105, places=2)
wild_prices = st.builds(lambda digits, down: Decimal(digits).scaleb(-down), st.integers(1, 9999), st.integers(-8, 12))
"""Which take holdings to their limits."""


def series(prices: st.SearchStrategy[Decimal]) -> st.SearchStrategy[list[Row]]:
    """Rows of which the first has every price, or one, and any may be missing in the others."""
    row = st.dictionaries(st.sampled_from(SYMBOLS), prices)
    first = st.dictionaries(st.sampled_from(SYMBOLS), prices, min_size=1)
    return st.builds(lambda begin, more: [begin, *more], first, st.lists(row, max_size=25))


rows = series(near_prices) | series(near_prices | wild_prices)
cashes = st.integers(1_000, 10**15 - 1).map(lambda cents: Decimal(cents).scaleb(-2))
shares = st.decimals("0.01", 1, places=2)
policies = st.just(STANDARD) | st.builds(
    Policy,
    threshold=st.decimals("0.0001", "0.5", places=4),
    buy_share=shares,
    least_purchase=st.decimals("0.01", 200, places=2),
    sell_share=shares,
)


def begun(first: Row, cash: Decimal, share: Decimal = HALF, policy: Policy = STANDARD) -> Backtest:
    """A backtest after its first row; the example is of no use where the first purchases are refused."""
    backtest = Backtest(cash, share, policy)
    try:
        assert backtest.step(first) == []
    except (TradeTooSmall, HoldingOutOfRange):
        assume(False)
    return backtest


def gold(*prices: str) -> list[Row]:
    return [{"GOLD": Decimal(price)} for price in prices]


def run(series: Sequence[Row], cash: Decimal = CASH, **options: object) -> tuple[list[Trade], BacktestResult]:
    """All the trades, and the result."""
    backtest = Backtest(cash, **options)
    trades = [trade for row in series for trade in backtest.step(row)]
    return trades, backtest.result()


@attrs.define
class Position:
    """What one asset's part of a portfolio is."""

    quantity: Fraction
    paid: Fraction
    bots_last: Fraction | None = None


class Naive:
    """The contract's words, one after the other, in fractions and without any of the code's notions."""

    def __init__(self, cash: Decimal, share: Decimal, policy: Policy) -> None:
        self.cash = Fraction(cash)
        self.share, self.policy = Fraction(share), policy
        self.positions: dict[str, Position] = {}
        self.last_prices: dict[str, Fraction] = {}
        self.realised = Fraction(0)
        self.values = [self.cash]

    def step(self, row: Row) -> list[Told]:
        prices = {symbol: Fraction(price) for symbol, price in row.items()}
        self.last_prices |= prices
        trades = []
        if self.positions:
            for symbol in sorted(self.positions):
                if symbol in prices and self.positions[symbol].quantity > 0:
                    trades += self.look_at(symbol, prices[symbol])
        else:
            self.buy_at_first(prices)
        self.values.append(self.cash + sum(self.worth(symbol) for symbol in self.positions))
        return trades

    def buy_at_first(self, prices: dict[str, Fraction]) -> None:
        part = down(self.cash * self.share / len(prices), 100)
        for symbol, price in prices.items():
            self.cash -= part
            self.positions[symbol] = Position(down(part / price, UNIT), part)

    def look_at(self, symbol: str, price: Fraction) -> list[Told]:
        position = self.positions[symbol]
        x = Fraction(self.policy.threshold)
        reference = position.paid / position.quantity
        if position.bots_last is not None:
            reference = position.bots_last
        if price <= (1 - x) * reference:
            return self.buy(symbol, price)
        if price >= (1 + x) * reference:
            return self.sell(symbol, price)
        return []

    def buy(self, symbol: str, price: Fraction) -> list[Told]:
        position = self.positions[symbol]
        amount = down(self.cash * Fraction(self.policy.buy_share), 100)
        if amount < self.policy.least_purchase:
            amount = Fraction(self.policy.least_purchase)
        quantity = down(amount / price, UNIT)
        if amount > self.cash or quantity == 0 or position.quantity + quantity >= 10**20:
            return []
        self.cash -= amount
        position.quantity += quantity
        position.paid += amount
        position.bots_last = price
        return [(symbol, "buy", price, amount, quantity)]

    def sell(self, symbol: str, price: Fraction) -> list[Told]:
        position = self.positions[symbol]
        quantity = down(position.quantity * Fraction(self.policy.sell_share), UNIT)
        proceeds = down(quantity * price, 100)
        if proceeds == 0 or self.cash + proceeds >= 10**13:
            return []
        paid = Fraction(ceil(position.paid * quantity / position.quantity * UNIT), UNIT)
        if quantity == position.quantity:
            paid = position.paid
        self.cash += proceeds
        self.realised += proceeds - paid
        position.quantity -= quantity
        position.paid -= paid
        position.bots_last = price if position.quantity else None
        return [(symbol, "sell", price, proceeds, quantity)]

    def worth(self, symbol: str) -> Fraction:
        return self.positions[symbol].quantity * self.last_prices[symbol]

    def drawdown(self) -> Fraction:
        """Of each value, below the highest up to it."""
        return max(1 - value / max(self.values[: index + 1]) for index, value in enumerate(self.values))


class Holder(Naive):
    """Buys at first, and never again."""

    def look_at(self, symbol: str, price: Fraction) -> list[Told]:
        return []


def down(number: Fraction, parts: int) -> Fraction:
    return Fraction(floor(number * parts), parts)


@given(rows, cashes, shares, policies)
@example(gold("100", "99", "98.01", "98.9901", "100"), CASH, HALF, STANDARD)
@example(gold("1", "2", "4"), CASH, Decimal(1), Policy(sell_share=Decimal(1)))
def test_the_contracts_words_in_fractions_give_the_same(
    series: list[Row], cash: Decimal, share: Decimal, policy: Policy
) -> None:
    # contract: B13
    backtest, naive = begun(series[0], cash, share, policy), Naive(cash, share, policy)
    naive.step(series[0])
    for row in series[1:]:
        trades = [(one.symbol, one.side, one.price, one.amount, one.quantity) for one in backtest.step(row)]
        assert trades == naive.step(row)
        assert Fraction(backtest.bot_value) == naive.values[-1]
    bot = backtest.result().bot
    assert Fraction(bot.realised) == naive.realised
    assert Fraction(bot.final_value) == naive.values[-1]
    assert abs(Fraction(bot.largest_drawdown) - naive.drawdown()) <= Fraction(SMALLEST) / 2


@given(rows, cashes, shares)
def test_buying_and_holding_touches_nothing_after_the_first_row(
    series: list[Row], cash: Decimal, share: Decimal
) -> None:
    # contract: B13
    backtest = begun(series[0], cash, share)
    holder = Holder(cash, share, STANDARD)
    holder.step(series[0])
    for row in series[1:]:
        backtest.step(row)
        holder.step(row)
        assert Fraction(backtest.held_value) == holder.values[-1]
    held = backtest.result().held
    assert held.realised == 0
    assert abs(Fraction(held.largest_drawdown) - holder.drawdown()) <= Fraction(SMALLEST) / 2


@given(rows, cashes, shares, policies)
def test_every_cent_is_accounted_for(series: list[Row], cash: Decimal, share: Decimal, policy: Policy) -> None:
    """From the trades alone: cash never falls below zero, no more is sold than is held, and the profits add up."""
    # contract: B10, B13
    backtest = begun(series[0], cash, share, policy)
    part = down(Fraction(cash) * Fraction(share) / len(series[0]), 100)
    left = Fraction(cash) - part * len(series[0])
    held = {symbol: down(part / Fraction(price), UNIT) for symbol, price in series[0].items()}
    profit, counted = Fraction(0), {"buy": 0, "sell": 0}
    for row in series[1:]:
        for trade in backtest.step(row):
            sign = 1 if trade.side == "buy" else -1
            left -= sign * Fraction(trade.amount)
            held[trade.symbol] += sign * Fraction(trade.quantity)
            assert left >= 0
            assert held[trade.symbol] >= 0
            assert trade.price == row[trade.symbol]
            assert trade.reason is not None
            profit += Fraction(trade.profit or 0)
            counted[trade.side] += 1
    result = backtest.result()
    assert (result.purchases, result.sales) == (counted["buy"], counted["sell"])
    assert Fraction(result.bot.realised) == profit
    for outcome in (result.bot, result.held):
        assert outcome.start_value == cash
        assert Fraction(outcome.realised) + Fraction(outcome.unrealised) == Fraction(outcome.final_value) - Fraction(
            cash
        )
        assert Fraction(outcome.profit) == Fraction(outcome.final_value) - Fraction(cash)
        assert 0 <= outcome.largest_drawdown <= 1
    assert Fraction(result.difference) == Fraction(result.bot.profit) - Fraction(result.held.profit)


@given(rows, rows, rows, cashes, policies)
def test_what_comes_later_changes_nothing_of_what_was_decided(
    before: list[Row], one_future: list[Row], other_future: list[Row], cash: Decimal, policy: Policy
) -> None:
    # contract: B13
    one, other = begun(before[0], cash, policy=policy), begun(before[0], cash, policy=policy)
    decided = [
        [backtest.step(row) for row in [*before[1:], *future]]
        for backtest, future in ((one, one_future), (other, other_future))
    ]
    known = len(before) - 1
    assert decided[0][:known] == decided[1][:known]


@given(rows, st.integers(0, 25), cashes, policies)
def test_stepping_a_part_gives_the_same_part_and_asking_for_the_result_changes_nothing(
    series: list[Row], cut: int, cash: Decimal, policy: Policy
) -> None:
    # contract: B13
    whole, part = begun(series[0], cash, policy=policy), begun(series[0], cash, policy=policy)
    cut = min(cut, len(series) - 1) + 1
    results = []
    for row in series[1:cut]:
        assert part.step(row) == whole.step(row)
        results.append(whole.result())
        assert whole.result() == results[-1]
    assert part.result() == whole.result()
    rest = [whole.step(row) for row in series[cut:]]
    assert [part.step(row) for row in series[cut:]] == rest
    assert part.result() == whole.result()


calm_prices = st.integers(9_910, 10_090)
"""Of 10,000 parts of the first price."""


@given(
    st.decimals("0.01", 10_000, places=2),
    st.lists(st.dictionaries(st.sampled_from(SYMBOLS), calm_prices), max_size=25),
    st.integers(10_000, 10**12).map(lambda cents: Decimal(cents).scaleb(-2)),
)
def test_prices_that_never_leave_the_band_leave_the_bot_with_what_holding_gives(
    first: Decimal, series: list[dict[str, int]], cash: Decimal
) -> None:
    # contract: B13
    calm = [{symbol: first * tenths / 10_000 for symbol, tenths in row.items()} for row in series]
    trades, result = run([dict.fromkeys(SYMBOLS, first), *calm], cash)
    assert trades == []
    assert result.bot == result.held
    assert result.difference == 0


@given(rows, cashes, policies)
def test_the_callers_context_is_of_no_account(series: list[Row], cash: Decimal, policy: Policy) -> None:
    expected = begun(series[0], cash, policy=policy)
    trades = [expected.step(row) for row in series[1:]]
    with localcontext(Context(prec=5)):
        backtest = begun(series[0], cash, policy=policy)
        assert [backtest.step(row) for row in series[1:]] == trades
        assert backtest.result() == expected.result()


def test_the_case_study_tells_what_the_bot_made_of_it() -> None:
    # contract: B13
    trades, result = run(gold("1000", "800", "1200"), Decimal("2000.00"))
    assert [(one.side, one.amount, one.quantity) for one in trades] == [
        ("buy", 50, Decimal("0.0625")),
        ("sell", 255, Decimal("0.2125")),
    ]
    assert (result.purchases, result.sales) == (1, 1)
    assert (result.bot.start_value, result.bot.final_value, result.bot.profit) == (2000, 2225, 225)
    assert (result.bot.realised, result.bot.unrealised) == (45, 180)
    assert (result.held.final_value, result.held.realised, result.held.unrealised) == (2200, 0, 200)
    assert result.difference == 25
    assert result.bot.largest_drawdown == result.held.largest_drawdown == Decimal("0.1")


def test_the_cash_is_split_equally_and_whatever_a_cent_cant_split_stays_cash() -> None:
    # contract: B13
    backtest = Backtest(Decimal("100.01"), Decimal(1))
    backtest.step({"C": Decimal(1), "A": Decimal(2), "B": Decimal("0.5")})
    assert backtest.symbols == ("A", "B", "C")
    backtest.step({"C": Decimal(1_001), "A": Decimal(2), "B": Decimal("0.5")})
    assert backtest.held_value == Decimal("100.01") + Decimal("33.33") * 1_000


def test_the_first_row_is_bought_at_and_nothing_else_is_done_there() -> None:
    # contract: B13
    backtest = Backtest(Decimal("0.02"))
    coarse = {"GOLD": Decimal("6000000000")}
    assert backtest.step(coarse) == [], "a smallest part costs 0.01, though it is worth 0.006"
    assert backtest.bot_value == backtest.held_value == Decimal("0.016")


def test_a_missing_price_holds_and_what_is_held_keeps_its_last_one() -> None:
    # contract: B13
    backtest = Backtest(CASH)
    backtest.step({"GOLD": Decimal(100), "BTC": Decimal(50)})
    assert [trade.symbol for trade in backtest.step({"BTC": Decimal(100)})] == ["BTC"]
    assert (backtest.bot_value, backtest.held_value) == (12_500, 12_500)
    assert backtest.step({}) == []
    assert (backtest.bot_value, backtest.held_value) == (12_500, 12_500)


def test_what_the_first_row_has_no_price_of_is_never_bought() -> None:
    # contract: B13
    backtest = Backtest(CASH)
    backtest.step({"GOLD": Decimal(100)})
    for btc in ("50", "5", "500"):
        assert backtest.step({"GOLD": Decimal(100), "BTC": Decimal(btc)}) == []
    assert backtest.symbols == ("GOLD",)
    assert backtest.bot_value == CASH


def test_a_symbol_that_was_sold_out_is_not_bought_again() -> None:
    # contract: B13
    trades, result = run(gold("100", "120", "1", "1000"), policy=Policy(sell_share=Decimal(1)))
    assert [(one.side, one.amount) for one in trades] == [("sell", 6_000)]
    assert (result.bot.final_value, result.bot.realised, result.bot.unrealised) == (11_000, 1_000, 0)


def test_the_largest_drawdown_is_the_deepest_fall_below_a_peak_wherever_it_was() -> None:
    # contract: B13
    def drawdown(*prices: str) -> Decimal:
        return run(gold(*prices), share=Decimal(1))[1].held.largest_drawdown

    assert drawdown("100", "100", "200") == 0
    assert drawdown("100", "80", "100", "90") == Decimal("0.2")
    assert drawdown("100", "80", "200", "150", "170") == Decimal("0.25")
    assert drawdown("100", "80", "200", "150", "300", "290") == Decimal("0.25")
    assert drawdown("100", "90", "80", "70") == Decimal("0.3")
    assert drawdown("300", "200", "300", "100") == Decimal("0.666666666667")


def test_before_the_first_row_nothing_has_happened() -> None:
    result = Backtest(CASH).result()
    assert result.bot == result.held
    assert (result.bot.final_value, result.bot.profit, result.purchases, result.sales) == (CASH, 0, 0, 0)


@pytest.mark.parametrize(
    ("cash", "first", "error"),
    [
        ("10.00", {}, PricesUnavailable),
        ("0.03", {"A": "1", "B": "1"}, TradeTooSmall),
        ("10.00", {"A": "1", "B": "9000000000000"}, TradeTooSmall),
        ("9999999999999.99", {"A": "1", "B": "0.00000001"}, HoldingOutOfRange),
    ],
)
def test_first_purchases_that_cant_be_made_leave_the_backtest_as_it_was(
    cash: str, first: dict[str, str], error: type[Exception]
) -> None:
    # contract: B10
    backtest = Backtest(Decimal(cash))
    with pytest.raises(error):
        backtest.step({symbol: Decimal(price) for symbol, price in first.items()})
    assert backtest.result() == Backtest(Decimal(cash)).result()
    backtest.step({"A": Decimal("0.01")})
    assert backtest.symbols == ("A",)


@pytest.mark.parametrize(
    ("cash", "share"), [("0.00", "0.5"), ("-1.00", "0.5"), ("10.00", "0"), ("10.00", "-0.5"), ("10.00", "1.01")]
)
def test_there_must_be_cash_and_a_share_of_it(cash: str, share: str) -> None:
    with pytest.raises(ValueError, match=r"cash|share"):
        Backtest(Decimal(cash), Decimal(share))
