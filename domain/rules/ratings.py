"""A user's own limits: what a risk rating and personal thresholds make of the rules' standard limits.

Source: contract C5.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from domain.model.errors import FieldProblem, InvalidFields
from domain.model.money import parse_positive_amount
from domain.model.risk_profiles import RATINGS, Rating, RiskProfile
from domain.rules.activity import RULES, STANDARD_LIMITS, Limit, Rule, Unit

LARGEST_COUNT: Final = 1000
"""A personal threshold that counts deposits, withdrawals or actions is at most this."""

_RULE_BY_KEY: Final = {str(rule.code): rule for rule in RULES}


def limits_of(profile: RiskProfile | None) -> Mapping[int, Limit]:
    """The limit of every rule for a user with this profile; without one, the standard limits.

    `low` doubles every limit; `high` halves amounts and takes a count n to ⌊n/2⌋ + 1; a personal threshold wins.
    Windows never change.

    >>> limits_of(RiskProfile("high", {1100: Decimal("250.00")}))
    {30: 2, 123: Decimal('100'), 300: 2, 500: 3, 1100: Decimal('250.00')}
    """
    if profile is None:
        return STANDARD_LIMITS
    return {rule.code: profile.thresholds.get(rule.code, _rated(rule, profile.rating)) for rule in RULES}


def parse_profile(fields: Mapping[str, object]) -> RiskProfile:
    """Read a risk profile from untrusted values: `rating` (default `medium`) and `thresholds` by code.

    Raises InvalidFields that names every bad field at once.
    """
    problems: list[FieldProblem] = []
    rating = fields.get("rating", "medium")
    if not isinstance(rating, str) or rating not in RATINGS:
        problems.append(FieldProblem("rating", "must be low, medium or high"))
    raw = fields.get("thresholds", {})
    thresholds: dict[int, Limit] = {}
    if not isinstance(raw, Mapping):
        problems.append(FieldProblem("thresholds", "must be an object of limits by alert code"))
        raw = {}
    for key, value in raw.items():
        try:
            rule = _RULE_BY_KEY.get(key)
            if rule is None:
                raise ValueError(f"is no alert code; the codes are {', '.join(_RULE_BY_KEY)}")
            thresholds[rule.code] = _parse_threshold(rule, value)
        except ValueError as problem:
            problems.append(FieldProblem(f"thresholds.{key}", str(problem)))
    if problems:
        raise InvalidFields(tuple(problems))
    return RiskProfile(RATINGS[str(rating)], dict(sorted(thresholds.items())))


def _rated(rule: Rule, rating: Rating) -> Limit:
    if rating == "low":
        return rule.limit * 2
    if rating == "high":
        return Decimal(rule.limit) / 2 if rule.unit is Unit.MONEY else int(rule.limit) // 2 + 1
    return rule.limit


def _parse_threshold(rule: Rule, value: object) -> Limit:
    if rule.unit is Unit.MONEY:
        return parse_positive_amount(value)
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= LARGEST_COUNT:
        return value
    raise ValueError(f"must be an integer from 1 to {LARGEST_COUNT}")
