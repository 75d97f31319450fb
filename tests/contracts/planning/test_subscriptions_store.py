"""One suite for every store of subscriptions: what `ports.stores.planning.subscriptions` promises."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import attrs
import pytest

from domain.model.errors import PaidAlready
from domain.model.subscriptions import LONGEST_INTERVAL_SECONDS, NewSubscription, Subscription, SubscriptionPayment
from ports.storage import Storage, Transaction
from tests.contracts.stored_customers import customer
from tests.contracts.transactions import NOON, Mishap, in_parallel, run

SECOND = timedelta(seconds=1)
LATER = NOON + timedelta(hours=1, microseconds=1)


def add(storage: Storage, user_id: int, **changes: object) -> Subscription:
    new = attrs.evolve(NewSubscription(user_id, Decimal("9.99"), 5, NOON), **changes)
    return new.kept(run(storage, lambda tx: tx.subscriptions.add(new)))


def get(storage: Storage, one: Subscription) -> Subscription | None:
    return storage.read(lambda tx: tx.subscriptions.get(one.user_id, one.id))


def of_user(storage: Storage, user_id: int, limit: int = 100, after: int = 0) -> list[Subscription]:
    return storage.read(lambda tx: tx.subscriptions.of_user(user_id, limit, after))


def payment(one: Subscription, number: int) -> SubscriptionPayment:
    return SubscriptionPayment(one.id, NOON + number * SECOND, 1000 + number)


def record(storage: Storage, *some: SubscriptionPayment) -> None:
    run(storage, lambda tx: tx.subscriptions.record(some))


def payments(storage: Storage, one: Subscription, limit: int = 100, **which: object) -> list[SubscriptionPayment]:
    return storage.read(lambda tx: tx.subscriptions.payments(one.id, limit, **which))


def test_come_back_as_they_were_kept_oldest_first(storage):  # contract: B12
    ana, ben = customer(storage), customer(storage)
    first = add(storage, ana)
    others = add(storage, ben, name="Gym", amount=Decimal("9999999999999.99"))
    second = add(storage, ana, name="Strøm ☀", interval_seconds=LONGEST_INTERVAL_SECONDS, created_at=LATER)
    assert first.id < others.id < second.id
    assert of_user(storage, ana) == [first, second]
    assert of_user(storage, ana, 1) == [first]
    assert of_user(storage, ana, after=first.id) == [second]
    assert get(storage, others) == others
    assert str(get(storage, others).amount) == "9999999999999.99"


def test_nobody_sees_another_ones(storage):  # contract: G3
    ana, ben = customer(storage), customer(storage)
    one = add(storage, ana)
    assert get(storage, attrs.evolve(one, user_id=ben)) is None
    assert get(storage, attrs.evolve(one, id=one.id + 1)) is None
    assert of_user(storage, ben) == []
    assert not run(storage, lambda tx: tx.subscriptions.cancel(ben, one.id, LATER))
    assert get(storage, one) == one


def test_what_became_of_them_is_kept(storage):
    one, other = (add(storage, customer(storage)) for _ in range(2))
    paid, ended = one.paid().paid(), other.paid().ended(LATER)
    run(storage, lambda tx: tx.subscriptions.save([paid, ended]))
    assert (get(storage, one), get(storage, other)) == (paid, ended)


def test_are_loaded_for_a_change(storage):
    some = [add(storage, customer(storage)) for _ in range(3)]
    found = run(storage, lambda tx: tx.subscriptions.load([some[2].id, some[0].id, some[2].id + 1]))
    assert found == {some[0].id: some[0], some[2].id: some[2]}
    assert run(storage, lambda tx: tx.subscriptions.load([])) == {}


def test_writers_that_loaded_one_come_one_after_the_other(storage):
    one = add(storage, customer(storage))

    def pay(_: int) -> None:
        def work(tx: Transaction) -> None:
            tx.subscriptions.save([tx.subscriptions.load([one.id])[one.id].paid()])

        run(storage, work)

    in_parallel(pay)
    assert get(storage, one).payments == 8


def test_an_active_one_is_cancelled_and_one_that_is_over_stays_as_it_is(storage):  # contract: B12
    ana = customer(storage)
    one, over = add(storage, ana), add(storage, ana).ended(NOON)
    run(storage, lambda tx: tx.subscriptions.save([over]))
    for instant in (LATER, LATER + SECOND):
        for each in (one, over):
            assert run(storage, lambda tx, each=each, at=instant: tx.subscriptions.cancel(ana, each.id, at))
    assert get(storage, one) == attrs.evolve(one, status="cancelled", ended_at=LATER)
    assert get(storage, over) == over


def test_payments_come_back_latest_due_first(storage):
    one, other = (add(storage, customer(storage)) for _ in range(2))
    record(storage, payment(one, 1), payment(other, 1), payment(one, 3), payment(one, 2))
    record(storage)
    assert payments(storage, one) == [payment(one, number) for number in (3, 2, 1)]
    assert payments(storage, one, 1, before=NOON + 3 * SECOND) == [payment(one, 2)]
    assert payments(storage, other) == [payment(other, 1)]


def test_an_instant_is_paid_once(storage):  # contract: B12
    """The whole transaction is refused, whichever of its payments it is."""
    one = add(storage, customer(storage))
    record(storage, payment(one, 1))
    again = attrs.evolve(payment(one, 1), transaction_id=7)
    for some in ([again], [payment(one, 2), again, payment(one, 3)], [payment(one, 4), payment(one, 4)]):
        with pytest.raises(PaidAlready):
            record(storage, *some)
    assert payments(storage, one) == [payment(one, 1)]


def test_of_many_who_pay_an_instant_one_does(storage):
    one = add(storage, customer(storage))

    def pay(number: int) -> bool:
        try:
            record(storage, attrs.evolve(payment(one, 1), transaction_id=number))
        except PaidAlready:
            return False
        return True

    assert sorted(in_parallel(pay)) == [False] * 7 + [True]
    assert len(payments(storage, one)) == 1


def test_what_was_rolled_back_was_never_there(storage):
    one = add(storage, customer(storage))

    def work(tx: Transaction) -> None:
        tx.subscriptions.add(NewSubscription(one.user_id, Decimal("1.00"), 5, NOON))
        tx.subscriptions.save([one.paid()])
        tx.subscriptions.record([payment(one, 1)])
        raise Mishap

    with pytest.raises(Mishap):
        run(storage, work)
    assert of_user(storage, one.user_id) == [one]
    assert payments(storage, one) == []


def test_those_that_are_over_do_not_count(storage):  # contract: G12
    ana, ben = customer(storage), customer(storage)
    kept = [add(storage, ana) for _ in range(4)]
    add(storage, ben)

    def work(tx: Transaction) -> None:
        tx.subscriptions.cancel(ana, kept[0].id, LATER)
        tx.subscriptions.load([kept[1].id])
        tx.subscriptions.save([kept[1].ended(LATER)])
        assert tx.subscriptions.count_active(ana) == 2

    run(storage, work)
    assert [storage.read(lambda tx, one=one: tx.subscriptions.count_active(one)) for one in (ana, ben)] == [2, 1]
