"""When the bot buys, sells or holds: at every boundary, and against the contract's words in fractions."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from math import floor

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.model.assets import QUANTITY_LIMIT, SMALLEST, Holding, Trade
from domain.model.money import AMOUNT_LIMIT
from domain.rules.auto_invest import STANDARD, Policy, carry_out, decide, play_round
from domain.rules.portfolio import purchase, sale

CASH = Decimal("500.00")
LARGEST_PRICE = Decimal("9999999999999.999999999999")
LARGEST_QUANTITY = Decimal("99999999999999999999.999999999999")
UNIT = 10**12
"""So many of the smallest part make one."""

HAS_TRADED = Holding(1, "GOLD", Decimal(1), Decimal("1000.00"), bot_price=Decimal("800.50"))
FULL = Holding(1, "GOLD", LARGEST_QUANTITY, Decimal("1000.00"), bot_price=Decimal("800.50"))

parts = st.one_of(st.integers(1, 10**32 - 1), st.integers(1, 10**6), st.integers(1, 10**15))
quantities = parts.map(lambda number: Decimal(number).scaleb(-12, Context(prec=40)))
wild_prices = st.integers(1, 10**25 - 1).map(lambda number: Decimal(number).scaleb(-12, Context(prec=40)))
near_prices = st.sampled_from(["98", "98.99", "99", "99.01", "100", "100.99", "101", "101.01", "102"]).map(Decimal)
prices = st.one_of(near_prices, st.decimals("0.01", 200, places=2), wild_prices)
costs = st.one_of(near_prices, st.integers(0, 10**15).map(lambda cents: Decimal(cents).scaleb(-2)))
money = st.one_of(st.sampled_from(["0.00", "0.99", "1.00", "1.01", "19.99", "20.00", "20.20"]), st.integers(0, 10**15))
cashes = money.map(lambda one: Decimal(one) if isinstance(one, str) else Decimal(one).scaleb(-2))
shares = st.one_of(st.decimals("0.01", 1, places=2), st.decimals("0.000001", 1, places=6))
policies = st.one_of(
    st.just(STANDARD),
    st.builds(Policy, threshold=shares.filter(lambda share: share < 1), buy_share=shares, sell_share=shares),
)
holdings = st.builds(
    Holding,
    user_id=st.just(1),
    symbol=st.sampled_from(["AAPL", "BTC", "GOLD"]),
    quantity=st.one_of(st.just(Decimal(1)), quantities),
    cost=costs,
    bot_price=st.one_of(st.none(), prices),
)


def gold(quantity: str = "1", cost: str = "1000.00", bot_price: str | None = None) -> Holding:
    last = None if bot_price is None else Decimal(bot_price)
    return Holding(1, "GOLD", Decimal(quantity), Decimal(cost), bot_price=last)


def action(holding: Holding, price: str, cash: Decimal = CASH, policy: Policy = STANDARD) -> str:
    return decide(holding, Decimal(price), cash, policy).action


def bought(cash: str, policy: Policy = STANDARD) -> Decimal | None:
    """For how much the bot buys what has fallen."""
    return decide(gold(), Decimal(800), Decimal(cash), policy).amount


def played(one: Iterable[Holding], cash: str, **market: str) -> list[tuple[str, str, Decimal]]:
    """What one round trades: symbol, side, amount."""
    prices = {symbol: Decimal(price) for symbol, price in market.items()}
    return [(trade.symbol, trade.side, trade.amount) for trade, _ in play_round(one, Decimal(cash), prices)]


def test_the_case_study_buys_a_little_at_800_and_sells_a_part_at_1200() -> None:
    # contract: B13
    _, bought_at_1000 = purchase(Holding(1, "GOLD"), Decimal("1000.00"), Decimal(1000))
    [(trade, after)] = play_round([bought_at_1000], CASH, {"GOLD": Decimal(800)})
    assert (trade.side, trade.amount, trade.quantity) == ("buy", Decimal("25.00"), Decimal("0.03125"))
    assert after == Holding(1, "GOLD", Decimal("1.03125"), Decimal("1025.00"), bot_price=Decimal(800))
    [(trade, after)] = play_round([bought_at_1000], CASH, {"GOLD": Decimal(1200)})
    assert (trade.side, trade.quantity, trade.amount, trade.profit) == ("sell", Decimal("0.2"), 240, 40)
    assert after == Holding(1, "GOLD", Decimal("0.8"), Decimal(800), Decimal(40), Decimal(1200))
    assert not list(play_round([bought_at_1000], CASH, {"GOLD": Decimal(1000)}))


@pytest.mark.parametrize(
    ("holding", "buys", "holds", "holds_too", "sells"),
    [
        (gold(), "990", "990.000000000001", "1009.999999999999", "1010"),
        (gold("3"), "330", "330.000000000001", "336.666666666666", "336.666666666667"),
        (gold(bot_price="800"), "792", "792.000000000001", "807.999999999999", "808"),
        (gold(bot_price="0.000000000100"), "0.000000000099", "0.0000000001", "0.0000000001", "0.000000000101"),
    ],
)
def test_exactly_at_a_limit_it_trades_and_just_inside_it_holds(
    holding: Holding, buys: str, holds: str, holds_too: str, sells: str
) -> None:
    # contract: B13
    rich = Decimal(1_000_000)
    times = 10**6 if Decimal(sells) > 1 else UNIT  # enough to be worth a cent, and not more than an account can hold
    plenty = attrs.evolve(holding, quantity=holding.quantity * times, cost=holding.cost * times)
    assert [action(plenty, price, rich) for price in (buys, holds, holds_too, sells)] == ["buy", "hold", "hold", "sell"]


def test_the_limits_move_with_the_threshold() -> None:
    # contract: B13
    policy = Policy(threshold=Decimal("0.123456789"))
    assert [action(gold(), price, policy=policy) for price in ("876.543211", "876.543212")] == ["buy", "hold"]
    assert [action(gold(), price, policy=policy) for price in ("1123.456789", "1123.456788")] == ["sell", "hold"]


def test_the_reference_is_the_average_purchase_price_until_the_bot_trades() -> None:
    # contract: B13
    _, holding = purchase(gold(), Decimal("800.00"), Decimal(800))
    assert holding.average_price == 900
    assert [action(holding, price) for price in ("891", "892", "908", "909")] == ["buy", "hold", "hold", "sell"]


def test_from_its_first_trade_on_the_reference_is_the_bots_last_one() -> None:
    # contract: B13
    holding, cash, sides = gold(), CASH, []
    for price in ("990", "981", "980.1", "985", "989.901", "1000", "999.80001"):
        for trade, after in play_round([holding], cash, {"GOLD": Decimal(price)}):
            holding, cash = after, trade.cash_after(cash)
            sides.append((price, trade.side))
    assert sides == [("990", "buy"), ("980.1", "buy"), ("989.901", "sell"), ("1000", "sell")]
    assert holding.bot_price == 1000


def test_what_the_customer_trades_leaves_the_bots_reference_until_nothing_is_held() -> None:
    # contract: B13
    _, holding = purchase(gold(bot_price="800"), Decimal("1000.00"), Decimal(1000))
    assert holding.bot_price == 800
    _, holding = sale(holding, Decimal("1.5"), Decimal(1000))
    assert holding.bot_price == 800
    _, holding = sale(holding, Decimal("0.5"), Decimal(1000))
    _, holding = purchase(holding, Decimal("700.00"), Decimal(700))
    assert [action(holding, price) for price in ("693", "694", "706", "707")] == ["buy", "hold", "hold", "sell"]


def test_a_bot_that_sells_everything_forgets_its_reference() -> None:
    # contract: B13
    everything = Policy(sell_share=Decimal(1))
    [(trade, after)] = play_round([gold(bot_price="800")], CASH, {"GOLD": Decimal(1200)}, everything)
    assert (trade.quantity, trade.profit) == (1, 200)
    assert after == Holding(1, "GOLD", realised=Decimal(200))
    assert not list(play_round([after], CASH, {"GOLD": Decimal(1)}, everything)), "nothing is held, nothing is bought"


@pytest.mark.parametrize(
    ("cash", "amount"),
    [
        ("1234.59", "61.72"),
        ("1234.60", "61.73"),
        ("20.20", "1.01"),
        ("20.19", "1.00"),
        ("19.99", "1.00"),
        ("1.00", "1.00"),
        ("0.99", None),
        ("0.00", None),
        ("9999999999999.99", "499999999999.99"),
    ],
)
def test_it_buys_for_a_twentieth_of_the_cash_rounded_down_but_for_1_at_least(cash: str, amount: str | None) -> None:
    # contract: B13
    assert bought(cash) == (None if amount is None else Decimal(amount))


def test_it_may_buy_for_all_the_cash_and_has_none_then() -> None:
    # contract: B13
    all_in = Policy(buy_share=Decimal(1))
    assert bought("123.45", all_in) == Decimal("123.45")
    [(trade, after)] = play_round([gold()], Decimal("123.45"), {"GOLD": Decimal(800)}, all_in)
    assert trade.cash_after(Decimal("123.45")) == 0
    assert decide(after, Decimal(1), Decimal("0.00"), all_in).cause == "no cash"


@pytest.mark.parametrize(
    ("quantity", "price", "sold"),
    [
        ("1", "1", "0.2"),
        ("0.123456789012", "9999999999999", "0.024691357802"),
        ("0.000000000009", "9999999999999.99", "0.000000000001"),
        ("0.000000000005", "9999999999999.99", "0.000000000001"),
        ("99999999999999999999.999999999999", "0.0000001", "19999999999999999999.999999999999"),
    ],
)
def test_it_sells_a_fifth_rounded_down_to_12_decimals(quantity: str, price: str, sold: str) -> None:
    # contract: B13
    assert decide(gold(quantity, "0.000000000001"), Decimal(price), CASH).quantity == Decimal(sold)


@pytest.mark.parametrize(
    ("holding", "price", "cash", "cause"),
    [
        (gold("0.000000000004", "0.01"), "9000000000000", "500.00", "too little"),
        (gold("0.0001", "0.01"), "499.999999999999", "500.00", "too little"),
        (gold("0.0001", "0.01"), "500", "500.00", "rose"),
        (gold("1", "9999999999999.99"), "1000000000000", "1.00", "fell"),
        (gold("1", "9999999999999.99"), "1000000000000.01", "1.00", "too little"),
        (gold("99999999999999999999.999999999998", bot_price="1"), "0.000000000009", "1.00", "too much"),
        (gold("99999999998999999999.999999999999", bot_price="1"), "0.000000001000", "1.00", "fell"),
        (gold("99999999999000000000.000000000000", bot_price="1"), "0.000000001000", "1.00", "too much"),
    ],
)
def test_it_holds_where_a_trade_would_round_to_nothing_or_leave_the_range(
    holding: Holding, price: str, cash: str, cause: str
) -> None:
    # contract: B10, B13
    decision = decide(holding, Decimal(price), Decimal(cash))
    assert decision.cause == cause
    assert (decision.action == "hold") is (cause in ("too little", "too much"))


def test_holdings_go_by_symbol_and_each_sees_the_cash_that_the_last_left() -> None:
    # contract: B13
    some = [attrs.evolve(gold(), symbol=symbol) for symbol in ("C", "A", "B", "D")]
    assert played(some, "20.20", A="800", B="800", C="800", D="800") == [
        ("A", "buy", Decimal("1.01")),  # a twentieth of 20.20
        ("B", "buy", Decimal("1.00")),  # a twentieth of 19.19 would be less
        ("C", "buy", Decimal("1.00")),
        ("D", "buy", Decimal("1.00")),
    ]
    assert played(some, "2.50", A="800", B="800", C="800", D="800") == [
        ("A", "buy", Decimal("1.00")),
        ("B", "buy", Decimal("1.00")),
    ]
    assert played(some, "0.00", A="800", B="1200", C="800", D="1200") == [
        ("B", "sell", Decimal("240.00")),
        ("C", "buy", Decimal("12.00")),
        ("D", "sell", Decimal("240.00")),
    ]


def test_a_missing_price_holds_and_hinders_nobody_else() -> None:
    # contract: B13
    assert decide(gold(), None, CASH).cause == "no price"
    some = [attrs.evolve(gold(), symbol=symbol) for symbol in ("A", "B")]
    assert played(some, "100.00", B="800", Z="1") == [("B", "buy", Decimal("5.00"))]
    assert played(some, "100.00") == []


def test_a_sale_whose_proceeds_no_account_can_hold_is_left_and_the_round_goes_on() -> None:
    # contract: B13, G5
    first, last = Holding(1, "AAPL", Decimal(10), Decimal(1000)), Holding(1, "GOLD", Decimal(1), Decimal(1000))
    traded = played([first, last], "9999999999900.00", AAPL="2000", GOLD="800")
    assert traded == [("GOLD", "buy", Decimal("499999999995.00"))]


def test_what_isnt_held_is_not_looked_at() -> None:
    # contract: B13
    assert played([Holding(1, "GOLD", realised=Decimal(5))], "100.00", GOLD="1") == []


@pytest.mark.parametrize(
    ("holding", "price", "cash", "reason"),
    [
        (gold(), "800.00", "500.00", "The price 800 is at or below 990, 1 % under the average purchase price of 1000"),
        (gold(), "1200", "500.00", "The price 1200 is at or above 1010, 1 % over the average purchase price of 1000"),
        (HAS_TRADED, "700", "1.00", "The price 700 is at or below 792.495, 1 % under the last trade's price of 800.5"),
        (HAS_TRADED, "9e3", "0.00", "The price 9000 is at or above 808.505, 1 % over the last trade's price of 800.5"),
        (HAS_TRADED, "801", "0.00", "The price 801 is within 1 % of the last trade's price of 800.5"),
        (gold(), "1005.50", "500.00", "The price 1005.5 is within 1 % of the average purchase price of 1000"),
        (gold(), None, "500.00", "There is no price"),
        (gold(), "800", "0.99", "The price 800 fell, but there is less cash than 1.00"),
        (gold("0.0001", "0.01"), "499", "0.00", "At a price of 499, what would be traded rounds to nothing"),
        (FULL, "0.00000001", "1.00", "At a price of 0.00000001, more would be held than can be"),
        (gold("10"), "2000", "9999999996000.00", "At a price of 2000, more would be held than can be"),
    ],
)
def test_each_cause_has_its_sentence(holding: Holding, price: str | None, cash: str, reason: str) -> None:
    # contract: B13
    assert decide(holding, None if price is None else Decimal(price), Decimal(cash)).reason == reason


def test_a_reason_tells_the_policys_own_threshold() -> None:
    # contract: B13
    [(trade, _)] = play_round([gold()], CASH, {"GOLD": Decimal(500)}, Policy(threshold=Decimal("0.125")))
    assert trade.reason == "The price 500 is at or below 875, 12.5 % under the average purchase price of 1000"


def test_a_trade_carries_its_reason() -> None:
    # contract: B13
    decision = decide(gold(), Decimal(800), CASH)
    traded = carry_out(decision)
    assert traded is not None
    assert traded[0].reason == decision.reason
    assert carry_out(decide(gold(), Decimal(1000), CASH)) is None


@given(holdings, prices, cashes, policies)
@example(gold("99999999999999999999.999999999999"), SMALLEST, Decimal("9999999999999.99"), STANDARD)
@example(gold("0.000000000001", "0.01"), LARGEST_PRICE, Decimal("0.00"), STANDARD)
def test_fractions_agree(holding: Holding, price: Decimal, cash: Decimal, policy: Policy) -> None:
    # contract: B13
    decision = decide(holding, price, cash, policy)
    assert (decision.action, decision.amount, decision.quantity) == by_the_contract(holding, price, cash, policy)


def by_the_contract(
    holding: Holding, price: Decimal, cash: Decimal, policy: Policy
) -> tuple[str, Fraction | None, Fraction | None]:
    """Action, amount of a purchase, quantity of a sale."""
    quantity, at, x = Fraction(holding.quantity), Fraction(price), Fraction(policy.threshold)
    reference = Fraction(holding.cost) / quantity if holding.bot_price is None else Fraction(holding.bot_price)
    if at <= (1 - x) * reference:
        amount = max(Fraction(floor(Fraction(cash) * Fraction(policy.buy_share) * 100), 100), Fraction(1))
        got = Fraction(floor(amount / at * UNIT), UNIT)
        possible = amount <= cash and got and quantity + got < QUANTITY_LIMIT
        return ("buy", amount, None) if possible else ("hold", None, None)
    if at >= (1 + x) * reference:
        sold = Fraction(floor(quantity * Fraction(policy.sell_share) * UNIT), UNIT)
        proceeds = Fraction(floor(sold * at * 100), 100)
        possible = proceeds and Fraction(cash) + proceeds < AMOUNT_LIMIT
        return ("sell", None, sold) if possible else ("hold", None, None)
    return "hold", None, None


markets = st.dictionaries(st.sampled_from(["AAPL", "BTC", "GOLD"]), prices)
portfolios = st.lists(holdings, unique_by=lambda one: one.symbol)


@given(portfolios, cashes, markets, policies)
def test_a_round_is_each_decision_carried_out_in_turn(
    some: list[Holding], cash: Decimal, market: dict[str, Decimal], policy: Policy
) -> None:
    # contract: B13
    expected: list[tuple[Trade, Holding]] = []
    left = cash
    for holding in sorted(some, key=lambda one: one.symbol):
        traded = carry_out(decide(holding, market.get(holding.symbol), left, policy))
        if traded is not None:
            expected.append(traded)
            left = traded[0].cash_after(left)
            assert left >= 0
    assert list(play_round(some, cash, market, policy)) == expected


@given(portfolios, cashes, markets, policies)
def test_a_round_never_spends_more_than_there_is_nor_sells_more_than_is_held(
    some: list[Holding], cash: Decimal, market: dict[str, Decimal], policy: Policy
) -> None:
    # contract: B13
    held = {one.symbol: one.quantity for one in some}
    for trade, after in play_round(some, cash, market, policy):
        cash = trade.cash_after(cash)
        assert cash >= 0
        assert trade.quantity > 0
        assert trade.amount >= Decimal("0.01")
        assert 0 <= after.quantity < QUANTITY_LIMIT
        sign = 1 if trade.side == "buy" else -1
        assert Fraction(after.quantity) == Fraction(held[trade.symbol]) + sign * Fraction(trade.quantity)
        assert after.bot_price == (trade.price if after.quantity else None)


@given(portfolios, cashes, markets, shares.filter(lambda share: share < 1))
@example([gold("1", "12345.67")], Decimal("123456.78"), {"GOLD": Decimal("11111.11")}, Decimal("0.0123456"))
@example([gold("1", "12345.67")], Decimal("123456.78"), {"GOLD": Decimal("12345.67")}, Decimal("0.000001"))
def test_the_callers_context_is_of_no_account(
    some: list[Holding], cash: Decimal, market: dict[str, Decimal], threshold: Decimal
) -> None:
    expected = list(play_round(some, cash, market, Policy(threshold=threshold)))
    reasons = [decide(one, market.get(one.symbol), cash).reason for one in some]
    with localcontext(Context(prec=5)):
        assert list(play_round(some, cash, market, Policy(threshold=threshold))) == expected
        assert [decide(one, market.get(one.symbol), cash).reason for one in some] == reasons


@pytest.mark.parametrize(
    "wrong",
    [
        {"threshold": Decimal(0)},
        {"threshold": Decimal(1)},
        {"buy_share": Decimal(0)},
        {"buy_share": Decimal("1.01")},
        {"sell_share": Decimal("-0.2")},
        {"sell_share": Decimal("1.000000000001")},
        {"least_purchase": Decimal("0.009")},
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(wrong: dict[str, Decimal]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Policy(**wrong)
