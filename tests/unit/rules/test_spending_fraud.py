"""Spending is judged as a naive reading of the rules judges it."""  # contract: A9

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.model.spending import SpendingEntry, SpendingFacts, SpendingTotal
from domain.rules.spending_fraud import (
    Deviation,
    RapidPayments,
    UnusualCategory,
    judge_spending,
    months_before,
    spending_facts,
    windows_before,
)

CENT = Decimal("0.01")
AMOUNTS = st.integers(1, 10**6).map(lambda cents: Decimal(cents).scaleb(-2))
LARGE_AMOUNTS = st.integers(1, 10**15 - 1).map(lambda cents: Decimal(cents).scaleb(-2))
DAY_TOTALS = st.lists(st.one_of(AMOUNTS, LARGE_AMOUNTS), max_size=90).map(tuple)


def deviates(amount: Decimal, totals: tuple[Decimal, ...]) -> bool:
    """More than the mean and three population deviations; the root is compared by its square, in fractions."""
    if len(totals) < 2:
        return False
    days = [Fraction(total) for total in totals]
    mean = sum(days) / len(days)
    variance = sum((day - mean) ** 2 for day in days) / len(days)
    over = Fraction(amount) - mean
    return over > 0 and over**2 > 9 * variance


@given(LARGE_AMOUNTS, DAY_TOTALS)
@example(Decimal("30.00"), (Decimal("10.00"), Decimal("20.00")))
@example(Decimal("30.01"), (Decimal("10.00"), Decimal("20.00")))
@example(Decimal("5.01"), (Decimal("5.00"), Decimal("5.00")))
def test_a_deviation_is_what_the_mean_and_three_deviations_say(amount: Decimal, totals: tuple[Decimal, ...]) -> None:
    reason = Deviation().check(amount, SpendingFacts(totals))
    assert (reason is not None) == deviates(amount, totals)


@given(DAY_TOTALS.filter(lambda totals: len(totals) >= 2))
def test_the_threshold_of_a_deviation_is_exact_to_the_cent(totals: tuple[Decimal, ...]) -> None:
    reason = Deviation().check(Decimal(10) ** 16, SpendingFacts(totals))
    assert reason is not None
    threshold = Decimal(reason.threshold)
    assert not deviates(threshold, totals)
    assert deviates(threshold + CENT, totals)
    assert reason.would_pass == f"at {threshold} or less"


@pytest.mark.parametrize("totals", [(), (Decimal("1.00"),)])
def test_fewer_than_two_days_say_nothing_of_a_deviation(totals: tuple[Decimal, ...]) -> None:
    assert Deviation().check(Decimal(10) ** 12, SpendingFacts(totals)) is None


def test_a_category_that_was_not_used_is_unusual_and_so_is_a_customers_first() -> None:
    assert UnusualCategory().check(Decimal("0.01"), SpendingFacts()) is not None
    assert UnusualCategory().check(Decimal("0.01"), SpendingFacts(category_used=True)) is None


@given(AMOUNTS, st.integers(0, 6), AMOUNTS, st.lists(AMOUNTS, max_size=5).map(tuple))
def test_rapid_payments_are_more_than_three_that_exceed_the_average_day(
    amount: Decimal, count: int, others: Decimal, totals: tuple[Decimal, ...]
) -> None:
    recent = others if count else Decimal("0.00")
    reason = RapidPayments().check(amount, SpendingFacts(totals, recent_count=count, recent_total=recent))
    average = sum(map(Fraction, totals)) / len(totals) if totals else 0
    assert (reason is not None) == (count + 1 > 3 and Fraction(recent) + Fraction(amount) > average)


def test_rapid_payments_without_a_day_before_exceed_nothing_at_all() -> None:
    assert RapidPayments().check(CENT, SpendingFacts(recent_count=3, recent_total=CENT * 3)) is not None
    assert RapidPayments().check(CENT, SpendingFacts(recent_count=2, recent_total=CENT * 2)) is None


def test_a_verdict_names_every_rule_that_fired_in_order() -> None:
    facts = SpendingFacts((Decimal("1.00"), Decimal("1.00")), recent_count=3, recent_total=Decimal("3.00"))
    verdict = judge_spending(Decimal("9.00"), facts)
    assert [reason.rule for reason in verdict.reasons] == ["deviation", "category", "rapid"]
    assert verdict.fraud
    assert [reason.window for reason in verdict.reasons] == ["90 days", "6 months", "5 minutes"]


def test_limits_are_the_rules_own() -> None:
    facts = SpendingFacts((Decimal("10.00"), Decimal("20.00")), category_used=True, recent_count=1)
    assert not judge_spending(Decimal("25.01"), facts).fraud
    assert judge_spending(Decimal("25.01"), facts, [Deviation(deviations=2)]).fraud
    assert not judge_spending(Decimal("25.01"), facts, [Deviation(deviations=2, fewest_days=3)]).fraud
    assert judge_spending(Decimal("25.01"), facts, [RapidPayments(most=1)]).fraud


@pytest.mark.parametrize("amount", [Decimal("0.00"), Decimal("-0.01"), Decimal("-100.00")])
def test_what_is_received_is_no_spending(amount: Decimal) -> None:
    assert not judge_spending(amount, SpendingFacts()).fraud


def test_a_narrow_decimal_context_of_the_caller_changes_no_verdict() -> None:  # contract: G5
    facts = SpendingFacts((Decimal("1234567.89"), Decimal("1234567.91")), category_used=True)
    with localcontext(prec=3):
        assert not judge_spending(Decimal("1234567.93"), facts).fraud
        assert judge_spending(Decimal("1234567.94"), facts).fraud


def test_the_days_are_the_90_whole_ones_before_the_payments_own() -> None:
    windows = windows_before(datetime(2024, 3, 31, 23, 59, tzinfo=UTC))
    assert windows.days == (date(2024, 1, 1), date(2024, 3, 30))


def test_a_category_counts_up_to_the_instant_and_quick_succession_with_it() -> None:
    instant = datetime(2024, 8, 31, 10, 30, tzinfo=UTC)
    windows = windows_before(instant)
    assert windows.category == (datetime(2024, 2, 29, 10, 30, tzinfo=UTC), instant)
    assert windows.recent == (instant - timedelta(minutes=5), instant + timedelta(microseconds=1))


def test_facts_are_what_was_spent_and_not_what_was_received() -> None:
    days = [(date(2024, 1, 1), Decimal("1.00")), (date(2024, 1, 2), CENT)]
    entry = SpendingEntry("card", 1, datetime(2024, 1, 1, tzinfo=UTC), CENT, "food")
    recent = SpendingTotal(Decimal("3.00"), Decimal("4.00"), 2, 5)
    assert spending_facts(days, [entry], recent) == SpendingFacts((Decimal("1.00"), CENT), True, 2, Decimal("3.00"))
    assert spending_facts([], [], SpendingTotal()) == SpendingFacts()


@given(st.lists(LARGE_AMOUNTS.flatmap(lambda amount: st.sampled_from([amount, -amount]))))
def test_a_total_is_exact_in_any_context(amounts: list[Decimal]) -> None:  # contract: G5
    with localcontext(prec=3):
        total = SpendingTotal()
        for amount in amounts:
            total = total.plus(amount)
    assert Fraction(total.spent) == sum(Fraction(amount) for amount in amounts if amount > 0)
    assert Fraction(total.received) == -sum(Fraction(amount) for amount in amounts if amount < 0)
    assert total.count == len(amounts)


@pytest.mark.parametrize(
    ("instant", "start"),
    [
        ("2024-08-31", "2024-02-29"),
        ("2023-08-31", "2023-02-28"),
        ("2024-06-30", "2023-12-30"),
        ("2024-03-01", "2023-09-01"),
    ],
)
def test_six_calendar_months_end_on_the_last_day_where_a_month_is_too_short(instant: str, start: str) -> None:
    at = datetime.fromisoformat(f"{instant}T10:30:00+00:00")
    assert months_before(at) == datetime.fromisoformat(f"{start}T10:30:00+00:00")


@given(st.integers(0, 9998 * 365).map(lambda days: datetime(1, 9, 1, tzinfo=UTC) + timedelta(days=days)))
def test_six_months_are_181_to_184_days(instant: datetime) -> None:
    assert timedelta(days=181) <= instant - months_before(instant) <= timedelta(days=184)
