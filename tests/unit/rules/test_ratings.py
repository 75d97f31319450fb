"""What ratings and personal thresholds make of the limits."""  # contract: C5

from __future__ import annotations

from decimal import Decimal

import pytest

from domain.model.errors import InvalidFields
from domain.model.risk_profiles import STANDARD_PROFILE, RiskProfile
from domain.rules.activity import STANDARD_LIMITS
from domain.rules.ratings import limits_of, parse_profile


def test_medium_and_no_profile_are_the_standard() -> None:
    assert limits_of(None) == limits_of(STANDARD_PROFILE) == STANDARD_LIMITS
    assert STANDARD_LIMITS == {1100: 100, 30: 3, 300: 3, 123: 200, 500: 5}


def test_low_doubles_every_limit() -> None:
    assert limits_of(RiskProfile("low")) == {1100: 200, 30: 6, 300: 6, 123: 400, 500: 10}


def test_high_halves_amounts_and_takes_counts_to_half_plus_one() -> None:
    assert limits_of(RiskProfile("high")) == {1100: 50, 30: 2, 300: 2, 123: 100, 500: 3}


@pytest.mark.parametrize("rating", ["low", "medium", "high"])
def test_a_personal_threshold_wins(rating: str) -> None:
    profile = parse_profile({"rating": rating, "thresholds": {"1100": "250.50", "500": 1000}})
    assert limits_of(profile)[1100] == Decimal("250.50")
    assert limits_of(profile)[500] == 1000
    assert limits_of(profile)[123] == limits_of(RiskProfile(profile.rating))[123]


def test_an_empty_profile_is_the_standard_one() -> None:
    assert parse_profile({}) == STANDARD_PROFILE


@pytest.mark.parametrize(
    ("fields", "bad"),
    [
        ({"rating": "extreme"}, ["rating"]),
        ({"rating": None}, ["rating"]),
        ({"rating": ["low"]}, ["rating"]),
        ({"rating": ""}, ["rating"]),
        ({"thresholds": None}, ["thresholds"]),
        ({"thresholds": [1100]}, ["thresholds"]),
        ({"thresholds": {"999": 1}}, ["thresholds.999"]),
        ({"thresholds": {"01100": 1}}, ["thresholds.01100"]),
        ({"thresholds": {"1100": 0}}, ["thresholds.1100"]),
        ({"thresholds": {"1100": -1}}, ["thresholds.1100"]),
        ({"thresholds": {"1100": "0.001"}}, ["thresholds.1100"]),
        ({"thresholds": {"1100": None}}, ["thresholds.1100"]),
        ({"thresholds": {"30": 0}}, ["thresholds.30"]),
        ({"thresholds": {"30": 1001}}, ["thresholds.30"]),
        ({"thresholds": {"30": "3"}}, ["thresholds.30"]),
        ({"thresholds": {"30": Decimal("3.0")}}, ["thresholds.30"]),
        ({"thresholds": {"30": True}}, ["thresholds.30"]),
        (
            {"rating": 1, "thresholds": {"500": 0, "123": "x", "7": 1}},
            ["rating", *[f"thresholds.{c}" for c in (500, 123, 7)]],
        ),
    ],
)
def test_every_bad_field_is_named(fields: dict[str, object], bad: list[str]) -> None:
    with pytest.raises(InvalidFields) as refused:
        parse_profile(fields)
    assert [problem.field for problem in refused.value.problems] == bad
