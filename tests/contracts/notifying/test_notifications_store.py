"""One suite for every store of notifications: what `ports.stores.notifying.notifications` promises."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.model.notifications import NewNotification, Notification
from ports.storage import Storage, Transaction
from tests.contracts.transactions import NOON, Mishap, run


def notification(number: int, user_id: int = 1) -> NewNotification:
    data = {"codes": [30, 1100], "transaction_id": number, "amount": "9999999999999.99", "text": "Añá 😀", "none": None}
    return NewNotification(user_id, "activity_codes", data, NOON - timedelta(minutes=number))


def add(storage: Storage, *some: NewNotification) -> list[int]:
    return run(storage, lambda tx: [tx.notifications.add(one) for one in some])


def newest(storage: Storage, limit: int = 100, before: int | None = None, user_id: int = 1) -> list[Notification]:
    return storage.read(lambda tx: tx.notifications.newest(user_id, limit, before))


def test_come_back_as_they_were_kept_latest_first(storage):
    mine = [notification(number) for number in range(3)]
    first, second, _, third = add(storage, mine[0], mine[1], notification(9, user_id=2), mine[2])
    assert first < second < third
    kept = [one.kept(id) for one, id in zip(mine, (first, second, third), strict=True)]
    assert newest(storage) == kept[::-1]
    assert [one.data["transaction_id"] for one in newest(storage, user_id=2)] == [9]
    assert newest(storage, user_id=3) == []


def test_pages_have_no_gap_and_no_repetition(storage):
    add(storage, *(notification(number, user_id=number % 2) for number in range(20)))
    everything = newest(storage)
    paged: list[Notification] = []
    while page := newest(storage, 3, paged[-1].id if paged else None):
        paged += page
    assert paged == everything
    assert len(everything) == 10


def test_what_was_rolled_back_was_never_told(storage):
    def work(tx: Transaction) -> None:
        tx.notifications.add(notification(1))
        raise Mishap

    with pytest.raises(Mishap):
        run(storage, work)
    assert newest(storage) == []
