"""Which spending is unusual, and why.

A rule is one small class: its name, a sentence for people, and its check over facts of what was spent before. Which
past that is, `windows_before` says; `spending_facts` makes the facts of it. Nothing is rounded: sums are compared as
whole cents.

>>> facts = SpendingFacts(day_totals=(Decimal("10.00"), Decimal("20.00")), category_used=True)
>>> verdict = judge_spending(Decimal("30.01"), facts)
>>> [str(reason) for reason in verdict.reasons]
['The amount is far above the average day: observed 30.01, threshold 30.00']

Source: seed A, task 5; contract A9.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import reduce
from math import isqrt
from typing import ClassVar, Final, Protocol

import attrs

from domain.model.money import EXACT
from domain.model.spending import NOTHING, SpendingEntry, SpendingFacts, SpendingReason, SpendingTotal

DAYS: Final = 90
"""So many whole UTC days before a payment's own make its average day."""

CATEGORY_MONTHS: Final = 6
RAPID_WINDOW: Final = timedelta(minutes=5)

_CENTS: Final = 2


@attrs.frozen
class SpendingVerdict:
    """What the rules say of one payment."""

    reasons: tuple[SpendingReason, ...] = ()

    @property
    def fraud(self) -> bool:
        """Whether any rule fired."""
        return bool(self.reasons)


class SpendingRule(Protocol):
    """What every rule offers. `check` must not depend on anything but its arguments."""

    name: ClassVar[str]

    def check(self, amount: Decimal, facts: SpendingFacts) -> SpendingReason | None:
        """The reason where a positive amount breaks the rule, else None."""
        ...


@attrs.frozen
class Deviation(SpendingRule):
    """An amount above the mean of the daily totals plus so many population standard deviations."""

    deviations: int = 3
    fewest_days: int = 2
    """With fewer days of spending, nothing is known."""

    name = "deviation"

    def check(self, amount: Decimal, facts: SpendingFacts) -> SpendingReason | None:
        totals = [_in_cents(total) for total in facts.day_totals]
        days = len(totals)
        if days < self.fewest_days:
            return None
        total = sum(totals)
        spread = days * sum(one * one for one in totals) - total * total  # the variance, times days squared
        # amount <= mean + the deviations, times days: whole numbers on both sides
        threshold = (total + isqrt(self.deviations**2 * spread)) // days
        if _in_cents(amount) <= threshold:
            return None
        most = _from_cents(threshold)
        sentence = "The amount is far above the average day"
        return SpendingReason(self.name, sentence, amount, most, f"{DAYS} days", f"at {most} or less")


@attrs.frozen
class UnusualCategory(SpendingRule):
    """A category that wasn't used in the six calendar months before."""

    name = "category"

    def check(self, amount: Decimal, facts: SpendingFacts) -> SpendingReason | None:
        if facts.category_used:
            return None
        sentence = "The category wasn't used lately"
        return SpendingReason(
            self.name, sentence, Decimal(0), Decimal(1), f"{CATEGORY_MONTHS} months", "in a category used lately"
        )


@attrs.frozen
class RapidPayments(SpendingRule):
    """More than so many payments in five minutes, whose sum exceeds the mean of the daily totals."""

    most: int = 3

    name = "rapid"

    def check(self, amount: Decimal, facts: SpendingFacts) -> SpendingReason | None:
        count = facts.recent_count + 1
        others = _in_cents(facts.recent_total)
        sum_of_days, days = _in_cents(reduce(EXACT.add, facts.day_totals, NOTHING)), len(facts.day_totals) or 1
        together = others + _in_cents(amount)
        if count <= self.most or together * days <= sum_of_days:
            return None
        most = sum_of_days // days - others
        sentence = f"More than {self.most} payments in quick succession, together above the average day"
        return SpendingReason(
            self.name,
            sentence,
            _from_cents(together),
            _from_cents(sum_of_days // days),
            "5 minutes",
            f"at {_from_cents(most)} or less" if most > 0 else None,
        )


SPENDING_RULES: Final[tuple[SpendingRule, ...]] = (Deviation(), UnusualCategory(), RapidPayments())
"""Every registered rule, in the order in which reasons are told."""


def judge_spending(
    amount: Decimal, facts: SpendingFacts, rules: Sequence[SpendingRule] = SPENDING_RULES
) -> SpendingVerdict:
    """Judge one card payment. An amount that isn't positive is no spending, and is never flagged.

    Other limits are other rules: `judge_spending(amount, facts, [Deviation(deviations=2)])`.
    """
    if amount <= 0:
        return SpendingVerdict()
    reasons = (rule.check(amount, facts) for rule in rules)
    return SpendingVerdict(tuple(reason for reason in reasons if reason is not None))


@attrs.frozen
class SpendingWindows:
    """The past that a payment is judged by. Instants count from the first on and before the second; days both."""

    days: tuple[date, date]
    """Whole UTC days, whose totals make the average day."""

    category: tuple[datetime, datetime]
    """In which a category must have been spent on, to be in use."""

    recent: tuple[datetime, datetime]
    """What is in quick succession; the payment's own instant belongs to it."""


def windows_before(instant: datetime) -> SpendingWindows:
    """The windows of a payment of this instant (UTC)."""
    today = instant.date()
    return SpendingWindows(
        days=(today - timedelta(days=DAYS), today - timedelta(days=1)),
        category=(months_before(instant), instant),
        recent=(instant - RAPID_WINDOW, instant + datetime.resolution),
    )


def spending_facts(
    days: Iterable[tuple[date, Decimal]], category: Iterable[SpendingEntry], recent: SpendingTotal
) -> SpendingFacts:
    """The facts for the rules, from what is found in each window: `days` are those on which anything was spent.

    `category` are entries of the payment's own category by which something was spent; one is enough.
    """
    used = next(iter(category), None) is not None
    return SpendingFacts(tuple(spent for _, spent in days), used, recent.times_spent, recent.spent)


def months_before(instant: datetime) -> datetime:
    """Six calendar months before an instant; on the month's last day where it hasn't got the day."""
    index = instant.year * 12 + instant.month - 1 - CATEGORY_MONTHS
    year, month = index // 12, index % 12 + 1
    return instant.replace(year=year, month=month, day=min(instant.day, monthrange(year, month)[1]))


def _in_cents(amount: Decimal) -> int:
    return int(amount.scaleb(_CENTS, EXACT))


def _from_cents(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-_CENTS, EXACT)
