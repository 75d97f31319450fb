"""Amounts are read exactly, or refused."""  # contract: G5

from __future__ import annotations

from decimal import Context, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.model.money import AMOUNT_LIMIT, parse_amount, parse_positive_amount

CENTS = st.integers(min_value=-(10**15) + 1, max_value=10**15 - 1)


@given(CENTS)
def test_every_amount_of_cents_below_the_limit_is_read_exactly(cents: int) -> None:
    amount = Decimal(cents).scaleb(-2)
    assert parse_amount(str(amount)) == amount
    assert parse_amount(amount) == amount
    assert parse_amount(str(amount)).as_tuple().exponent == -2


@given(CENTS)
def test_a_narrow_decimal_context_of_the_caller_changes_nothing(cents: int) -> None:
    with localcontext(Context(prec=3)):
        assert parse_amount(f"{cents // 1000}.50") == Decimal(f"{cents // 1000}.50")


@pytest.mark.parametrize("text", ["1.10", "1.1", "1.100000", "0001.1", "1.10" + "0" * 60])
def test_trailing_and_leading_zeros_are_no_decimals(text: str) -> None:
    assert parse_amount(text) == Decimal("1.1")


@pytest.mark.parametrize(
    "value",
    [
        *[True, False, None, [], {}, b"1", Decimal("NaN"), Decimal("Infinity")],
        *["", " ", "abc", "NaN", "Infinity", "1e2", "1E2", "+1", ".5", "5.", "1,5", " 1", "1 ", "1_000", "0x10", "--1"],
        *["١٢", "1\n", "½", "-"],
    ],
)
def test_what_is_no_plain_number_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="must be a number"):
        parse_amount(value)


@pytest.mark.parametrize("value", [1.0, 0.1, float("nan")])
def test_a_float_is_refused_and_the_way_out_is_named(value: float) -> None:
    with pytest.raises(ValueError, match=r"must be exact: a Decimal, an int or a string such as 42\.00, not a float"):
        parse_amount(value)


@pytest.mark.parametrize("value", ["0.001", "1.005", Decimal("0.009"), "9999999999999.991"])
def test_a_third_decimal_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="at most 2 decimals"):
        parse_amount(value)


@pytest.mark.parametrize("value", [10**13, -(10**13), "10000000000000.00", Decimal("1e400"), 10**18])
def test_what_reaches_the_limit_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="nearer to zero"):
        parse_amount(value)
    assert parse_amount(AMOUNT_LIMIT - Decimal("0.01")) < AMOUNT_LIMIT


@pytest.mark.parametrize("value", [0, "0.00", "-0.00", "-0.01", -5])
def test_a_positive_amount_is_more_than_zero(value: object) -> None:
    with pytest.raises(ValueError, match="greater than 0"):
        parse_positive_amount(value)
