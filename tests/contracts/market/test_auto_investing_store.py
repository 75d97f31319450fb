"""One suite for every store of the bot's states: what `ports.stores.market.auto_investing` promises."""

from __future__ import annotations

from decimal import Decimal

import pytest

from domain.model.auto_investing import AutoInvesting
from ports.storage import Storage, Transaction
from tests.contracts.stored_customers import customer
from tests.contracts.transactions import NOON, Mishap, run


def save(storage: Storage, *states: AutoInvesting) -> None:
    run(storage, lambda tx: [tx.auto_investing.save(one) for one in states])


def load(storage: Storage, *user_ids: int) -> dict[int, AutoInvesting]:
    return storage.read(lambda tx: tx.auto_investing.load(user_ids))


def test_a_state_comes_back_and_is_replaced(storage):  # contract: B13
    ana, ben, carl = (customer(storage) for _ in range(3))
    on = AutoInvesting(ana, enabled=True, changed_at=NOON, realised=Decimal("-12.345678901234"))
    off = AutoInvesting(ben, enabled=False, changed_at=NOON, realised=Decimal("0.1"))
    save(storage, AutoInvesting(ana), off)
    save(storage, on)
    assert load(storage, ana, ben, carl) == {ana: on, ben: off, carl: AutoInvesting(carl)}
    assert load(storage) == {}
    assert [type(one.enabled) for one in load(storage, ana, ben).values()] == [bool, bool]


def test_what_was_rolled_back_was_never_there(storage):
    ana = customer(storage)

    def work(tx: Transaction) -> None:
        tx.auto_investing.save(AutoInvesting(ana, enabled=True, changed_at=NOON))
        raise Mishap

    with pytest.raises(Mishap):
        run(storage, work)
    assert load(storage, ana) == {ana: AutoInvesting(ana)}
