"""One suite for every store of alerts: what `ports.stores.notifying.alerts` promises."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import attrs
import pytest

from domain.model.alerts import Alert, AmountReached, BalanceDrop, NewAlert
from ports.storage import Storage, Transaction
from tests.contracts.stored_customers import customer
from tests.contracts.transactions import NOON, WRITERS, Mishap, in_parallel, run

SAVINGS = AmountReached(Decimal("5000.00"), Decimal("4500.10"))
DROP = BalanceDrop(Decimal("1000.00"), Decimal("-0.07"))
AMOUNTS = ["0.01", "0.10", "0.07", "4503599627370.49", "9999999999999.99"]


def add(storage: Storage, user_id: int, condition: AmountReached | BalanceDrop = SAVINGS) -> Alert:
    alert = NewAlert(user_id, condition, NOON)
    return alert.kept(run(storage, lambda tx: tx.alerts.add(alert)))


def of_user(storage: Storage, user_id: int) -> list[Alert]:
    return storage.read(lambda tx: tx.alerts.of_user(user_id))


def remove(storage: Storage, user_id: int, alert_id: int) -> bool:
    return run(storage, lambda tx: tx.alerts.remove(user_id, alert_id))


def test_come_back_as_they_were_kept_oldest_first(storage):  # contract: A8, A12
    ana, ben = customer(storage), customer(storage)
    first, others, second, third = add(storage, ana), add(storage, ben), add(storage, ana, DROP), add(storage, ana)
    assert first.id < others.id < second.id < third.id
    assert of_user(storage, ana) == [first, second, third]
    assert of_user(storage, ben) == [others]
    assert of_user(storage, ben + 1) == []


def test_oldest_is_the_lowest_id_whatever_the_instants_say(storage):
    ana = customer(storage)
    kept = [NewAlert(ana, SAVINGS, NOON + timedelta(hours=hours)) for hours in (3, 9, 1)]
    run(storage, lambda tx: [tx.alerts.add(one) for one in kept])
    assert [one.created_at for one in of_user(storage, ana)] == [one.created_at for one in kept]


@pytest.mark.parametrize("amount", AMOUNTS)
def test_amounts_are_exact(storage, amount):  # contract: G5
    ana = customer(storage)
    exact = Decimal(amount)
    add(storage, ana, AmountReached(exact, exact))
    add(storage, ana, BalanceDrop(exact, -exact))
    savings, drop = (one.condition for one in of_user(storage, ana))
    assert [str(one) for one in attrs.astuple(savings)] == [amount, amount]
    assert [str(one) for one in attrs.astuple(drop)] == [amount, f"-{amount}"]


def test_what_became_of_an_alert_is_kept_and_no_other_is_touched(storage):  # contract: A8
    ana, ben = customer(storage), customer(storage)
    alerts = [add(storage, user_id, condition) for user_id in (ana, ben) for condition in (SAVINGS, DROP)]
    fired = attrs.evolve(alerts[0], status="fired")
    fallen = attrs.evolve(alerts[1], status="fired", condition=attrs.evolve(DROP, highest=Decimal("9999999999999.99")))
    for one in (fired, fallen):
        run(storage, lambda tx, one=one: tx.alerts.save(one))
    assert of_user(storage, ana) == [fired, fallen]
    run(storage, lambda tx: tx.alerts.save(fallen))
    run(storage, lambda tx: tx.alerts.save(alerts[0]))
    assert of_user(storage, ana) == [alerts[0], fallen], "armed again, and saved as it is"
    assert of_user(storage, ben) == alerts[2:]


def test_what_is_removed_is_gone_and_its_id_is_never_given_again(storage):  # contract: A8
    ana = customer(storage)
    first, second, third = add(storage, ana), add(storage, ana, DROP), add(storage, ana)
    assert remove(storage, ana, second.id) is True
    assert remove(storage, ana, second.id) is False
    assert of_user(storage, ana) == [first, third]
    assert remove(storage, ana, third.id) is True
    assert add(storage, ana).id > third.id


def test_what_was_removed_does_not_come_back_when_it_is_saved(storage):
    ana = customer(storage)
    gone = add(storage, ana)
    remove(storage, ana, gone.id)
    run(storage, lambda tx: tx.alerts.save(gone))
    assert of_user(storage, ana) == []


def test_nobody_removes_what_is_someone_elses(storage):  # contract: A8, G3
    ana, ben = customer(storage), customer(storage)
    mine = add(storage, ana)
    assert remove(storage, ben, mine.id) is False
    assert remove(storage, ana, mine.id + 1) is False
    assert of_user(storage, ana) == [mine]


def test_a_rollback_leaves_every_alert_as_it_was(storage):
    ana = customer(storage)
    kept = [add(storage, ana), add(storage, ana, DROP), add(storage, ana)]

    def work(tx: Transaction) -> None:
        tx.alerts.add(NewAlert(ana, SAVINGS, NOON))
        tx.alerts.save(attrs.evolve(kept[1], status="fired"))
        assert tx.alerts.remove(ana, kept[0].id)
        assert [one.status for one in tx.alerts.of_user(ana)] == ["fired", "armed", "armed"]
        raise Mishap

    with pytest.raises(Mishap):
        run(storage, work)
    assert of_user(storage, ana) == kept


def test_ids_of_parallel_writers_are_unique(storage):
    ana = customer(storage)
    added = in_parallel(lambda _: [add(storage, ana) for _ in range(5)])
    everything = sorted((one for some in added for one in some), key=lambda one: one.id)
    assert of_user(storage, ana) == everything
    assert len({one.id for one in everything}) == 5 * WRITERS


def test_are_counted_by_user(storage):  # contract: G12
    ana, ben = customer(storage), customer(storage)
    kept = [add(storage, ana), add(storage, ana, DROP)]
    remove(storage, ana, kept[0].id)
    run(storage, lambda tx: tx.alerts.save(attrs.evolve(kept[1], status="fired")))
    add(storage, ana)
    assert [storage.read(lambda tx, one=one: tx.alerts.count(one)) for one in (ana, ben)] == [2, 0]


def test_a_count_under_the_lock_of_the_account_sees_what_others_added(storage):  # contract: G12
    ana = customer(storage)

    def work(tx: Transaction) -> int:
        tx.users.lock({ana})
        found = tx.alerts.count(ana)
        tx.alerts.add(NewAlert(ana, SAVINGS, NOON))
        return found

    counted = in_parallel(lambda _: [run(storage, work) for _ in range(3)])
    assert sorted(number for some in counted for number in some) == list(range(3 * WRITERS))
