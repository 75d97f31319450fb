"""One suite for every store of spending: the entries, and the sums of them, that reports and rules are made of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import islice

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from domain.model.spending import DayTotal, SpendingEntry, SpendingTotal
from domain.model.transactions import Movement
from ports.storage import Storage, Transaction
from tests.card_payments import ANCHORS, FIVE_MINUTES, LARGEST, TICK, Arrival, arrivals_around, edges
from tests.contracts.spending.test_spending_store import CENT, DAY, MIDNIGHT, book, payment, record
from tests.contracts.stored_customers import customer
from tests.contracts.transactions import NOON, Mishap, run

ALWAYS = (datetime.min.replace(year=1900, tzinfo=NOON.tzinfo), NOON + 10_000 * DAY)
EVERY_DAY = (ALWAYS[0].date(), ALWAYS[1].date())
MANY = 3000
"""More than are fetched in one portion, and than are summed one by one."""

Sums = tuple[str, str, int, int]


def naive_sums(entries: Sequence[SpendingEntry]) -> Sums:
    spent = [one.amount for one in entries if one.amount > 0]
    received = [-one.amount for one in entries if one.amount <= 0]
    nothing = Decimal("0.00")
    return str(sum(spent, nothing)), str(sum(received, nothing)), len(spent), len(received)


def sums(total: SpendingTotal) -> Sums:
    """A total to the letter: 1.00 equals 1 but isn't written so."""
    return str(total.spent), str(total.received), total.times_spent, total.times_received


def of_days(rows: Sequence[DayTotal]) -> dict[tuple[date, str, str], Sums]:
    found = {(row.day, row.source, row.category): sums(row.total) for row in rows}
    assert len(found) == len(rows), "one row for each"
    assert [row.day for row in rows] == sorted(row.day for row in rows), "earliest first"
    return found


def naive_days(entries: Sequence[SpendingEntry], first: date, last: date) -> object:
    groups: dict[tuple[date, str, str], list[SpendingEntry]] = {}
    for one in entries:
        if first <= one.timestamp.date() <= last:
            groups.setdefault((one.timestamp.date(), "card", one.category.casefold()), []).append(one)
    return {key: naive_sums(group) for key, group in groups.items()}


def naive_spending(entries: Sequence[SpendingEntry], first: date, last: date) -> object:
    spent = [one for one in entries if one.amount > 0 and first <= one.timestamp.date() <= last]
    days = sorted({one.timestamp.date() for one in spent})
    return [(day, str(sum(one.amount for one in spent if one.timestamp.date() == day))) for day in days]


def check(tx: Transaction, user_id: int, booked: Sequence[SpendingEntry], since: datetime, until: datetime) -> None:
    """Hold everything that the store gives of a range against a naive reading of what was booked."""
    store = tx.spending
    ordered = sorted(booked, key=lambda one: (one.timestamp, one.id))
    inside = [one for one in ordered if since <= one.timestamp < until]
    assert list(store.entries(user_id, since, until)) == inside
    for category in {one.category for one in booked}:
        same = [one for one in inside if one.category.casefold() == category.casefold()]
        assert list(store.entries(user_id, since, until, category=category.upper().lower())) == [
            one for one in inside if one.category.casefold() == category.upper().lower().casefold()
        ]
        spent = [one for one in same if one.amount > 0]
        assert list(store.entries(user_id, since, until, category=category, spent_only=True)) == spent
        assert list(store.entries(user_id, since, until, category=category, limit=2)) == same[:2]
    assert sums(store.total(user_id, since, until, source="card")) == naive_sums(inside)
    first, last = since.date(), until.date()
    spent = store.spent_by_day(user_id, first, last, source="card")
    assert [(day, str(amount)) for day, amount in spent] == naive_spending(booked, first, last)
    totals = list(store.daily_totals(user_id, first, last, source="card"))
    assert of_days(totals) == naive_days(booked, first, last)
    assert of_days(list(store.daily_totals(user_id, first, last))) == of_days(totals)


steps = st.sampled_from(ANCHORS).flatmap(lambda anchor: st.tuples(st.just(anchor), arrivals_around(anchor)))
every_edge = [Arrival(0, Decimal(cents).scaleb(-2), "food", one) for cents, one in enumerate(edges(ANCHORS[0]), -9)]


@given(steps)
@example((ANCHORS[0], every_edge))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_entries_and_sums_are_what_was_booked_in_any_order_of_arrival(storage, steps):  # contract: A9, D5
    anchor, arrivals = steps
    people = [customer(storage) for _ in range(2)]
    booked: list[list[SpendingEntry]] = [[], []]

    def work(tx: Transaction) -> None:
        for one in arrivals:
            movement = payment(people[one.who], str(one.amount), one.timestamp, one.category)
            id = book(tx, movement)
            booked[one.who].append(SpendingEntry("card", id, one.timestamp, one.amount, one.category))
            check(tx, people[one.who], booked[one.who], anchor - FIVE_MINUTES, anchor + TICK)

    run(storage, work)

    def look(tx: Transaction) -> None:
        for who, user_id in enumerate(people):
            for since, until in (ALWAYS, (anchor - 90 * DAY, anchor), (anchor, anchor + TICK), (anchor, anchor)):
                check(tx, user_id, booked[who], since, until)

    storage.read(look)


def dense(user_id: int, instants: Sequence[datetime]) -> list[Movement]:
    """Payments at these instants, every seventh of them received."""
    amounts = (Decimal(number * (-1 if number % 7 == 0 else 1)) * CENT for number in range(1, len(instants) + 1))
    return [payment(user_id, str(amount), at) for amount, at in zip(amounts, instants, strict=True)]


CROWDS = {
    "over five minutes": [NOON - FIVE_MINUTES * number / MANY for number in range(MANY)],
    "at one instant": [NOON] * MANY,
    "at two instants": [NOON - (number % 2) * TICK for number in range(MANY)],
    "at neighbouring instants": [NOON + (MANY // 2 - number) * TICK for number in range(MANY)],
    "around midnight": [MIDNIGHT + (number - MANY // 2) * TICK for number in range(MANY)],
    "over a year": [NOON - DAY * 365 * number / MANY for number in range(MANY)],
    "before 1970": [datetime(1960, 1, 1, tzinfo=NOON.tzinfo) - TICK * number for number in range(MANY)],
}


@pytest.mark.parametrize("crowd", CROWDS)
def test_sums_are_exact_where_entries_crowd(storage, crowd):  # contract: A9
    ana = customer(storage)
    movements = dense(ana, CROWDS[crowd])
    record(storage, *movements[: MANY // 2])
    record(storage, *movements[MANY // 2 :])
    times = sorted({one.timestamp for one in movements})
    cuts = [times[0], times[len(times) // 3], times[len(times) // 2], times[-1]]
    cuts += [cuts[2] + TICK, cuts[2] - TICK, cuts[3] - FIVE_MINUTES, cuts[3] + TICK, cuts[0] - DAY]

    def look(tx: Transaction) -> None:
        for since in cuts:
            for until in cuts:
                inside = [one.amount for one in movements if since <= one.timestamp < until]
                naive = naive_sums([SpendingEntry("card", 0, NOON, amount, "") for amount in inside])
                assert sums(tx.spending.total(ana, since, until, source="card")) == naive
        assert len(list(tx.spending.entries(ana, *ALWAYS))) == MANY

    storage.read(look)


def test_entries_come_in_portions_without_a_gap_or_a_repetition(storage):  # contract: D5
    ana = customer(storage)
    ids = record(storage, *dense(ana, [NOON + DAY * (number % 3) for number in range(MANY)]))

    def look(tx: Transaction) -> None:
        found = [one.id for one in tx.spending.entries(ana, *ALWAYS)]
        assert found == [id for remainder in range(3) for id in ids[remainder::3]]
        for limit in (0, 1, MANY - 1, MANY, MANY + 1):
            assert [one.id for one in tx.spending.entries(ana, *ALWAYS, limit=limit)] == found[:limit]
        several = zip(tx.spending.entries(ana, *ALWAYS), tx.spending.entries(ana, *ALWAYS), strict=True)
        assert all(one == other for one, other in several)
        assert len(list(islice(tx.spending.entries(ana, *ALWAYS), 5))) == 5

    storage.read(look)


def test_a_customer_of_very_many_categories(storage):  # contract: A9, D5
    ana = customer(storage)
    days = [NOON - DAY * (number % 2) for number in range(MANY)]
    record(storage, *[payment(ana, "0.01", day, f"Category {number}") for number, day in enumerate(days)])

    def look(tx: Transaction) -> None:
        spent = tx.spending.spent_by_day(ana, *EVERY_DAY, source="card")
        assert [str(amount) for _, amount in spent] == [str(MANY // 2 * CENT)] * 2
        every = list(tx.spending.daily_totals(ana, *EVERY_DAY))
        assert len(of_days(every)) == MANY
        assert {row.category for row in every} == {f"category {number}" for number in range(MANY)}

    storage.read(look)


def test_of_another_source_and_of_nobody_there_is_nothing(storage):
    ana, ben = customer(storage), customer(storage)
    record(storage, payment(ana))

    def look(tx: Transaction) -> None:
        for user_id, source in ((ana, "manual"), (ben, "card"), (ben, None), (0, None)):
            assert list(tx.spending.entries(user_id, *ALWAYS, source=source)) == []
            assert tx.spending.spent_by_day(user_id, *EVERY_DAY, source=source or "manual") == []
            assert list(tx.spending.daily_totals(user_id, *EVERY_DAY, source=source)) == []
            assert sums(tx.spending.total(user_id, *ALWAYS, source=source or "card")) == ("0.00", "0.00", 0, 0)

    storage.read(look)


def test_sums_are_exact_beyond_64_bits(storage):  # contract: G5
    ana = customer(storage)
    amounts = [str(LARGEST), f"-{LARGEST}"] * 100 + ["0.07", "-0.08"]
    record(storage, *[payment(ana, amount) for amount in amounts])
    exact = ("999999999999999.07", "999999999999999.08", 101, 101)

    def look(tx: Transaction) -> None:
        assert sums(tx.spending.total(ana, NOON, NOON + TICK, source="card")) == exact
        assert [sums(row.total) for row in tx.spending.daily_totals(ana, *EVERY_DAY)] == [exact]
        assert [str(spent) for _, spent in tx.spending.spent_by_day(ana, *EVERY_DAY, source="card")] == [exact[0]]

    storage.read(look)


def test_what_was_rolled_back_is_in_no_sum(storage: Storage) -> None:
    ana = customer(storage)
    record(storage, *dense(ana, [NOON] * 60))

    def snapshot(tx: Transaction) -> object:
        store = tx.spending
        totals = list(store.daily_totals(ana, *EVERY_DAY))
        return list(store.entries(ana, *ALWAYS)), totals, store.total(ana, *ALWAYS, source="card")

    before = storage.read(snapshot)

    def work(tx: Transaction) -> None:
        for movement in dense(ana, [NOON] * 60 + [NOON - TICK] * 60):
            book(tx, movement)
        assert tx.spending.total(ana, *ALWAYS, source="card").count == 180
        raise Mishap

    with pytest.raises(Mishap):
        run(storage, work)
    assert storage.read(snapshot) == before
