"""Alerts fire once, and are armed again."""  # contract: A8

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.model.alerts import Alert, AmountReached, BalanceDrop
from domain.rules.alerting import after_transaction, progress

THEN = datetime(2024, 1, 1, tzinfo=UTC)
BALANCES = st.lists(st.integers(-500, 500).map(Decimal), max_size=30)


def savings(target: int = 100, threshold: int = 80) -> Alert:
    return Alert(1, 1, AmountReached(Decimal(target), Decimal(threshold)), "armed", THEN)


def drop(threshold: int = 50, highest: int = 0) -> Alert:
    return Alert(1, 1, BalanceDrop(Decimal(threshold), Decimal(highest)), "armed", THEN)


def firings(alert: Alert, balances: list[Decimal]) -> list[bool]:
    fired = []
    for balance in balances:
        alert, fires = after_transaction(alert, balance)
        fired.append(fires)
    return fired


def test_a_savings_alert_fires_at_its_threshold_once_and_is_armed_again_below_it() -> None:
    balances = [Decimal(balance) for balance in ("79.99", "80", "100", "79.99", "81")]
    assert firings(savings(), balances) == [False, True, False, False, True]


@given(BALANCES)
def test_a_savings_alert_fires_at_each_crossing_from_below(balances: list[Decimal]) -> None:
    before = [Decimal("-Infinity"), *balances[:-1]]
    crossings = [earlier < 80 <= later for earlier, later in zip(before, balances, strict=False)]
    assert firings(savings(), balances) == crossings


def test_a_drop_alert_measures_from_the_highest_balance_and_after_a_firing_from_the_one_at_which_it_fired() -> None:
    balances = [Decimal(balance) for balance in (100, 60, 50, 40, 1, 0, 60, 10)]
    assert firings(drop(), balances) == [False, False, True, False, False, True, False, True]


@given(BALANCES)
def test_a_drop_alert_equals_a_search_for_the_highest_since_the_last_firing(balances: list[Decimal]) -> None:
    seen, expected = [Decimal(0)], []
    for balance in balances:
        seen.append(balance)
        fires = max(seen) - balance >= 50
        expected.append(fires)
        if fires:
            seen = [balance]
    assert firings(drop(), balances) == expected


def test_a_fired_drop_alert_is_armed_by_the_next_transaction() -> None:
    fired, _ = after_transaction(drop(highest=100), Decimal(50))
    assert fired.status == "fired"
    assert after_transaction(fired, Decimal(49))[0].status == "armed"


@pytest.mark.parametrize(
    ("alert", "balance", "expected"),
    [
        (savings(), "-5", "0"),
        (savings(), "0", "0"),
        (savings(), "25", "0.25"),
        (savings(), "100", "1"),
        (savings(), "900", "1"),
        (savings(target=3), "1", "0.3333"),
        (drop(highest=100), "100", "0"),
        (drop(highest=100), "75", "0.5"),
        (drop(highest=100), "-75", "1"),
        (drop(highest=100), "120", "0"),
    ],
)
def test_progress_is_kept_in_0_to_1(alert: Alert, balance: str, expected: str) -> None:
    assert progress(alert, Decimal(balance)) == Decimal(expected)
