"""A batch of orders comes out as if each had been carried out alone, one after the other (contract B8, G8, C7)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.memory.clock import SetClock
from domain.model.errors import BalanceOutOfRange, InsufficientFunds, InvalidPin, Refusal
from domain.model.idempotency import IdempotencyKey
from domain.model.sessions import Identity
from domain.model.users import Details
from domain.rules.registration import Registration
from domain.use_cases.money.guarded_orders import Outcome
from domain.use_cases.money.move_money import MoveMoney, Order
from entrypoints.composition import Hucha, build_in_memory
from entrypoints.settings import Settings
from tests.customers import PIN
from tests.orders import order

PEOPLE = (1, 2, 3)


class Bank:
    """A bank in memory with three customers, who have 10.00 each."""

    def __init__(self) -> None:
        self.hucha: Hucha = build_in_memory(Settings(bcrypt_rounds=4), SetClock())
        self.move_money = MoveMoney(self.hucha.storage, SetClock(), self.hucha.manage_pin.hashes)
        self.numbers: dict[int, str] = {}
        for name in ("ana", "ben", "cleo"):
            user = self.hucha.register(Registration(name, f"{name}@nuwe.com", "NuweTest1$", Details()))
            self.numbers[user.id] = user.account_number
            identity = Identity(user.id, user.account_number, "")
            self.hucha.manage_pin.create(identity, PIN, "NuweTest1$", "127.0.0.1")
            self.hucha.move_money(order("CASH_DEPOSIT", user.id, PIN, 10))
        assert tuple(self.numbers) == PEOPLE

    def order(self, type: str, user_id: int, amount: str, target: int, pin: str, key: str | None) -> Order:
        target_number = self.numbers.get(target, "nobody")
        guard = None if key is None else IdempotencyKey(key, (f"{type} {amount} {target} {pin}",))
        return order(type, user_id, pin, amount, target_number, guard)  # type: ignore[arg-type]

    def state(self) -> object:
        """All that may be seen of the customers afterwards."""

        def read(tx):
            return [
                (
                    tx.users.lock({user_id})[user_id].balance,
                    [(one.id, one.movement) for one in tx.ledger.history(user_id)],
                    [(one.kind, one.data) for one in tx.notifications.newest(user_id, 100)],
                    tx.activity.history("account", user_id),
                )
                for user_id in PEOPLE
            ]

        return self.hucha.storage.read(read)


def told(outcome: Outcome) -> object:
    return (type(outcome), str(outcome)) if isinstance(outcome, Refusal) else outcome


orders = st.tuples(
    st.sampled_from(["CASH_DEPOSIT", "CASH_WITHDRAWAL", "CASH_TRANSFER", "CASH_TRANSFER"]),
    st.sampled_from(PEOPLE),
    st.sampled_from(["0", "4.00", "7.50", "10.00", "17.00", "110.00"]),
    st.integers(1, 4),
    st.sampled_from([PIN, PIN, PIN, PIN, "9999"]),
    st.sampled_from([None, None, "k", "l"]),
)


@settings(max_examples=40)
@given(st.lists(orders, max_size=12))
def test_a_batch_is_its_orders_one_after_the_other(plan: list[tuple[str, int, str, int, str, str | None]]) -> None:
    # contract: B6, B8, C7, G8
    together, alone = Bank(), Bank()
    batch = together.move_money([together.order(*one) for one in plan])
    single = [alone.move_money([alone.order(*one)])[0] for one in plan]
    assert [told(one) for one in batch] == [told(one) for one in single]
    assert together.state() == alone.state()
    assert together.hucha.audit() == (3, [])


def test_money_that_comes_in_can_be_spent_by_the_next_order_of_the_batch() -> None:
    # contract: B8
    bank = Bank()
    came, went, too_much = bank.move_money(
        [
            bank.order("CASH_TRANSFER", 1, "10.00", 2, PIN, None),
            bank.order("CASH_WITHDRAWAL", 2, "20.00", 0, PIN, None),
            bank.order("CASH_WITHDRAWAL", 2, "0.01", 0, PIN, None),
        ]
    )
    assert (came, went) == (4, 5)
    assert isinstance(too_much, InsufficientFunds)


def test_an_order_that_no_balance_can_hold_spoils_no_other() -> None:
    # contract: G5
    bank = Bank()
    came, too_much, other = bank.move_money(
        [
            bank.order("CASH_DEPOSIT", 1, "9999999999989.00", 0, PIN, None),
            bank.order("CASH_TRANSFER", 2, "1.00", 1, PIN, None),
            bank.order("CASH_DEPOSIT", 3, "1.00", 0, PIN, None),
        ]
    )
    assert (came, other) == (4, 5)
    assert isinstance(too_much, BalanceOutOfRange)


@pytest.mark.parametrize("wrong", [4, 5])
def test_wrong_pins_of_one_batch_are_counted_one_by_one(wrong: int) -> None:
    # contract: B6
    bank = Bank()
    bad = [bank.order("CASH_DEPOSIT", 1, "1", 0, "9999", None)] * wrong
    *refused, last = bank.move_money([*bad, bank.order("CASH_DEPOSIT", 1, "1", 0, PIN, None)])
    assert [type(one) for one in refused] == [InvalidPin] * wrong
    assert isinstance(last, int) is (wrong == 4)
    assert bank.hucha.storage.read(lambda tx: tx.users.balance(1)) == Decimal(11 if wrong == 4 else 10)
