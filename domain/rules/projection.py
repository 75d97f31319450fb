"""What recurring expenses do to a balance in the months to come.

Occurrences are counted in closed form, never one by one: a projection costs the same however often an expense comes.

>>> rent = Recurrence("Rent", Decimal("500.00"), "monthly", date(2024, 1, 31))
>>> occurrences(rent, date(2024, 2, 1), date(2024, 2, 29))
1
>>> plan = project([rent], balance=Decimal("2000.00"), today=date(2024, 11, 20), months=2)
>>> [(str(one.month), one.recurring_expenses, one.balance) for one in plan.months]
[('2024-12', Decimal('500.00'), Decimal('1000.00')), ('2025-01', Decimal('500.00'), Decimal('500.00'))]

Source: seed A, task 2; contract A5, A6.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import repeat
from operator import sub
from typing import Final

import attrs

from domain.model.money import EXACT
from domain.model.recurring import Frequency, Recurrence

MOST_MONTHS: Final = 120
DEFAULT_MONTHS: Final = 12

_DAYS: Final[Mapping[Frequency, int]] = {"daily": 1, "weekly": 7, "biweekly": 14}
_MONTHS: Final[Mapping[Frequency, int]] = {"monthly": 1, "quarterly": 3, "yearly": 12}
_NOTHING: Final = Decimal("0.00")


@attrs.frozen(order=True)
class Month:
    """A calendar month."""

    year: int
    number: int

    @classmethod
    def of(cls, day: date) -> Month:
        """The month of a day."""
        return cls(day.year, day.month)

    def later(self, months: int) -> Month:
        """So many months later."""
        index = self.index + months
        return Month(index // 12, index % 12 + 1)

    @property
    def index(self) -> int:
        """Months since January of the year 0."""
        return self.year * 12 + self.number - 1

    @property
    def last_day(self) -> date:
        """The last of the month."""
        return date(self.year, self.number, monthrange(self.year, self.number)[1])

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"


@attrs.frozen
class ProjectedMonth:
    """One month. `recurring_expenses` is the signed sum of what falls due; `balance` is the one at the month's end.

    `occurrences` says how often each expense falls due, in the order in which the expenses were given.
    """

    month: Month
    recurring_expenses: Decimal
    balance: Decimal
    occurrences: tuple[int, ...]


@attrs.frozen
class Projection:
    """The months to come. `opening_balance` is the one before the first of them."""

    opening_balance: Decimal
    months: tuple[ProjectedMonth, ...]
    occurrences: tuple[int, ...]
    """How often each expense falls due over all the months, in the order in which they were given."""

    totals: tuple[Decimal, ...]
    """What each expense adds up to over all the months, in the same order; signed as they are."""

    @property
    def lowest(self) -> ProjectedMonth:
        """The first month at whose end the balance is lowest."""
        return min(self.months, key=lambda one: one.balance)


def occurrences(recurrence: Recurrence, first: date, last: date) -> int:
    """How often a recurrence falls due from `first` to `last`, both counted.

    One that began on a day that a month hasn't got falls due on that month's last day.
    """
    start = recurrence.start_date
    if last < start:
        return 0
    before = _times(recurrence, first - timedelta(days=1)) if first > start else 0
    return _times(recurrence, last) - before


def project(recurrences: Sequence[Recurrence], balance: Decimal, today: date, months: int) -> Projection:
    """The `months` (1 to 120) calendar months after the one of `today`.

    The first of them opens with the balance less what still falls due in the current month, today counted. Raises
    ValueError where a month would be beyond the year 9999.
    """
    current = Month.of(today)
    if current.later(months).year > date.max.year:
        raise ValueError("must not lead beyond the year 9999")
    ahead = [current.later(number) for number in range(1, months + 1)]
    amounts = [one.amount for one in recurrences]
    still_due = _sum(amounts, [occurrences(one, today, current.last_day) for one in recurrences])
    opening = balance = EXACT.subtract(balance, still_due)
    ends = [one.last_day.toordinal() for one in (current, *ahead)]
    by_expense = [_by_month(one, ahead[0], ends) for one in recurrences]
    projected = []
    for month, counts in zip(ahead, list(zip(*by_expense, strict=True)) or repeat((), months), strict=True):
        total = _sum(amounts, counts)
        balance = EXACT.subtract(balance, total)
        projected.append(ProjectedMonth(month, total, balance, counts))
    sums = tuple([sum(counts) for counts in by_expense])
    totals = tuple([sum_of(one, count) for one, count in zip(recurrences, sums, strict=True)])
    return Projection(opening, tuple(projected), sums, totals)


def sum_of(recurrence: Recurrence, count: int) -> Decimal:
    """What so many occurrences add up to, signed as the recurrence is."""
    return EXACT.fma(recurrence.amount, count, _NOTHING)


def _sum(amounts: Sequence[Decimal], counts: Sequence[int]) -> Decimal:
    total = _NOTHING
    for amount, count in zip(amounts, counts, strict=True):
        if count:
            total = EXACT.fma(amount, count, total)
    return total


def _by_month(recurrence: Recurrence, first: Month, ends: Sequence[int]) -> list[int]:
    """How often a recurrence falls due in each month from `first` on.

    `ends` are the last days of the month before and of each of these, as ordinals.
    """
    start, days = recurrence.start_date, _DAYS.get(recurrence.frequency)
    if days is not None:
        begin = start.toordinal()
        times = [(end - begin) // days + 1 if end >= begin else 0 for end in ends]
        return list(map(sub, times[1:], times))
    step = _MONTHS[recurrence.frequency]
    counts = [0] * (len(ends) - 1)
    place = Month.of(start).index - first.index
    for due in range(place if place > 0 else place % step, len(counts), step):
        counts[due] = 1
    return counts


def _times(recurrence: Recurrence, day: date) -> int:
    """How often a recurrence has fallen due up to and with a day, which isn't before its start."""
    start = recurrence.start_date
    days = _DAYS.get(recurrence.frequency)
    if days is not None:
        return (day - start).days // days + 1
    step = _MONTHS[recurrence.frequency]
    months = (day.year - start.year) * 12 + day.month - start.month
    times = months // step + 1
    due_day = min(start.day, monthrange(day.year, day.month)[1])
    return times - 1 if months % step == 0 and day.day < due_day else times
