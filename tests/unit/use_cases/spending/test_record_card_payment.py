"""Payments are judged as a naive reading of the contract judges them, over all that had arrived by then."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from adapters.memory.clock import SetClock
from adapters.memory.storage import MemoryStorage
from domain.model.errors import BalanceOutOfRange, InvalidFields
from domain.model.money import AMOUNT_LIMIT
from domain.model.payments import Payment
from domain.model.sessions import Identity
from domain.model.spending import SpendingReason
from domain.model.transactions import BookedMovement
from domain.use_cases.spending.record_card_payment import RecordCardPayment
from ports.storage import Storage
from tests.card_payments import ANCHORS, FIVE_MINUTES, LARGEST, TICK, Arrival, arrivals_around, six_months_before
from tests.contracts.stored_customers import balance, customer

Flagged = list[str]
Explained = list[tuple[BookedMovement, list[SpendingReason]]]


class Bank:
    """Two customers without money, whose payments are judged by a storage's facts."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.clock = SetClock(ANCHORS[0] + timedelta(days=1))
        self.record = RecordCardPayment(storage, self.clock)
        self.people = [Identity(customer(storage), "an account", "a session") for _ in range(2)]

    def pay(self, one: Arrival) -> BookedMovement | None:
        """The payment as it was booked; None where it would have taken the balance out of its range."""
        try:
            return self.record(self.people[one.who], Payment(one.amount, one.category, one.timestamp))
        except BalanceOutOfRange:
            return None

    def explained(self, who: int) -> Explained:
        """Every payment of a customer with its reasons, oldest first."""
        identity = self.people[who]
        booked = reversed(self.record.list(identity, 1000))
        return [self.record.explain(identity, one.id) for one in booked]

    def notified(self, who: int) -> list[dict[str, object]]:
        """What the customer was told of flagged payments, oldest first."""
        newest = self.storage.read(lambda tx: tx.notifications.newest(self.people[who].user_id, 1000))
        return [one.data for one in reversed(newest) if one.kind == "fraud_flag"]


def rules_broken(past: Sequence[Arrival], one: Arrival) -> Flagged:
    """The rules that the contract's words say a payment breaks, after these of the same customer."""
    if one.amount <= 0:
        return []
    spent = [other for other in past if other.amount > 0]
    totals: dict[int, Fraction] = {}
    for other in spent:
        ago = (one.timestamp.date() - other.timestamp.date()).days
        if 1 <= ago <= 90:
            totals[ago] = totals.get(ago, Fraction()) + Fraction(other.amount)
    days = list(totals.values())
    average = sum(days) / len(days) if days else Fraction()

    broken = []
    over = Fraction(one.amount) - average
    variance = sum((day - average) ** 2 for day in days) / (len(days) or 1)
    if len(days) >= 2 and over > 0 and over**2 > 9 * variance:
        broken.append("deviation")

    since = six_months_before(one.timestamp)
    if one.category.casefold() not in {x.category.casefold() for x in spent if since <= x.timestamp < one.timestamp}:
        broken.append("category")

    start = one.timestamp - FIVE_MINUTES
    recent = [Fraction(x.amount) for x in spent if start <= x.timestamp <= one.timestamp] + [Fraction(one.amount)]
    if len(recent) > 3 and sum(recent) > average:
        broken.append("rapid")
    return broken


def check(bank: Bank, arrivals: Sequence[Arrival]) -> None:
    """Let payments arrive, and hold every verdict, each balance and what is kept of both against the naive reading."""
    past: list[list[Arrival]] = [[], []]
    verdicts: list[list[Flagged]] = [[], []]
    for one in arrivals:
        left = -sum((earlier.amount for earlier in past[one.who]), one.amount)
        booked = bank.pay(one)
        assert (booked is None) == (abs(left) >= AMOUNT_LIMIT)
        if booked is None:
            continue
        verdict = rules_broken(past[one.who], one)
        assert booked.movement.fraud is bool(verdict)
        past[one.who].append(one)
        verdicts[one.who].append(verdict)
    for who in range(2):
        explained = bank.explained(who)
        assert [(x.movement.amount, x.movement.category, x.movement.timestamp) for x, _ in explained] == [
            (one.amount, one.category, one.timestamp) for one in past[who]
        ]
        assert [[reason.rule for reason in reasons] for _, reasons in explained] == verdicts[who], "nothing re-judged"
        assert [x.movement.fraud for x, _ in explained] == [bool(verdict) for verdict in verdicts[who]]
        flagged = [
            {"transaction_id": x.id, "rules": v} for (x, _), v in zip(explained, verdicts[who], strict=True) if v
        ]
        assert bank.notified(who) == flagged
        assert Decimal(balance(bank.storage, bank.people[who].user_id)) == -sum(one.amount for one in past[who])


def paid(amount: str, ago: timedelta = timedelta(0), category: str = "food") -> Arrival:
    return Arrival(0, Decimal(amount), category, ANCHORS[0] - ago)


DAY = timedelta(days=1)
QUIET = [paid("10.00", 2 * DAY), paid("20.00", DAY)]
"""Two days with a mean of 15.00, and three deviations above it 30.00."""

MONTHS = ANCHORS[0] - six_months_before(ANCHORS[0])

arrivals = st.sampled_from(ANCHORS).flatmap(arrivals_around)


@given(arrivals)
@example([*QUIET, paid("30.00"), paid("30.01")])
@example([*QUIET, *[paid("3.75", FIVE_MINUTES)] * 3, paid("3.75"), paid("0.01")])
@example([paid("30.01"), *QUIET, paid("30.01", category="Food")])
@example([paid("1.00", MONTHS), paid("1.00", category="FOOD")])
@example([paid("1.00", MONTHS + TICK), paid("1.00")])
@example([paid("1.00"), paid(str(LARGEST)), paid(f"-{LARGEST}"), paid(str(LARGEST))])
def test_verdicts_are_what_the_full_history_says_in_any_order_of_arrival(arrivals: list[Arrival]) -> None:
    # contract: A9, A10
    check(Bank(MemoryStorage()), arrivals)


@given(arrivals)
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_verdicts_are_the_same_over_sqlite(sqlite_url, open_storage, arrivals):  # contract: A9, A10
    check(Bank(open_storage(sqlite_url)), arrivals)


def flags(*some: Arrival) -> list[Flagged]:
    bank = Bank(MemoryStorage())
    for one in some:
        bank.pay(one)
    return [[reason.rule for reason in reasons] for _, reasons in bank.explained(0)]


def test_a_first_payment_is_in_an_unused_category() -> None:  # contract: A9
    assert flags(paid("0.01")) == [["category"]]
    assert flags(paid("-0.01"), paid("0.01"), paid("0.01")) == [[], ["category"], ["category"]], "ties are not before"


def test_what_arrives_later_re_judges_nothing() -> None:  # contract: A9
    late = [paid("1.00", days * DAY) for days in (1, 2)]
    assert flags(paid("9.00"), *late) == [["category"], ["category"], ["category"]]
    assert flags(*reversed(late), paid("9.00")) == [["category"], [], ["deviation"]]


def test_without_a_day_before_any_fourth_payment_is_rapid() -> None:  # contract: A9
    assert [one[-1:] == ["rapid"] for one in flags(*[paid("0.01")] * 5)] == [False, False, False, True, True]


def test_no_timestamp_is_now_and_one_may_be_five_minutes_ahead_and_no_more() -> None:  # contract: A10
    bank = Bank(MemoryStorage())
    now, (ana, _) = bank.clock.now(), bank.people
    for timestamp in (None, now, now + FIVE_MINUTES):
        booked = bank.record(ana, Payment(Decimal("1.00"), "food", timestamp))
        assert booked.movement.timestamp == (timestamp or now)
        assert booked.movement.booked_at == now
    with pytest.raises(InvalidFields):
        bank.record(ana, Payment(Decimal("1.00"), "food", now + FIVE_MINUTES + TICK))
    assert balance(bank.storage, ana.user_id) == "-3.00"
