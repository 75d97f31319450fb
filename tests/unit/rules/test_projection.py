"""What recurring expenses do to a balance: against counting day by day, at every odd corner of the calendar."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal, localcontext

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.model.recurring import FREQUENCIES, Frequency, Recurrence
from domain.rules.projection import MOST_MONTHS, Month, occurrences, project

DAY = timedelta(days=1)
STEPS = {"daily": 1, "weekly": 7, "biweekly": 14, "monthly": 1, "quarterly": 3, "yearly": 12}
TODAY = date(2024, 11, 20)

years = st.one_of(st.integers(1995, 2030), st.sampled_from([1, 2, 1900, 2000, 2100, 9998, 9999]))
month_ends = st.builds(lambda year, month: date(year, month, monthrange(year, month)[1]), years, st.integers(1, 12))
days = st.one_of(
    st.dates(date(2019, 1, 1), date(2025, 12, 31)),
    month_ends,
    st.dates(date.min, date(3, 12, 31)),
    st.dates(date(9997, 1, 1), date.max),
)
amounts = st.integers(-(10**15) + 1, 10**15 - 1).map(lambda cents: Decimal(cents).scaleb(-2))


def recurrences(starts: st.SearchStrategy[date]) -> st.SearchStrategy[Recurrence]:
    return st.builds(Recurrence, st.just("Rent"), amounts, st.sampled_from(FREQUENCIES), starts)


nearby = recurrences(st.one_of(st.dates(date(2020, 1, 1), date(2027, 1, 1)), month_ends))


def recurrence(frequency: Frequency = "monthly", start: str = "2024-01-01", amount: str = "12.99") -> Recurrence:
    return Recurrence("TV Subscription", Decimal(amount), frequency, date.fromisoformat(start))


def each_day(first: date, last: date) -> Iterator[date]:
    """Every day from `first` to `last`, both counted."""
    return (date.fromordinal(number) for number in range(first.toordinal(), last.toordinal() + 1))


def falls_due(one: Recurrence, day: date) -> bool:
    """Whether a recurrence falls due on a day."""
    start, step = one.start_date, STEPS[one.frequency]
    if day < start:
        return False
    if one.frequency in ("daily", "weekly", "biweekly"):
        return (day - start).days % step == 0
    in_turn = ((day.year - start.year) * 12 + day.month - start.month) % step == 0
    return in_turn and day.day == min(start.day, monthrange(day.year, day.month)[1])


def due_days(one: Recurrence, first: str, last: str) -> list[str]:
    """The days on which it falls due, found by asking for each day alone."""
    period = each_day(date.fromisoformat(first), date.fromisoformat(last))
    return [str(day) for day in period if occurrences(one, day, day)]


@given(recurrences(days), days, st.integers(0, 800))
@example(recurrence("monthly", "2024-01-31"), date(2024, 2, 29), 0)
@example(recurrence("yearly", "2024-02-29"), date(2024, 3, 1), 364)
@example(recurrence("daily", "0001-01-01"), date.min, 800)
@example(recurrence("monthly", "9999-12-31"), date(9999, 12, 31), 0)
def test_counts_as_many_as_there_are_day_by_day(one: Recurrence, first: date, length: int) -> None:
    # contract: A5
    last = date.fromordinal(min(first.toordinal() + length, date.max.toordinal()))
    assert occurrences(one, first, last) == sum(falls_due(one, day) for day in each_day(first, last))


@pytest.mark.parametrize("frequency", FREQUENCIES)
@pytest.mark.parametrize("start", ["2019-12-31", "2023-05-30", "2024-02-29", "2024-11-20", "2025-08-31", "2033-01-31"])
def test_every_frequency_agrees_over_ten_years(frequency: Frequency, start: str) -> None:
    # contract: A4, A5
    one = recurrence(frequency, start)
    for year in range(2020, 2030):
        for month in range(1, 13):
            first, last = date(year, month, 1), Month(year, month).last_day
            assert occurrences(one, first, last) == sum(falls_due(one, day) for day in each_day(first, last))


@given(recurrences(days), days, st.integers(0, 4000), st.integers(0, 4000))
def test_it_is_the_same_wherever_a_period_is_cut(one: Recurrence, first: date, left: int, right: int) -> None:
    cut = min(first.toordinal() + left, date.max.toordinal() - 1)
    last = min(cut + 1 + right, date.max.toordinal())
    parts = occurrences(one, first, date.fromordinal(cut)) + occurrences(
        one, date.fromordinal(cut + 1), date.fromordinal(last)
    )
    assert parts == occurrences(one, first, date.fromordinal(last))


@pytest.mark.parametrize(
    ("frequency", "start", "first", "last", "expected"),
    [
        ("monthly", "2023-12-31", "2024-01-01", "2024-04-30", ["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"]),
        ("monthly", "2024-12-30", "2025-01-01", "2025-03-31", ["2025-01-30", "2025-02-28", "2025-03-30"]),
        ("quarterly", "2024-11-30", "2024-11-01", "2025-06-30", ["2024-11-30", "2025-02-28", "2025-05-30"]),
        ("yearly", "2024-02-29", "2024-01-01", "2028-12-31", [f"{2024 + n}-02-{28 + (n % 4 == 0)}" for n in range(5)]),
        ("weekly", "2024-11-20", "2024-11-01", "2024-12-05", ["2024-11-20", "2024-11-27", "2024-12-04"]),
        ("biweekly", "2024-11-20", "2024-11-01", "2024-12-31", ["2024-11-20", "2024-12-04", "2024-12-18"]),
        ("daily", "2024-02-28", "2024-02-01", "2024-03-01", ["2024-02-28", "2024-02-29", "2024-03-01"]),
        ("yearly", "2026-01-01", "2024-01-01", "2025-12-31", []),
    ],
)
def test_falls_due_on(frequency: Frequency, start: str, first: str, last: str, expected: list[str]) -> None:
    # contract: A5
    assert due_days(recurrence(frequency, start), first, last) == expected


@given(st.lists(nearby, max_size=4), amounts, st.dates(date(2022, 1, 1), date(2025, 12, 31)), st.integers(1, 14))
def test_a_projection_is_what_paying_day_by_day_leaves(
    some: list[Recurrence], balance: Decimal, today: date, months: int
) -> None:
    # contract: A5, A6
    projection = project(some, balance, today, months)
    day, ends = today, {}
    spent = {str(one.month): Decimal(0) for one in projection.months}
    counts = dict.fromkeys((number, name) for number in range(len(some)) for name in spent)
    last = projection.months[-1].month.last_day
    while day <= last:
        name = f"{day:%Y-%m}"
        for number, one in enumerate(some):
            if falls_due(one, day):
                balance -= one.amount
                if name in spent:
                    spent[name] += one.amount
                    counts[number, name] = (counts[number, name] or 0) + 1
        ends[name] = balance
        day += DAY
    assert projection.opening_balance == ends[f"{today:%Y-%m}"]
    assert {str(one.month): one.recurring_expenses for one in projection.months} == spent
    assert {str(one.month): one.balance for one in projection.months} == {name: ends[name] for name in spent}
    for number, one in enumerate(some):
        found = [month.occurrences[number] for month in projection.months]
        assert found == [counts[number, str(month.month)] or 0 for month in projection.months]
        assert projection.occurrences[number] == sum(found)
        assert projection.totals[number] == one.amount * sum(found)
    assert projection.lowest.balance == min(ends[name] for name in spent)


@given(st.lists(nearby, min_size=1, max_size=3), amounts, st.dates(date(2022, 1, 1), date(2025, 12, 31)))
def test_who_pays_as_planned_finds_the_same_plan_a_month_later(
    some: list[Recurrence], balance: Decimal, today: date
) -> None:
    # contract: A5
    long = project(some, balance, today, MOST_MONTHS)
    assert project(some, balance, today, 12).months == long.months[:12]
    later = project(some, long.opening_balance, long.months[0].month.last_day.replace(day=1), MOST_MONTHS - 1)
    assert later.opening_balance == long.months[0].balance
    assert later.months == long.months[1:]


@pytest.mark.parametrize("amount", ["12.99", "-12.99", "0.00"])
def test_what_is_paid_lowers_the_balance_and_what_is_received_raises_it(amount: str) -> None:
    # contract: A6
    (month,) = project([recurrence(amount=amount)], Decimal("100.00"), TODAY, 1).months
    assert month.recurring_expenses == Decimal(amount)
    assert month.balance == Decimal("100.00") - Decimal(amount)


@pytest.mark.parametrize(
    ("start", "due"),
    [("2024-01-20", 1), ("2024-01-21", 1), ("2024-01-31", 1), ("2024-01-19", 0), ("2024-11-30", 1), ("2024-12-01", 0)],
)
def test_what_is_due_this_month_counts_from_today_to_its_last_day(start: str, due: int) -> None:
    # contract: A5
    projection = project([recurrence(start=start, amount="1.00")], Decimal("10.00"), TODAY, 1)
    assert projection.opening_balance == 10 - due


def test_the_first_month_is_the_one_after_the_current_one() -> None:
    # contract: A5
    assert [str(one.month) for one in project([], Decimal(0), date(2024, 11, 30), 3).months] == [
        "2024-12",
        "2025-01",
        "2025-02",
    ]
    assert str(Month(1, 2)) == "0001-02"


@pytest.mark.parametrize("frequency", FREQUENCIES)
@pytest.mark.parametrize("start", ["2024-12-01", "2024-12-31", "2025-01-01"])
def test_the_first_occurrence_is_on_the_day_of_the_start(frequency: Frequency, start: str) -> None:
    # contract: A5
    one = recurrence(frequency, start)
    counts = [month.occurrences[0] for month in project([one], Decimal(0), TODAY, 3).months]
    assert counts == [
        sum(falls_due(one, day) for day in each_day(first, Month.of(first).last_day))
        for first in (date(2024, 12, 1), date(2025, 1, 1), date(2025, 2, 1))
    ]
    assert occurrences(one, TODAY, one.start_date) == 1


def test_without_expenses_nothing_changes() -> None:
    projection = project([], Decimal("-5.00"), TODAY, 12)
    assert {one.balance for one in projection.months} == {Decimal("-5.00")}
    assert {one.recurring_expenses for one in projection.months} == {Decimal("0.00")}
    assert (projection.occurrences, projection.totals) == ((), ())
    assert str(projection.lowest.month) == "2024-12", "the first of equals"


def test_the_lowest_point_lies_where_the_balance_does() -> None:
    some = [recurrence("yearly", "2025-03-01", "50.00"), recurrence("yearly", "2025-06-01", "-80.00")]
    lowest = project(some, Decimal("100.00"), TODAY, 12).lowest
    assert (str(lowest.month), lowest.balance) == ("2025-03", Decimal("50.00"))


def test_sums_are_exact_however_narrow_the_context_is() -> None:
    largest = recurrence("daily", "2024-01-01", "9999999999999.99")
    with localcontext() as context:
        context.prec = 1
        projection = project([largest] * 50, Decimal("0.01"), TODAY, 120)
    assert projection.totals[0] == Decimal("9999999999999.99") * sum(
        one.month.last_day.day for one in projection.months
    )
    assert projection.months[0].recurring_expenses == Decimal("9999999999999.99") * 31 * 50


def test_the_calendar_ends_with_the_year_9999() -> None:
    one = recurrence("monthly", "9999-01-31")
    assert len(project([one], Decimal(0), date(9998, 12, 1), 12).months) == 12
    with pytest.raises(ValueError, match="9999"):
        project([one], Decimal(0), date(9999, 1, 1), 12)
