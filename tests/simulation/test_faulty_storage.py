"""What is planned for a `FaultyStorage` happens, and a payment survives a death at each of its moments (contract B12).

A proof by a storage that can't fail would be none: here every statement of a payment is the last one once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import count

import attrs
import pytest

from domain.model.errors import StorageUnavailable
from domain.model.sessions import Identity
from domain.use_cases.jobs.run_due_work import RunDueWork
from domain.use_cases.planning.manage_subscriptions import SUBSCRIPTION
from ports.storage import Storage
from tests.faulty_storage import Crashed, Event, FaultyStorage, Moment, busy, crash, unavailable
from tests.simulation.bank import Bank, settle
from tests.simulation.books import Books, check_audit, check_books, read_books

SECOND = timedelta(seconds=1)

LEAST_STATEMENTS = 12
"""Of two payments and an end, whichever way they are written."""


@attrs.frozen
class Debtor:
    """A customer who owes two payments of 40.00, and can pay one: the other one ends its subscription."""

    bank: Bank
    ana: Identity
    faulty: FaultyStorage
    worker: RunDueWork

    def kept(self) -> tuple[Books, object, set[str]]:
        """All that a payment may change."""
        books = read_books(self.bank.storage, [self.ana.user_id])[self.ana.user_id]
        return books, self.bank.jobs(SUBSCRIPTION), self.bank.letters()

    def look(self, moment: Moment, number: int, event: Event) -> bool:
        """Have a worker look, to whom this happens; whether it came through."""
        self.faulty.plan(moment, number, event)
        try:
            self.worker.run_once(self.bank.clock.now())
        except (Crashed, StorageUnavailable):
            return False
        return True


@pytest.fixture
def debtor(storage: Storage) -> Callable[[], Debtor]:
    bank = Bank(storage)

    def one() -> Debtor:
        ana = bank.open_account("50.00")
        for interval_seconds in (1, 2):
            bank.subscribe(ana, "40.00", interval_seconds)
        bank.clock.advance(2 * SECOND)
        faulty = FaultyStorage(storage)
        return Debtor(bank, ana, faulty, bank.worker(faulty))

    return one


def test_a_death_at_any_statement_of_a_payment_leaves_nothing_of_it(debtor: Callable[[], Debtor]) -> None:
    # contract: B12, R5
    one = debtor()
    before = one.kept()
    for number in count(1):
        if one.look("statement", number, crash):
            break
        assert one.kept() == before or not one.bank.jobs(SUBSCRIPTION), "the mail is another matter"
        faulty = FaultyStorage(one.bank.storage)
        one = attrs.evolve(one, faulty=faulty, worker=one.bank.worker(faulty))
    assert number > LEAST_STATEMENTS
    check_is_paid(one)


@pytest.mark.parametrize(("moment", "paid"), [("begin", 0), ("before commit", 0), ("after commit", 1)])
def test_a_death_about_the_commit_leaves_nothing_or_all(
    debtor: Callable[[], Debtor], moment: Moment, paid: int
) -> None:
    # contract: B12, R5
    one = debtor()
    before = one.kept()
    assert not one.look(moment, 1, crash)
    books = one.kept()[0]
    assert len(books.new_movements(before[0])) == paid
    assert (one.kept() == before) is (paid == 0)
    settle(one.bank, one.bank.worker())
    check_is_paid(one)


def test_the_dead_do_nothing_any_more(debtor: Callable[[], Debtor]) -> None:
    one = debtor()
    before = one.kept()
    assert not one.look("statement", 3, crash)
    for _ in range(2):
        with pytest.raises(Crashed):
            one.worker.run_once(one.bank.clock.now())
    with pytest.raises(Crashed):
        one.faulty.run(lambda tx: None)
    assert one.kept() == before


def test_a_payment_that_finds_the_database_busy_at_any_statement_is_made_up_for(
    debtor: Callable[[], Debtor],
) -> None:
    # contract: B12
    for number in range(1, LEAST_STATEMENTS):
        one = debtor()
        one.look("statement", number, busy)
        check_books(one.kept()[0], one.bank.clock.now())
        settle(one.bank, one.worker)
        check_is_paid(one)


def test_a_database_that_is_gone_ends_the_look_and_the_next_one_makes_up_for_it(debtor: Callable[[], Debtor]) -> None:
    # contract: B12
    one = debtor()
    before = one.kept()
    assert not one.look("before commit", 1, unavailable)
    assert one.kept() == before
    assert one.look("statement", 1_000, unavailable), "that moment never comes"
    one.faulty.give_up_plans()
    check_is_paid(one)


def test_another_worker_may_look_between_two_transactions(debtor: Callable[[], Debtor]) -> None:
    # contract: B12
    for number in count(1):
        one = debtor()
        other, looks = one.bank.worker(), []
        before = one.kept()[0]

        def look(one: Debtor = one, other: RunDueWork = other, looks: list[int] = looks) -> None:
            other.run_once(one.bank.clock.now())
            looks.append(1)

        assert one.look("begin", number, look)
        assert len(one.kept()[0].new_movements(before)) == 1
        check_is_paid(one)
        if not looks:
            break
    assert number > 3


def check_is_paid(one: Debtor) -> None:
    """The first instant is paid, the second one ended the subscription whose turn it was."""
    books, jobs, letters = one.kept()
    check_books(books, one.bank.clock.now())
    check_audit(one.bank.storage, len(one.bank.storage.read(lambda tx: list(tx.users.balances()))))
    assert sorted((sub.status, sub.payments) for sub in books.subscriptions.values()) == [("ended", 0), ("ended", 1)]
    assert str(books.balance) == "10.00"
    assert not set(jobs) & set(books.subscriptions)
    assert {f"<subscription-{id}-ended@hucha>" for id in books.subscriptions} <= letters
