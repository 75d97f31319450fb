"""One suite for every store of recurring expenses: what `ports.stores.planning.recurring_expenses` promises."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import attrs
import pytest

from domain.model.recurring import FREQUENCIES, LONGEST_EXPENSE_NAME, Recurrence, RecurringExpense
from ports.storage import Storage, Transaction
from tests.contracts.stored_customers import customer
from tests.contracts.transactions import NOON, Mishap, run

RENT = Recurrence("Rent", Decimal("500.00"), "monthly", date(2024, 1, 31))
LOAN = Recurrence("Loan", Decimal("0.10"), "quarterly", date(2024, 2, 29))
UNUSUAL = (
    *(attrs.evolve(RENT, frequency=frequency) for frequency in FREQUENCIES),
    *(attrs.evolve(RENT, start_date=day) for day in (date.min, date(999, 12, 31), date(1969, 12, 31), date.max)),
    *(
        attrs.evolve(RENT, amount=Decimal(amount))
        for amount in ("0.00", "-12.99", "9999999999999.99", "-9999999999999.99")
    ),
    *(
        attrs.evolve(RENT, expense_name=name)
        for name in ("Añá 😀 ' \\ % \n ", "x" * LONGEST_EXPENSE_NAME, "2024-01-01")
    ),
)


def add(storage: Storage, user_id: int, recurrence: Recurrence = RENT) -> RecurringExpense:
    return run(storage, lambda tx: tx.recurring_expenses.add(user_id, recurrence, NOON))


def of_user(storage: Storage, user_id: int) -> list[RecurringExpense]:
    return storage.read(lambda tx: tx.recurring_expenses.of_user(user_id))


def test_come_back_as_they_were_kept_oldest_first(storage):
    # contract: A4, A12
    ana, ben = customer(storage), customer(storage)
    first, others, second = add(storage, ana), add(storage, ben), add(storage, ana, LOAN)
    assert first == RecurringExpense(first.id, ana, RENT, NOON)
    assert first.id < others.id < second.id
    assert of_user(storage, ana) == [first, second]
    assert of_user(storage, ben) == [others]
    assert of_user(storage, ben + 1) == []


def test_every_value_is_kept_to_the_letter(storage):
    ana = customer(storage)
    added = run(storage, lambda tx: [tx.recurring_expenses.add(ana, one, NOON) for one in UNUSUAL])
    kept = of_user(storage, ana)
    assert kept == added
    assert [one.recurrence for one in kept] == list(UNUSUAL)
    assert [str(one.recurrence.amount) for one in kept] == [str(one.amount) for one in UNUSUAL]


def test_a_change_replaces_the_recurrence_and_nothing_else(storage):
    ana = customer(storage)
    first, second = add(storage, ana), add(storage, ana)
    changed = run(storage, lambda tx: tx.recurring_expenses.change(ana, first.id, LOAN))
    assert changed == attrs.evolve(first, recurrence=LOAN)
    assert of_user(storage, ana) == [changed, second]
    assert run(storage, lambda tx: tx.recurring_expenses.change(ana, first.id, LOAN)) == changed, "into what it is"


def test_what_is_removed_is_gone_and_its_id_is_never_given_again(storage):
    ana = customer(storage)
    first, second = add(storage, ana), add(storage, ana)
    assert run(storage, lambda tx: tx.recurring_expenses.remove(ana, second.id)) is True
    assert run(storage, lambda tx: tx.recurring_expenses.remove(ana, second.id)) is False
    assert of_user(storage, ana) == [first]
    assert add(storage, ana).id > second.id


def test_nobody_reaches_what_is_someone_elses(storage):
    # contract: G3
    ana, ben = customer(storage), customer(storage)
    mine = add(storage, ana)
    assert run(storage, lambda tx: tx.recurring_expenses.change(ben, mine.id, LOAN)) is None
    assert run(storage, lambda tx: tx.recurring_expenses.remove(ben, mine.id)) is False
    assert run(storage, lambda tx: tx.recurring_expenses.change(ana, 2**53 - 1, LOAN)) is None
    assert run(storage, lambda tx: tx.recurring_expenses.remove(ana, 0)) is False
    assert of_user(storage, ana) == [mine]


def test_what_was_rolled_back_never_was(storage):
    ana = customer(storage)
    kept = [add(storage, ana), add(storage, ana)]

    def work(tx: Transaction) -> None:
        tx.recurring_expenses.add(ana, LOAN, NOON)
        tx.recurring_expenses.change(ana, kept[1].id, LOAN)
        tx.recurring_expenses.remove(ana, kept[0].id)
        raise Mishap

    with pytest.raises(Mishap):
        run(storage, work)
    assert of_user(storage, ana) == kept


def test_are_counted_by_user(storage):  # contract: G12
    ana, ben = customer(storage), customer(storage)
    kept = [add(storage, ana) for _ in range(3)]
    run(storage, lambda tx: tx.recurring_expenses.remove(ana, kept[1].id))
    assert [storage.read(lambda tx, one=one: tx.recurring_expenses.count(one)) for one in (ana, ben)] == [2, 0]
