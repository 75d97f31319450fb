"""What an international transfer brings: exact until the last step, which rounds half-up to cents."""  # contract: A7

from __future__ import annotations

from decimal import Context, Decimal, localcontext
from fractions import Fraction
from itertools import pairwise, permutations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.money.csv_rates import CsvRates
from domain.model.money import AMOUNT_LIMIT, CENT
from domain.model.rates import MOST_DECIMALS, RATE_LIMIT, Quote, parse_fee, parse_rate
from domain.rules.fx import converted, shown
from tests.strategies import any_amounts

CURRENCIES = ("USD", "EUR", "GBP", "JPY")
SMALLEST = Decimal(1).scaleb(-MOST_DECIMALS)
HALF_A_CENT = Fraction(1, 200)
LARGEST_AMOUNT = AMOUNT_LIMIT - CENT
LARGEST_RATE = RATE_LIMIT - SMALLEST

rates = st.one_of(
    st.decimals(SMALLEST, LARGEST_RATE, places=MOST_DECIMALS),
    st.decimals(Decimal("0.0001"), 200, places=4),
)
fees = st.one_of(
    st.decimals(0, 1 - SMALLEST, places=MOST_DECIMALS),
    st.decimals(0, Decimal("0.99"), places=2),
)


def quote(rate: Decimal | str, fee: Decimal | str) -> Quote:
    return Quote("USD", "EUR", Decimal(rate), Decimal(fee), "a test")


def exactly(amount: Decimal, quote: Quote) -> Fraction:
    """What arrives before it is rounded."""
    return Fraction(amount) * (1 - Fraction(quote.fee)) * Fraction(quote.rate)


def half_up(exact: Fraction) -> Decimal:
    """To cents, by whole numbers alone."""
    cents = (exact * 200 + 1) // 2
    return Decimal(int(cents)).scaleb(-2, Context(prec=60))


@pytest.mark.parametrize(
    ("amount", "rate", "fee", "arrives"),
    [
        ("100", "0.85", "0.02", "83.30"),
        ("100", "110.00", "0.01", "10890.00"),
        ("1", "0.005", "0", "0.01"),
        ("1", "0.004999999999", "0", "0.00"),
        ("1", "0.015", "0", "0.02"),
        ("1", "0.025", "0", "0.03"),
        ("0.01", "0.0077", "0.014", "0.00"),
    ],
)
def test_the_formula_by_examples(amount: str, rate: str, fee: str, arrives: str) -> None:
    result = converted(Decimal(amount), quote(rate, fee))
    assert (result, result.as_tuple().exponent) == (Decimal(arrives), -2)


@given(any_amounts, rates, fees)
@example(LARGEST_AMOUNT, LARGEST_RATE, SMALLEST)
@example(LARGEST_AMOUNT, LARGEST_RATE, Decimal(0))
@example(CENT, SMALLEST, 1 - SMALLEST)
def test_fractions_agree(amount: Decimal, rate: Decimal, fee: Decimal) -> None:
    offer = quote(rate, fee)
    assert converted(amount, offer) == half_up(exactly(amount, offer))


@given(any_amounts, rates, fees)
def test_rounding_moves_a_leg_by_half_a_cent_at_most(amount: Decimal, rate: Decimal, fee: Decimal) -> None:
    offer = quote(rate, fee)
    moved = Fraction(converted(amount, offer)) - exactly(amount, offer)
    assert -HALF_A_CENT < moved <= HALF_A_CENT


@given(any_amounts, rates, fees, fees)
def test_a_higher_fee_never_gives_more(amount: Decimal, rate: Decimal, one: Decimal, other: Decimal) -> None:
    low, high = sorted((one, other))
    assert converted(amount, quote(rate, high)) <= converted(amount, quote(rate, low))


@given(any_amounts, any_amounts, rates, fees)
def test_more_sent_never_brings_less(one: Decimal, other: Decimal, rate: Decimal, fee: Decimal) -> None:
    low, high = sorted((one, other))
    assert converted(low, quote(rate, fee)) <= converted(high, quote(rate, fee))


def test_the_callers_context_is_of_no_account() -> None:
    with localcontext(Context(prec=2)):
        assert converted(Decimal("1234.56"), quote("0.85", "0.02")) == Decimal("1028.39")


def test_no_cycle_of_conversions_gains() -> None:
    """Each simple cycle over the shipped quotes, and a longer way round is made of those. Before rounding."""
    shipped = CsvRates()
    cycles = [way for length in (2, 3, 4) for way in permutations(CURRENCIES, length)]
    assert len(cycles) == 12 + 24 + 24
    for way in cycles:
        left = Fraction(1)
        for source, target in pairwise((*way, way[0])):
            offer = shipped.quote(source, target)
            assert offer is not None
            left *= (1 - Fraction(offer.fee)) * Fraction(offer.rate)
        assert left < 1, way


@given(any_amounts, st.lists(st.sampled_from(CURRENCIES), min_size=1, max_size=8))
def test_there_and_back_gains_no_more_than_its_rounding(amount: Decimal, way: list[str]) -> None:
    """What half a cent of each leg is worth at the end, and no more."""
    shipped = CsvRates()
    left, gained = amount, Fraction(0)
    for source, target in pairwise((*way, way[0])):
        offer = shipped.quote(source, target)
        if offer is not None:
            left = converted(left, offer)
            gained = exactly(Decimal(1), offer) * gained + HALF_A_CENT
    assert Fraction(left) <= Fraction(amount) + gained


@pytest.mark.parametrize(
    ("amount", "sentence"),
    [
        ("83.30", "83.3"),
        ("10890.00", "10890.0"),
        ("0.00", "0.0"),
        ("0.01", "0.01"),
        ("100.00", "100.0"),
        ("10000000000000000000000.00", "10000000000000000000000.0"),
        ("9999999999999999999999999.99", "9999999999999999999999999.99"),
    ],
)
def test_amounts_are_shown_as_python_shows_floats_but_without_exponents(amount: str, sentence: str) -> None:
    assert shown(Decimal(amount)) == sentence


@given(st.decimals(0, 10**12, places=2))
def test_amounts_are_shown_as_python_shows_floats(amount: Decimal) -> None:
    assert shown(amount) == repr(float(amount))


@pytest.mark.parametrize("parse", [parse_rate, parse_fee])
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        *((text, "must be a number such as 0.02, without a sign") for text in ("", "x", "-0.1", "+0.1", "1e-3", "٠.١")),
        *((text, "must be a number such as 0.02, without a sign") for text in ("NaN", "Infinity", " 0.1", "0.1\n")),
        *((text, "must be a number such as 0.02, without a sign") for text in (".5", "5.", "0,5", "1_0")),
        ("0.0000000000001", "must have at most 12 decimals"),
    ],
)
def test_what_is_no_plain_decimal_is_no_rate_and_no_fee(parse: type, text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{reason}$"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [("0", "must be greater than 0"), ("0.00", "must be greater than 0"), ("1000000000000", r"must be below 10\^12")],
)
def test_a_rate_is_positive_and_bounded(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{reason}$"):
        parse_rate(text)


@pytest.mark.parametrize("text", ["1", "1.0", "2", "100"])
def test_a_fee_is_below_the_whole(text: str) -> None:
    with pytest.raises(ValueError, match=r"^must be below 1$"):
        parse_fee(text)


def test_rates_and_fees_are_exact() -> None:
    assert str(parse_rate("0.123456789012")) == "0.123456789012"
    assert parse_fee("0") == 0
    assert str(parse_fee("0.999999999999")) == "0.999999999999"
    assert parse_rate(str(LARGEST_RATE)) == LARGEST_RATE
