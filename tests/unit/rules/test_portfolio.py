"""Buying, selling and what it comes to: no trade makes value, and lots in fractions agree."""  # contract: B10

from __future__ import annotations

from collections.abc import Callable
from decimal import Context, Decimal, localcontext
from fractions import Fraction

import attrs
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from domain.model.assets import (
    EXACT,
    QUANTITY_LIMIT,
    SMALLEST,
    Holding,
    Trade,
    is_symbol,
    parse_quantity,
    plain,
    sound_price,
)
from domain.model.errors import HoldingOutOfRange, NotEnoughHeld, PricesUnavailable, TradeTooSmall
from domain.model.money import CENT
from domain.rules.portfolio import AssetPerformance, net_worth, performance, purchase, sale, value
from tests.strategies import any_amounts, small_amounts

WIDE = Context(prec=100)
LARGEST_PRICE = Decimal("9999999999999.999999999999")
LARGEST_AMOUNT = Decimal("9999999999999.99")
LARGEST_QUANTITY = Decimal("99999999999999999999.999999999999")
TRILLIONTH = Fraction(SMALLEST)
NONE = Holding(1, "GOLD")

amounts = st.one_of(small_amounts, any_amounts, st.sampled_from([CENT, LARGEST_AMOUNT]))
every_price = st.integers(1, 10**25 - 1).map(lambda number: Decimal(number).scaleb(-12, WIDE))
near_prices = st.one_of(st.decimals("0.01", 2000, places=2), st.decimals("0.000001", 10, places=12))
prices = st.one_of(near_prices, every_price, st.sampled_from([SMALLEST, LARGEST_PRICE, Decimal(1)]))
quantities = st.integers(1, 10**32 - 1).map(lambda number: Decimal(number).scaleb(-12, WIDE))

Step = tuple[str, Decimal, Decimal]
"""Buy for so much money, or sell such a share of what is held; at a price."""

steps = st.one_of(
    st.tuples(st.just("buy"), amounts, prices),
    st.tuples(st.just("sell"), st.decimals("0.01", 1, places=2), prices),
    st.tuples(st.just("sell"), st.just(Decimal(1)), prices),
)
plans = st.lists(steps, max_size=12)


def bought(amount: str, price: str, holding: Holding = NONE) -> tuple[Trade, Holding]:
    return purchase(holding, Decimal(amount), Decimal(price))


def sold(holding: Holding, quantity: str, price: str) -> tuple[Trade, Holding]:
    return sale(holding, Decimal(quantity), Decimal(price))


def part_of(holding: Holding, share: Decimal) -> Decimal:
    """So much of what is held, in whole trillionths."""
    units = int(Fraction(holding.quantity) * Fraction(share) / TRILLIONTH)
    return Decimal(units).scaleb(-12, WIDE)


def carried_out(plan: list[Step]) -> tuple[Holding, list[Trade]]:
    """The holding after these steps, and the trades; what is refused is left out."""
    holding, trades = NONE, []
    for side, size, price in plan:
        try:
            if side == "buy":
                trade, holding = purchase(holding, size, price)
            elif not holding.quantity:
                continue
            else:
                trade, holding = sale(holding, part_of(holding, size), price)
        except (TradeTooSmall, HoldingOutOfRange):
            continue
        trades.append(trade)
    return holding, trades


class Lots:
    """The average cost method with nothing clever: every purchase is a lot, and a sale takes its share of each."""

    def __init__(self) -> None:
        self.lots: list[tuple[Fraction, Fraction]] = []
        """Quantity and price paid for a unit."""

    def trade(self, trade: Trade) -> None:
        quantity = Fraction(trade.quantity)
        if trade.side == "buy":
            self.lots.append((quantity, Fraction(trade.amount) / quantity))
        else:
            left = 1 - quantity / self.quantity
            self.lots = [(held * left, price) for held, price in self.lots if left]

    @property
    def quantity(self) -> Fraction:
        return sum((held for held, _ in self.lots), Fraction())

    @property
    def cost(self) -> Fraction:
        return sum((held * price for held, price in self.lots), Fraction())


# By examples.


@pytest.mark.parametrize(
    ("amount", "price", "quantity"),
    [
        ("1000.00", "1464.14", "0.682994795579"),
        ("0.01", "3", "0.003333333333"),
        ("0.02", "3", "0.006666666666"),
        ("0.30", "0.1", "3"),
        ("0.01", "0.000000000001", "10000000000"),
        ("99999999.99", "0.000000000001", "99999999990000000000"),
        ("9999999999999.99", "9999999999999.999999999999", "0.999999999999"),
        ("10.00", "9999999999999.99", "0.000000000001"),
        ("9999999999999.99", "0.0000001", "99999999999999900000"),
    ],
)
def test_a_purchase_by_examples(amount: str, price: str, quantity: str) -> None:
    trade, holding = bought(amount, price)
    assert trade == Trade("GOLD", "buy", Decimal(quantity), Decimal(price), Decimal(amount))
    assert holding == Holding(1, "GOLD", Decimal(quantity), Decimal(amount))


@pytest.mark.parametrize(
    ("quantity", "price", "proceeds", "profit"),
    [
        ("0.3", "1756.24", "526.87", "226.87"),
        ("1", "0.01", "0.01", "-999.99"),
        ("0.5", "1000", "500.00", "0"),
        ("0.333333333333", "1000", "333.33", "-0.003333333"),
        ("0.000000000001", "9999999999999.999999999999", "9.99", "9.989999999"),
        ("0.00001", "1999.999999999999", "0.01", "0"),
    ],
)
def test_a_sale_by_examples(quantity: str, price: str, proceeds: str, profit: str) -> None:
    """Of a unit that cost 1000."""
    trade, left = sold(Holding(1, "GOLD", Decimal(1), Decimal("1000.00")), quantity, price)
    assert (trade.side, trade.quantity, trade.price) == ("sell", Decimal(quantity), Decimal(price))
    assert (trade.amount, trade.profit) == (Decimal(proceeds), Decimal(profit))
    assert left.quantity == 1 - Decimal(quantity)
    assert left.realised == Decimal(profit)


def test_profits_of_sales_add_up() -> None:
    _, holding = bought("100.00", "10")
    _, holding = sold(holding, "4", "12.50")
    _, holding = sold(holding, "4", "7.50")
    assert (holding.quantity, holding.cost, holding.realised) == (2, 20, 0)
    _, holding = sold(holding, "2", "11")
    assert holding == Holding(1, "GOLD", Decimal(0), Decimal(0), Decimal(2))
    assert holding.average_price is None


def test_the_average_price_is_half_up_to_12_decimals() -> None:
    assert bought("0.01", "3", bought("0.01", "3")[1])[1].average_price == Decimal("3.000000000300")
    assert Holding(1, "GOLD", Decimal(3), Decimal(2)).average_price == Decimal("0.666666666667")
    assert Holding(1, "GOLD", Decimal(8), Decimal("0.000000000004")).average_price == Decimal("0.000000000001")
    assert Holding(1, "GOLD", Decimal(9), Decimal("0.000000000004")).average_price == 0
    assert Holding(1, "GOLD", SMALLEST, LARGEST_AMOUNT).average_price == LARGEST_AMOUNT * 10**12


@pytest.mark.parametrize(
    ("trade", "refusal"),
    [
        (lambda: bought("9.99", "9999999999999.99"), TradeTooSmall),
        (lambda: bought("100000000.00", "0.000000000001"), HoldingOutOfRange),
        (lambda: bought("0.01", "0.000000000001", Holding(1, "GOLD", LARGEST_QUANTITY)), HoldingOutOfRange),
        (lambda: sold(NONE, "0.000000000001", "1000"), NotEnoughHeld),
        (lambda: sold(Holding(1, "GOLD", Decimal(1)), "1.000000000001", "1000"), NotEnoughHeld),
        (lambda: sold(Holding(1, "GOLD", Decimal(1)), "0.000009999999", "1000"), TradeTooSmall),
        (lambda: sold(Holding(1, "GOLD", Decimal(1)), "1", "0.009999999999"), TradeTooSmall),
    ],
)
def test_what_cant_be_traded(trade: Callable[[], object], refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        trade()


# Properties.


@given(amounts, prices)
@example(CENT, SMALLEST)
@example(LARGEST_AMOUNT, LARGEST_PRICE)
@example(LARGEST_AMOUNT, SMALLEST)
@example(CENT, LARGEST_PRICE)
def test_a_purchase_keeps_value_but_for_less_than_a_trillionth_of_a_unit(amount: Decimal, price: Decimal) -> None:
    exact = Fraction(amount) / Fraction(price)
    try:
        trade, holding = purchase(NONE, amount, price)
    except TradeTooSmall:
        assert exact < TRILLIONTH
    except HoldingOutOfRange:
        assert exact >= QUANTITY_LIMIT
    else:
        worth = Fraction(trade.quantity) * Fraction(price)
        assert worth <= amount < worth + Fraction(price) * TRILLIONTH
        assert trade.amount == amount == holding.cost, "all of the money is paid"
        assert trade.quantity == holding.quantity == plain(trade.quantity).quantize(SMALLEST, context=EXACT)


@given(quantities, st.one_of(amounts, st.just(Decimal(0))), st.decimals("0.01", 1, places=2), prices)
@example(SMALLEST, CENT, Decimal(1), LARGEST_PRICE)
@example(LARGEST_QUANTITY, LARGEST_AMOUNT, Decimal(1), LARGEST_PRICE)
@example(LARGEST_QUANTITY, CENT, Decimal("0.01"), SMALLEST)
def test_a_sale_keeps_value_but_for_less_than_a_cent(
    held: Decimal, cost: Decimal, share: Decimal, price: Decimal
) -> None:
    holding = Holding(1, "GOLD", held, cost)
    quantity = part_of(holding, share)
    assume(quantity)
    exact = Fraction(quantity) * Fraction(price)
    try:
        trade, left = sale(holding, quantity, price)
    except TradeTooSmall:
        assert exact < Fraction(CENT)
        return
    assert trade.amount <= exact < Fraction(trade.amount) + Fraction(CENT)
    assert trade.amount == trade.amount.quantize(CENT, context=WIDE) > 0
    assert Fraction(left.quantity) == Fraction(held) - Fraction(quantity)
    taken = Fraction(cost) * Fraction(quantity) / Fraction(held)
    assert taken <= Fraction(cost) - Fraction(left.cost) < taken + TRILLIONTH
    assert trade.profit is not None
    assert Fraction(trade.profit) == Fraction(trade.amount) - (Fraction(cost) - Fraction(left.cost))


@given(plans)
@example([("buy", CENT, Decimal(3)), ("sell", Decimal("0.34"), Decimal(7)), ("sell", Decimal(1), Decimal(9))])
@example([("buy", LARGEST_AMOUNT, Decimal("0.0000001")), ("sell", Decimal("0.99"), LARGEST_PRICE)])
def test_lots_in_fractions_agree(plan: list[Step]) -> None:
    """Each sale may take less than a trillionth more of the cost along, and never less than its share."""
    holding, trades = carried_out(plan)
    lots = Lots()
    for trade in trades:
        lots.trade(trade)
    sales = sum(trade.side == "sell" for trade in trades)
    assert Fraction(holding.quantity) == lots.quantity
    assert lots.cost - sales * TRILLIONTH <= Fraction(holding.cost) <= lots.cost
    if holding.quantity:
        average = lots.cost / lots.quantity
        assert holding.average_price is not None
        slack = sales * TRILLIONTH / lots.quantity + TRILLIONTH / 2
        assert average - slack <= Fraction(holding.average_price) <= average + TRILLIONTH / 2


@given(plans, prices)
def test_profit_is_what_came_out_less_what_went_in_plus_what_is_there(plan: list[Step], price: Decimal) -> None:
    """To the last digit."""
    holding, trades = carried_out(plan)
    found = performance(holding, {"GOLD": price})
    paid = sum((Fraction(trade.amount) for trade in trades if trade.side == "buy"), Fraction())
    got = sum((Fraction(trade.amount) for trade in trades if trade.side == "sell"), Fraction())
    worth = Fraction(holding.quantity) * Fraction(price)
    assert Fraction(found.realised) + Fraction(found.unrealised) == got - paid + worth
    assert Fraction(found.realised) == sum(
        (Fraction(one.profit) for one in trades if one.profit is not None), Fraction()
    )
    assert Fraction(found.market_value) == worth


@given(plans)
def test_never_more_is_sold_than_was_bought_and_nothing_turns_negative(plan: list[Step]) -> None:
    holding = NONE
    for number in range(len(plan) + 1):
        holding, trades = carried_out(plan[:number])
        flows = [one.quantity if one.side == "buy" else one.quantity.copy_negate() for one in trades]
        held = sum((Fraction(flow) for flow in flows), Fraction())
        assert Fraction(holding.quantity) == held >= 0
        assert holding.cost >= 0
        assert holding.quantity < QUANTITY_LIMIT
    if holding.quantity:
        with pytest.raises(NotEnoughHeld):
            sale(holding, EXACT.add(holding.quantity, SMALLEST), Decimal(1))


@given(plans, prices)
def test_when_all_is_sold_nothing_is_left_of_the_cost(plan: list[Step], price: Decimal) -> None:
    holding, _ = carried_out(plan)
    assume(value(holding.quantity, price) >= CENT)
    _, left = sale(attrs.evolve(holding, bot_price=price), holding.quantity, price)
    assert (left.quantity, left.cost, left.average_price, left.bot_price) == (0, 0, None, None)
    found = performance(left, {})
    assert (found.market_value, found.unrealised, found.market_price) == (0, 0, None)


@given(plans, amounts, prices)
@example([], Decimal("0.30"), Decimal("0.1"))
@example([], LARGEST_AMOUNT, LARGEST_PRICE)
def test_buying_and_selling_at_once_never_gains(plan: list[Step], amount: Decimal, price: Decimal) -> None:
    before, _ = carried_out(plan)
    try:
        trade, after = purchase(before, amount, price)
        back, left = sale(after, trade.quantity, price)
    except (TradeTooSmall, HoldingOutOfRange):
        return
    assert back.amount <= amount
    assert left.quantity == before.quantity


@given(prices, st.lists(st.decimals("0.01", 1, places=2), min_size=1, max_size=10))
def test_selling_in_parts_never_brings_more_than_selling_at_once(price: Decimal, shares: list[Decimal]) -> None:
    _, whole = bought("1000.00", "7.77")
    holding, got = whole, Fraction()
    for share in [*shares, Decimal(1)]:
        try:
            trade, holding = sale(holding, part_of(holding, share), price)
        except TradeTooSmall:
            continue
        got += Fraction(trade.amount)
        if not holding.quantity:
            break
    assume(value(whole.quantity, price) >= CENT)
    assert got <= sale(whole, whole.quantity, price)[0].amount


@given(plans, st.decimals(-(10**12), 10**12, places=2), prices)
def test_a_narrow_decimal_context_of_the_caller_changes_nothing(
    plan: list[Step], cash: Decimal, price: Decimal
) -> None:
    def all_of_it() -> tuple[object, ...]:
        holding, trades = carried_out(plan)
        market = {"GOLD": price}
        worth = net_worth(cash, [holding], market)
        return holding, trades, holding.average_price, performance(holding, market), worth, plain(worth)

    expected = repr(all_of_it())
    with localcontext(Context(prec=5)):
        assert repr(all_of_it()) == expected


# Worth.


@given(st.lists(st.tuples(quantities, prices), max_size=5), st.decimals(-(10**12), 10**12, places=2))
@example([(LARGEST_QUANTITY, LARGEST_PRICE)] * 5, Decimal("-0.01"))
def test_net_worth_is_exact(held: list[tuple[Decimal, Decimal]], cash: Decimal) -> None:
    holdings = [Holding(1, f"A{number}", quantity) for number, (quantity, _) in enumerate(held)]
    market = {f"A{number}": price for number, (_, price) in enumerate(held)}
    exact = Fraction(cash) + sum((Fraction(quantity) * Fraction(price) for quantity, price in held), Fraction())
    assert Fraction(net_worth(cash, holdings, market)) == exact


def test_what_isnt_held_needs_no_price() -> None:
    gone = Holding(1, "GOLD", realised=Decimal("-12.30"))
    assert net_worth(Decimal(5), [gone], {}) == 5
    nothing = Decimal(0)
    assert performance(gone, {}) == AssetPerformance("GOLD", nothing, None, None, nothing, Decimal("-12.30"), nothing)


def test_what_is_held_needs_a_price() -> None:
    gold = Holding(1, "GOLD", Decimal(1), Decimal(1000))
    for ask in (lambda: net_worth(Decimal(5), [gold], {"BTC": Decimal(1)}), lambda: performance(gold, {})):
        with pytest.raises(PricesUnavailable, match="GOLD"):
            ask()


def test_performance_by_hand() -> None:
    gold = Holding(1, "GOLD", Decimal(4), Decimal("6500.00"), Decimal("-10.5"))
    assert performance(gold, {"GOLD": Decimal(1600)}) == AssetPerformance(
        "GOLD", Decimal(4), Decimal(1625), Decimal(1600), Decimal(6400), Decimal("-10.5"), Decimal(-100)
    )


# Numbers and symbols.


@given(quantities)
@example(SMALLEST)
@example(LARGEST_QUANTITY)
def test_every_quantity_of_trillionths_below_the_limit_is_read_exactly(quantity: Decimal) -> None:
    text = f"{quantity:f}"
    for written in (text, f"00{text}", f"{text}000", quantity):
        assert parse_quantity(written) == quantity
    with localcontext(Context(prec=5)):
        assert parse_quantity(text) == quantity


@given(quantities, st.integers(1, 9), st.integers(13, 60))
def test_a_thirteenth_decimal_is_refused(quantity: Decimal, digit: int, place: int) -> None:
    finer = WIDE.add(quantity, Decimal(digit).scaleb(-place, WIDE))
    assume(finer < QUANTITY_LIMIT)
    for written in (finer, f"{finer:f}"):
        with pytest.raises(ValueError, match="must have at most 12 decimals"):
            parse_quantity(written)


@pytest.mark.parametrize("value", [0, "0", "0.000", Decimal("-0"), -1, "-0.3", Decimal("-1e-12"), -(10**30)])
def test_a_quantity_is_more_than_zero(value: object) -> None:
    with pytest.raises(ValueError, match="must be greater than 0"):
        parse_quantity(value)


@pytest.mark.parametrize("value", [10**20, str(10**20), Decimal("1e20"), Decimal("1e999999"), "9" * 1000])
def test_a_quantity_stays_below_10_to_the_20th(value: object) -> None:
    with pytest.raises(ValueError, match=r"must be below 10\^20"):
        parse_quantity(value)


@pytest.mark.parametrize(
    "value",
    [
        *[True, False, None, [], {}, b"1", Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity")],
        *["", " ", "abc", "NaN", "1e2", "+1", ".5", "5.", "1,5", " 1", "1 ", "1_000", "0x10", "--1", "１", "1\n", "½"],
    ],
)
def test_what_is_no_plain_number_is_no_quantity(value: object) -> None:
    with pytest.raises(ValueError, match="must be a number"):
        parse_quantity(value)


@pytest.mark.parametrize("value", [0.3, float("nan")])
def test_a_float_is_no_quantity(value: float) -> None:
    with pytest.raises(ValueError, match="must be exact"):
        parse_quantity(value)


@given(st.decimals(allow_nan=True, allow_infinity=True))
@example(Decimal("9999999999999.9999999999994"))
@example(Decimal("9999999999999.9999999999995"))
@example(Decimal("9999999999999.99999999999999999999999999999"))
@example(Decimal("1e-12"))
@example(Decimal("4.9e-13"))
@example(Decimal("1e13"))
@example(Decimal("1e999999"))
@example(Decimal("1e-999999"))
@example(Decimal("4.1e2"))
@example(Decimal("sNaN"))
@example(Decimal("-Infinity"))
@example(Decimal("5e-13"))
@example(Decimal("4.9999999999999999999e-13"))
def test_a_sound_price_is_half_up_to_12_decimals_and_stays_in_the_range(number: Decimal) -> None:
    units = None
    if number.is_finite() and Decimal("1e-30") < number < Decimal("1e30"):
        units = (Fraction(number) / TRILLIONTH * 2 + 1) // 2
    if units is not None and 1 <= units < 10**25:
        assert Fraction(sound_price(number)) == units * TRILLIONTH
    else:
        with pytest.raises(ValueError, match=r"must be a finite number greater than 0 and below 10\^13"):
            sound_price(number)


@given(every_price)
@example(SMALLEST)
@example(LARGEST_PRICE)
def test_every_price_of_trillionths_is_sound_as_it_is(price: Decimal) -> None:
    assert sound_price(price) == price
    with localcontext(Context(prec=5)):
        assert sound_price(price) == price


NUMBERS = st.integers(-(10**60), 10**60).flatmap(
    lambda digits: st.integers(-30, 20).map(lambda exponent: Decimal(digits).scaleb(exponent, WIDE))
)


@given(NUMBERS)
@example(Decimal("0E+5"))
@example(Decimal("0.000000000000"))
@example(Decimal("1200.00"))
@example(Decimal("1E+20"))
def test_a_plain_number_is_the_same_without_zeros_at_its_end(number: Decimal) -> None:
    shown = plain(number)
    assert shown == number
    exponent = shown.as_tuple().exponent
    assert isinstance(exponent, int)
    assert exponent <= 0
    assert exponent == 0 or shown.as_tuple().digits[-1] != 0
    assert repr(plain(shown)) == repr(shown)
    with localcontext(Context(prec=5)):
        assert repr(plain(number)) == repr(shown)


@pytest.mark.parametrize(
    "symbol", ["GOLD", "gold", "0", ".", "BRK.B", "BTC/USD", "S&P 500", " A", "GÓLD", "金", "😀", "A" * 32]
)
def test_what_is_a_symbol(symbol: str) -> None:
    assert is_symbol(symbol)


@pytest.mark.parametrize(
    "symbol",
    ["", " ", "GOLD ", "GOLD\n", "GO\tLD", "GOLD\0", "GO\u00a0LD", "GO\u200bLD", "GO\u202eLD", "\ud800", "A" * 33],
)
def test_what_is_no_symbol(symbol: str) -> None:
    assert not is_symbol(symbol)
