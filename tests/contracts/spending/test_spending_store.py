"""One suite for every store of spending: what `ports.stores.spending.card_payments` promises."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal, localcontext

import attrs
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from domain.model.spending import SpendingFacts, SpendingReason
from domain.model.transactions import BookedMovement, Movement
from domain.rules.spending_fraud import months_before, spending_facts, windows_before
from ports.storage import Storage, Transaction
from tests.card_payments import ANCHORS, FIVE_MINUTES, LARGEST, SPELLINGS, TICK, Arrival, arrivals_around, edges
from tests.contracts.stored_customers import customer
from tests.contracts.transactions import NOON, Mishap, run

CENT = Decimal("0.01")
DAY = timedelta(days=1)
MIDNIGHT = NOON.replace(hour=0, minute=0, second=0, microsecond=0)
REASONS = [
    SpendingReason("deviation", "Far “above” \\ \n 😀", LARGEST, Decimal("0.10"), "90 days", "at 0.10 or less"),
    SpendingReason("category", "Not used", Decimal(0), Decimal(1), "6 months", "in a category used lately"),
    SpendingReason("rapid", "Too fast", Decimal("1499999999999998.50"), Decimal("-0.00"), "5 minutes", None),
]


def payment(user_id: int, amount: str = "10.00", timestamp: datetime = NOON, category: str = "food") -> Movement:
    return Movement("CARD_PAYMENT", user_id, Decimal(amount), timestamp, NOON, category=category, fraud=False)


def book(tx: Transaction, movement: Movement, reasons: Sequence[SpendingReason] = ()) -> int:
    id = tx.ledger.append(movement)
    tx.spending.record(id, movement, reasons)
    return id


def record(storage: Storage, *movements: Movement) -> list[int]:
    return run(storage, lambda tx: [book(tx, one) for one in movements])


def ask(tx: Transaction, user_id: int, category: str, timestamp: datetime) -> SpendingFacts:
    """The facts, as the rules make them of what the store gives, with the totals of the days in ascending order."""
    past, store = windows_before(timestamp), tx.spending
    used = store.entries(user_id, *past.category, source="card", category=category, spent_only=True, limit=1)
    days, recent = (
        store.spent_by_day(user_id, *past.days, source="card"),
        store.total(user_id, *past.recent, source="card"),
    )
    facts = spending_facts(days, used, recent)
    return attrs.evolve(facts, day_totals=tuple(sorted(facts.day_totals)))


def facts(storage: Storage, user_id: int, category: str = "food", timestamp: datetime = NOON) -> SpendingFacts:
    return storage.read(lambda tx: ask(tx, user_id, category, timestamp))


def naive_facts(past: Sequence[Arrival], category: str, timestamp: datetime) -> SpendingFacts:
    """What the port's words say of the full history of one customer."""
    spent = [one for one in past if one.amount > 0]
    days = [timestamp.date() - n * DAY for n in range(1, 91)]
    by_day = [[one.amount for one in spent if one.timestamp.date() == day] for day in days]
    recent = [one.amount for one in spent if timestamp - FIVE_MINUTES <= one.timestamp <= timestamp]
    since = months_before(timestamp)
    used = [one.category.casefold() for one in spent if since <= one.timestamp < timestamp]
    return SpendingFacts(
        day_totals=tuple(sorted(sum(amounts) for amounts in by_day if amounts)),
        category_used=category.casefold() in used,
        recent_count=len(recent),
        recent_total=sum(recent, Decimal("0.00")),
    )


def written(found: SpendingFacts) -> tuple[object, ...]:
    """The facts to the letter: 1.00 equals 1 but isn't written so."""
    return [str(one) for one in found.day_totals], found.category_used, found.recent_count, str(found.recent_total)


steps = st.sampled_from(ANCHORS).flatmap(lambda anchor: st.tuples(st.just(anchor), arrivals_around(anchor)))
every_edge = [Arrival(0, Decimal(cents).scaleb(-2), "food", one) for cents, one in enumerate(edges(ANCHORS[0]), 1)]


@given(steps)
@example((ANCHORS[0], every_edge))
@example((ANCHORS[0], every_edge[::-1]))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_facts_are_what_the_full_history_says_in_any_order_of_arrival(storage, steps):
    # contract: A9
    anchor, arrivals = steps
    people = [customer(storage) for _ in range(2)]

    def work(tx: Transaction) -> None:
        for position, one in enumerate(arrivals):
            own = [before for before in arrivals[:position] if before.who == one.who]
            found = ask(tx, people[one.who], one.category, one.timestamp)
            assert written(found) == written(naive_facts(own, one.category, one.timestamp))
            book(tx, Movement("CARD_PAYMENT", people[one.who], one.amount, one.timestamp, NOON, category=one.category))

    run(storage, work)
    for who, user_id in enumerate(people):
        own = [one for one in arrivals if one.who == who]
        for category in ("food", "STRASSE"):
            assert written(facts(storage, user_id, category, anchor)) == written(naive_facts(own, category, anchor))


class TestFacts:
    def test_of_a_customer_who_spent_nothing(self, storage):
        ana, ben = customer(storage), customer(storage)
        record(storage, payment(ana, "-5.00", NOON - DAY), payment(ana, "-5.00", NOON - TICK), payment(ben))
        assert written(facts(storage, ana)) == ([], False, 0, "0.00")

    @pytest.mark.parametrize(
        ("timestamp", "counted"),
        [
            (MIDNIGHT - 90 * DAY - TICK, False),
            (MIDNIGHT - 90 * DAY, True),
            (MIDNIGHT - 89 * DAY - TICK, True),
            (MIDNIGHT - DAY, True),
            (MIDNIGHT - TICK, True),
            (MIDNIGHT, False),
            (MIDNIGHT + DAY, False),
        ],
    )
    def test_the_days_are_90_whole_ones_without_the_payments_own(self, storage, timestamp, counted):  # contract: A9
        ana = customer(storage)
        record(storage, payment(ana, "0.10", timestamp))
        for instant in (MIDNIGHT, NOON, MIDNIGHT + DAY - TICK):
            assert facts(storage, ana, timestamp=instant).day_totals == ((Decimal("0.10"),) if counted else ())

    @pytest.mark.parametrize(
        ("timestamp", "counted"),
        [
            (NOON - FIVE_MINUTES - TICK, 0),
            (NOON - FIVE_MINUTES, 1),
            (NOON, 1),
            (NOON + TICK, 0),
        ],
    )
    def test_recent_are_five_minutes_with_both_ends(self, storage, timestamp, counted):  # contract: A9
        ana = customer(storage)
        record(storage, payment(ana, "0.10", timestamp), payment(ana, "-0.30", timestamp))
        found = facts(storage, ana)
        assert (found.recent_count, str(found.recent_total)) == (counted, "0.10" if counted else "0.00")

    @pytest.mark.parametrize("anchor", ANCHORS)
    def test_a_category_was_used_from_six_months_before_up_to_but_not_with_the_instant(
        self, storage, anchor
    ):  # contract: A9
        since = months_before(anchor)
        for timestamp, used in [(since - TICK, False), (since, True), (anchor - TICK, True), (anchor, False)]:
            ana = customer(storage)
            record(storage, payment(ana, timestamp=timestamp))
            assert facts(storage, ana, timestamp=anchor).category_used is used

    def test_categories_compare_without_case_and_by_every_other_character(self, storage):  # contract: A9
        for same in SPELLINGS:
            ana = customer(storage)
            record(storage, payment(ana, timestamp=NOON - DAY, category=same[0]))
            found = [one for others in SPELLINGS for one in others if facts(storage, ana, one).category_used]
            assert found == same

    def test_sums_are_exact_beyond_64_bits_and_the_callers_context(self, storage):  # contract: G5
        ana = customer(storage)
        largest = [payment(ana, str(LARGEST), instant) for instant in (NOON, NOON - DAY) for _ in range(150)]
        record(storage, *largest, payment(ana, "0.07"), payment(ana, "0.07", NOON - DAY))
        with localcontext(prec=6):
            found = facts(storage, ana)
        assert written(found) == (["1499999999999998.57"], True, 151, "1499999999999998.57")

    @pytest.mark.parametrize("amount", ["0.01", "0.10", "0.07", "4503599627370.49", str(LARGEST)])
    def test_amounts_are_exact(self, storage, amount):  # contract: G5
        ana = customer(storage)
        record(storage, payment(ana, amount), payment(ana, amount, NOON - DAY), payment(ana, f"-{amount}", NOON - DAY))
        assert written(facts(storage, ana)) == ([amount], True, 1, amount)

    def test_what_was_rolled_back_was_never_spent(self, storage):
        ana = customer(storage)
        record(storage, payment(ana, "1.00", NOON - DAY))
        before = facts(storage, ana)
        rolled_back: list[int] = []

        def work(tx: Transaction) -> None:
            book(tx, payment(ana, "2.00", NOON - DAY, "fun"), REASONS)
            rolled_back.append(book(tx, payment(ana, "3.00", NOON - TICK, "fun"), REASONS))
            assert written(ask(tx, ana, "fun", NOON)) == (["3.00"], True, 1, "3.00")
            raise Mishap

        with pytest.raises(Mishap):
            run(storage, work)
        assert facts(storage, ana) == before
        assert facts(storage, ana, "fun").category_used is False
        assert storage.read(lambda tx: tx.spending.reasons(rolled_back[0])) == []
        assert len(payments(storage, ana)) == 1


class TestReasons:
    def test_come_back_exactly(self, storage):  # contract: A9
        ana, ben = customer(storage), customer(storage)
        kept = [REASONS, REASONS[1:], [], REASONS[:1]]
        owners = [ana, ben, ana, ana]

        def work(tx: Transaction) -> list[int]:
            return [book(tx, payment(user_id), reasons) for user_id, reasons in zip(owners, kept, strict=True)]

        ids = run(storage, work)
        found = storage.read(lambda tx: [tx.spending.reasons(id) for id in ids])
        assert found == kept
        assert [str(one.threshold) for one in found[0]] == ["0.10", "1", "-0.00"]
        assert [type(one.observed) for one in found[0]] == [Decimal] * 3

    def test_of_what_is_no_payment_are_none(self, storage):
        ana = customer(storage)
        id = run(storage, lambda tx: tx.ledger.append(Movement("CASH_DEPOSIT", ana, CENT, NOON, NOON)))
        assert storage.read(lambda tx: [tx.spending.reasons(one) for one in (id, id + 1, 0, 2**63 - 1)]) == [[]] * 4


def payments(storage: Storage, user_id: int, limit: int = 1000, **which: object) -> list[BookedMovement]:
    return storage.read(lambda tx: tx.spending.payments(user_id, limit, **which))


class TestPayments:
    def test_are_the_card_payments_of_either_sign_highest_id_first(self, storage):  # contract: A9
        ana, ben = customer(storage), customer(storage)
        movements = [
            payment(ana, "-0.07", NOON, "Añá 😀 "),
            Movement("CASH_DEPOSIT", ana, Decimal("5.00"), NOON, NOON),
            payment(ben, "1.00"),
            Movement("CASH_TRANSFER", ben, Decimal("5.00"), NOON, NOON, target_user_id=ana),
            attrs.evolve(payment(ana, str(LARGEST), NOON - 400 * DAY), fraud=True),
        ]

        def work(tx: Transaction) -> list[int]:
            return [book(tx, one) if one.type == "CARD_PAYMENT" else tx.ledger.append(one) for one in movements]

        ids = run(storage, work)
        found = payments(storage, ana)
        assert [(one.id, one.movement) for one in found] == [(ids[4], movements[4]), (ids[0], movements[0])]
        assert found == [one for one in history(storage, ana) if one.id in (ids[0], ids[4])]
        assert [str(one.movement.amount) for one in found] == [str(LARGEST), "-0.07"]
        assert [one.movement.fraud for one in found] == [True, False]

    def test_page_without_a_gap_or_a_repetition(self, storage):
        ana, ben = customer(storage), customer(storage)
        record(storage, *(payment((ana, ben)[n % 2], category=("a", "B", "A")[n % 3]) for n in range(30)))
        for category in (None, "a"):
            everything = payments(storage, ana, category=category)
            assert len(everything) == (15 if category is None else 10)
            for limit in (1, 4, 1000):
                paged: list[BookedMovement] = []
                while page := payments(storage, ana, limit, before=paged[-1].id if paged else None, category=category):
                    assert len(page) <= limit
                    paged += page
                assert paged == everything

    def test_filter_by_category_without_case_and_by_a_span_without_its_end(self, storage):
        ana = customer(storage)
        movements = [
            payment(ana, "1.00", NOON - TICK, "Straße"),
            payment(ana, "2.00", NOON, "STRASSE"),
            payment(ana, "-3.00", NOON + DAY - TICK, "strasse"),
            payment(ana, "4.00", NOON + DAY, "strasse "),
        ]
        record(storage, *movements)

        def found(**which: object) -> list[str]:
            return [str(one.movement.amount) for one in payments(storage, ana, **which)]

        assert found(category="straSSe") == ["-3.00", "2.00", "1.00"]
        assert found(category="strasse ") == ["4.00"]
        assert found(category="") == found(category="stra") == found(category="%") == []
        assert found(since=NOON) == ["4.00", "-3.00", "2.00"]
        assert found(until=NOON) == ["1.00"]
        assert found(since=NOON, until=NOON + DAY) == ["-3.00", "2.00"]
        assert found(since=NOON, until=NOON + DAY, category="STRASSE", before=payments(storage, ana)[1].id) == ["2.00"]
        assert found(since=NOON, until=NOON) == []

    @given(steps)
    @settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_are_what_is_left_of_the_full_history(self, storage, steps):
        anchor, arrivals = steps
        people = [customer(storage) for _ in range(2)]
        movements = [payment(people[one.who], str(one.amount), one.timestamp, one.category) for one in arrivals]
        record(storage, *movements)
        newest = [one for one in reversed(movements) if one.user_id == people[0]]
        for since in (None, anchor - FIVE_MINUTES):
            for category in (None, "FOOD"):
                wanted = [
                    one
                    for one in newest
                    if (since is None or since <= one.timestamp < anchor)
                    and (category is None or one.category.casefold() == "food")
                ]
                until = since and anchor
                found = payments(storage, people[0], 5, category=category, since=since, until=until)
                assert [one.movement for one in found] == wanted[:5]


def history(storage: Storage, user_id: int) -> list[BookedMovement]:
    return storage.read(lambda tx: tx.ledger.history(user_id))
