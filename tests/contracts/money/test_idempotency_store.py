"""One suite for every store of outcomes: what `ports.stores.money.idempotency` promises."""

from __future__ import annotations

from datetime import timedelta
from string import printable

import pytest

from domain.model.idempotency import LONGEST_KEY, KeptOutcome
from ports.storage import Storage, Transaction
from tests.contracts.stored_customers import customer
from tests.contracts.transactions import NOON, Mishap, in_parallel, run

INSTANT = timedelta(microseconds=1)
FIRST = KeptOutcome("fingerprint", 7, NOON)
SECOND = KeptOutcome("another fingerprint", 2**53, NOON + timedelta(hours=25))


def keep(storage: Storage, user_id: int, key: str, outcome: KeptOutcome) -> None:
    run(storage, lambda tx: tx.idempotency.keep(user_id, key, outcome))


def find(storage: Storage, user_id: int, key: str, since: object = NOON) -> KeptOutcome | None:
    return storage.read(lambda tx: tx.idempotency.find(user_id, key, since))


def test_finds_what_was_kept_for_this_user_and_key(storage):  # contract: G8
    keep(storage, 1, "key", FIRST)
    keep(storage, 2, "key", SECOND)
    assert find(storage, 1, "key") == FIRST
    assert find(storage, 2, "key") == SECOND
    assert [find(storage, 3, "key"), find(storage, 1, "KEY"), find(storage, 1, "")] == [None] * 3


@pytest.mark.parametrize("key", ["x" * LONGEST_KEY, printable.strip(), "%s ? :key", "'; --"])
def test_a_key_is_any_text(storage, key):  # contract: G8
    keep(storage, 1, key, FIRST)
    assert find(storage, 1, key) == FIRST


def test_what_is_too_old_counts_for_nothing(storage):  # contract: G8
    keep(storage, 1, "key", FIRST)
    assert find(storage, 1, "key", NOON) == FIRST
    assert find(storage, 1, "key", NOON + INSTANT) is None


def test_an_outcome_takes_the_place_of_an_older_one(storage):
    keep(storage, 1, "key", FIRST)
    keep(storage, 1, "key", SECOND)
    assert find(storage, 1, "key") == SECOND


def test_an_outcome_is_kept_in_the_transaction_that_it_guards(storage):  # contract: G8
    def work(tx: Transaction) -> None:
        tx.idempotency.keep(1, "key", FIRST)
        raise Mishap

    with pytest.raises(Mishap):
        run(storage, work)
    assert find(storage, 1, "key") is None


def test_forgets_the_outcomes_kept_before_an_instant(storage):  # contract: G11
    for number in range(3):
        keep(storage, 1, f"key {number}", KeptOutcome("fingerprint", number, NOON + timedelta(hours=number)))
    run(storage, lambda tx: tx.idempotency.purge(NOON + timedelta(hours=1)))
    assert [find(storage, 1, f"key {number}") is None for number in range(3)] == [True, False, False]


def test_of_many_requests_with_one_key_one_does_the_work(storage):  # contract: G8
    ana = customer(storage)
    done: list[int] = []

    def request(number: int) -> int:
        def work(tx: Transaction) -> tuple[int, bool]:
            tx.users.lock([ana])
            kept = tx.idempotency.find(ana, "key", NOON)
            if kept is None:
                tx.idempotency.keep(ana, "key", KeptOutcome("fingerprint", number, NOON))
            return (number, True) if kept is None else (kept.outcome, False)

        outcome, worked = run(storage, work)
        if worked:
            done.append(number)
        return outcome

    outcomes = in_parallel(request)
    assert len(done) == 1
    assert set(outcomes) == set(done)
