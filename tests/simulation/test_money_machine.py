"""Any sequence of orders does to the bank what it does to a dict: over memory, and over SQLite with restarts.

The machine gives orders one by one and in batches, with right and wrong PINs, with idempotency keys that are fresh,
used again or misused, while the clock goes on and the process ends and begins anew. A plain model says what must come
of it.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from itertools import count
from pathlib import Path

import attrs
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from adapters.identity.bcrypt_passwords import BcryptPasswords
from adapters.keyed_hashes import HmacHashes
from adapters.keyring import KeyRing
from adapters.memory.clock import SetClock
from adapters.system_secrets import SystemSecrets
from domain.model.errors import (
    AccountNotFound,
    BalanceOutOfRange,
    InsufficientFunds,
    InvalidFields,
    InvalidPin,
    KeyReused,
    PinExists,
    PinLocked,
    Refusal,
    SameAccount,
)
from domain.model.idempotency import IdempotencyKey
from domain.model.sessions import Identity
from domain.model.transactions import MovementType
from domain.model.users import Details, HashedPassword, NewUser
from domain.use_cases.money.guarded_orders import Outcome
from domain.use_cases.money.move_money import MoveMoney, Order
from entrypoints.composition import Hucha, build, build_in_memory
from entrypoints.settings import Settings
from tests.conftest import LONG
from tests.customers import PASSWORD
from tests.orders import order

KEY = b"the key of every machine's bank."
PINS = ["1111", "2222"]
MOST_CUSTOMERS = 4
NOBODY = "00000000-0000-4000-8000-000000000000"
LOCK = timedelta(minutes=15)
KEYS_KEPT = timedelta(hours=24)
MOST = Decimal("9999999999999.99")

PAUSES = [timedelta(seconds=1), LOCK - timedelta(seconds=1), LOCK, KEYS_KEPT - LOCK, KEYS_KEPT, timedelta(days=2)]

CENTS = st.integers(1, 30_000).map(lambda cents: Decimal(cents).scaleb(-2))
AMOUNTS = st.one_of(CENTS, CENTS, CENTS.map(str), st.sampled_from([MOST, Decimal(100), "100.00", 100]))
BAD_AMOUNTS = st.sampled_from([None, "", 0, "0.00", "-1.00", "1.001", "1e2", True, Decimal("NaN"), MOST + 1, []])
TYPES: list[MovementType] = ["CASH_TRANSFER", "CASH_TRANSFER", "CASH_DEPOSIT", "CASH_WITHDRAWAL"]

pytestmark = pytest.mark.proof


@attrs.frozen
class Wish:
    """An order, told without knowing who will be there: customers by number, who are counted round."""

    type: MovementType
    customer: int
    target: int | None
    """None: an account that doesn't exist."""

    amount: object
    pin: str | None
    """None: the right one."""

    key: str | None


WISHES = st.builds(
    Wish,
    type=st.sampled_from(TYPES),
    customer=st.integers(0, MOST_CUSTOMERS - 1),
    target=st.one_of(st.integers(0, MOST_CUSTOMERS - 1), st.integers(0, MOST_CUSTOMERS - 1), st.none()),
    amount=st.one_of(AMOUNTS, AMOUNTS, AMOUNTS, BAD_AMOUNTS),
    pin=st.sampled_from([None] * 9 + ["0000", "", "12a4"]),
    key=st.sampled_from([None, None, "a", "b", "c"]),
)


@attrs.frozen
class Request:
    """An order as it comes, before anything of it is read."""

    type: MovementType
    user: int
    pin: object
    amount: object
    target_account_number: str | None = None
    key: IdempotencyKey | None = None

    def read(self) -> Order:
        return order(self.type, self.user, self.pin, self.amount, self.target_account_number, self.key)


@attrs.define
class Customer:
    """What the model knows of one."""

    identity: Identity
    pin: str | None = None
    wrong_pins: int = 0
    locked_until: datetime | None = None
    balance: Decimal = Decimal("0.00")
    movements: list[tuple[str, Decimal, str, str | None]] = attrs.field(factory=list)
    """Type, amount, source, target; oldest first."""

    kept: dict[str, tuple[tuple[object, ...], int, datetime]] = attrs.field(factory=dict)
    """By idempotency key: what was asked, the id that came of it, and when."""


class Model:
    """The bank as a dict of customers."""

    def __init__(self) -> None:
        self.customers: dict[int, Customer] = {}
        self.money_in = self.money_out = Decimal("0.00")

    def by_number(self, number: object) -> Customer | None:
        return next((one for one in self.customers.values() if one.identity.account_number == number), None)

    def expect(self, request: Request, now: datetime) -> int | type[Refusal] | None:
        """What must come of a request: the id of a replay, a refusal, or None for a movement of its own."""
        customer = self.customers[request.user]
        kept = customer.kept.get(request.key.key) if request.key else None
        if kept is not None and now - kept[2] <= KEYS_KEPT:
            if customer.locked_until is not None and now < customer.locked_until:
                return PinLocked
            if kept[0] == asked(request):
                return kept[1]
            self.try_pin(customer, request.pin, now)
            return KeyReused
        return self.try_pin(customer, request.pin, now) or self.refusal(customer, request)

    def try_pin(self, customer: Customer, pin: object, now: datetime) -> type[Refusal] | None:
        if customer.locked_until is not None and now < customer.locked_until:
            return PinLocked
        if customer.pin is None or pin not in (customer.pin, "0000", *PINS):
            return InvalidPin  # not compared
        customer.wrong_pins = 0 if pin == customer.pin else customer.wrong_pins + 1
        customer.locked_until = None
        if customer.wrong_pins == 5:
            customer.wrong_pins, customer.locked_until = 0, now + LOCK
        return None if pin == customer.pin else InvalidPin

    def refusal(self, customer: Customer, request: Request) -> type[Refusal] | None:
        if not is_amount(request.amount):
            return InvalidFields
        amount = Decimal(str(request.amount))
        target = customer
        if request.type == "CASH_TRANSFER":
            found = self.by_number(request.target_account_number)
            if found is None:
                return AccountNotFound
            if found is customer:
                return SameAccount
            target = found
        if request.type != "CASH_DEPOSIT" and customer.balance < amount:
            return InsufficientFunds
        if request.type != "CASH_WITHDRAWAL" and target.balance + amount > MOST:
            return BalanceOutOfRange
        return None

    def book(self, request: Request, id: int, now: datetime) -> None:
        """Change the balances, and remember."""
        customer, amount = self.customers[request.user], Decimal(str(request.amount))
        target = self.by_number(request.target_account_number) if request.type == "CASH_TRANSFER" else None
        customer.balance += amount if request.type == "CASH_DEPOSIT" else -amount
        number = target and target.identity.account_number
        movement = (request.type, amount, customer.identity.account_number, number)
        customer.movements.append(movement)
        if target is not None:
            target.balance += amount
            target.movements.append(movement)
        self.money_in += amount if request.type == "CASH_DEPOSIT" else 0
        self.money_out += amount if request.type == "CASH_WITHDRAWAL" else 0
        if request.key:
            customer.kept[request.key.key] = (asked(request), id, now)


def asked(request: Request) -> tuple[object, ...]:
    """What a request asks for, as a key's fingerprint sees it."""
    return (request.type, request.user, repr(request.pin), repr(request.amount), request.target_account_number)


def is_amount(amount: object) -> bool:
    """Whether this was drawn as an amount that can be moved."""
    if isinstance(amount, bool) or not isinstance(amount, int | str | Decimal):
        return False
    if isinstance(amount, str):
        return amount.count(".") == 1 and len(amount.partition(".")[2]) == 2 and Decimal(amount) > 0
    return not Decimal(amount).is_nan() and 0 < amount <= MOST


class MoneyMachine(RuleBasedStateMachine):
    """Over memory: what is said of the bank, whatever happens."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = SetClock()
        self.model = Model()
        self.given: list[Request] = []
        """Orders with a key that were carried out."""

        self.ids: set[int] = set()
        self._numbers = count()
        self.hucha = self.open()

    def open(self) -> Hucha:
        return build_in_memory(settings_of(), self.clock)

    @initialize()
    def begin_with_some_who_have_money(self) -> None:
        for number in range(MOST_CUSTOMERS - 1):
            self.register()
            self.set_pin(number, PINS[number % 2])
            self.give_one(Wish("CASH_DEPOSIT", number, None, Decimal("500.00"), None, None))

    @precondition(lambda self: len(self.model.customers) < MOST_CUSTOMERS)
    @rule()
    def register(self) -> None:
        number = next(self._numbers)
        account_number = SystemSecrets().new_uuid()
        user = NewUser(account_number, "Ana", f"ana{number}@nuwe.com", hashed_password(), Details(), self.clock.now())
        id = self.hucha.storage.run(lambda tx: tx.users.add(user))
        self.model.customers[id] = Customer(Identity(id, account_number, "no session"))

    @rule(number=st.integers(0, MOST_CUSTOMERS - 1), pin=st.sampled_from(PINS))
    def set_pin(self, number: int, pin: str) -> None:
        customer = self.customer(number)
        try:
            self.hucha.manage_pin.create(customer.identity, pin, PASSWORD, "127.0.0.1")
        except PinExists:
            assert customer.pin is not None
        else:
            assert customer.pin is None
            customer.pin = pin

    @rule(wish=WISHES)
    def give_one(self, wish: Wish) -> None:
        self.give([self.request(wish)])

    @rule(wishes=st.lists(WISHES, min_size=2, max_size=5))
    def give_several_at_once(self, wishes: list[Wish]) -> None:
        self.give([self.request(wish) for wish in wishes])

    @rule(number=st.integers(0, MOST_CUSTOMERS - 1), amount=CENTS, too_much=st.sampled_from([0, 0, 1]))
    def pass_all_on_at_once(self, number: int, amount: Decimal, too_much: int) -> None:
        """Each order of the batch needs the money that the one before brings."""
        first, second = self.customer(number), self.customer(number + 1)
        passed = first.balance + amount
        wishes = [
            Wish("CASH_DEPOSIT", number, None, amount, None, None),
            Wish("CASH_TRANSFER", number, number + 1, passed, None, None),
            Wish("CASH_WITHDRAWAL", number + 1, None, second.balance + passed + too_much, None, None),
        ]
        self.give([self.request(wish) for wish in wishes])

    @rule(number=st.integers(0, MOST_CUSTOMERS - 1), too_much=st.sampled_from([Decimal(0), Decimal("0.01")]))
    def fill_an_account_to_the_brim(self, number: int, too_much: Decimal) -> None:
        room = MOST - self.customer(number).balance
        deposit = Wish("CASH_DEPOSIT", number, None, room + too_much, None, None)
        withdrawal = Wish("CASH_WITHDRAWAL", number, None, room, None, None)
        self.give([self.request(deposit), self.request(withdrawal)])

    @rule(number=st.integers(0, MOST_CUSTOMERS - 1))
    def lock_a_pin_and_wait_until_it_opens(self, number: int) -> None:
        """The right one is refused to the last second."""
        wish = Wish("CASH_DEPOSIT", number, None, Decimal("0.01"), None, None)
        self.give([self.request(attrs.evolve(wish, pin="0000"))] * 5)
        for pause in (LOCK - timedelta(seconds=1), timedelta(seconds=1)):
            self.clock.advance(pause)
            self.give_one(wish)

    @rule(number=st.integers(0, MOST_CUSTOMERS - 1), tries=st.sampled_from([1, 4, 5]))
    def guess_the_pin(self, number: int, tries: int) -> None:
        wish = Wish("CASH_WITHDRAWAL", number, None, Decimal("0.01"), "0000", None)
        self.give([self.request(wish)] * tries)

    @precondition(lambda self: self.given)
    @rule(number=st.integers(0, 1_000), amount=AMOUNTS)
    def send_again(self, number: int, amount: object) -> None:
        """The same again, and then the same key for something else."""
        request = self.given[number % len(self.given)]
        self.give([request])
        self.give([self.keyed(attrs.evolve(request, amount=amount), request.key and request.key.key)])

    @rule(by=st.sampled_from(PAUSES))
    def wait(self, by: timedelta) -> None:
        self.clock.advance(by)

    @invariant()
    def balances_are_the_models_and_never_below_zero(self) -> None:
        balances = {id: self.hucha.profile.balance(one.identity) for id, one in self.model.customers.items()}
        assert balances == {id: one.balance for id, one in self.model.customers.items()}
        assert all(balance >= 0 for balance in balances.values())
        assert sum(balances.values()) == self.model.money_in - self.model.money_out

    @invariant()
    def histories_explain_the_balances(self) -> None:
        for customer in self.model.customers.values():
            shown = self.hucha.show_history(customer.identity)
            ids = [booked.id for booked in shown]
            assert ids == sorted(set(ids), reverse=True)
            assert [
                (one.movement.type, one.movement.amount, one.source_account_number, one.target_account_number)
                for one in reversed(shown)
            ] == customer.movements
            effects = [booked.movement.effects()[customer.identity.user_id] for booked in shown]
            assert sum(effects) == customer.balance

    @invariant()
    def the_audit_finds_nothing(self) -> None:
        assert self.hucha.audit() == (len(self.model.customers), [])

    def customer(self, number: int) -> Customer:
        """One of those who are there."""
        customers = list(self.model.customers.values())
        return customers[number % len(customers)]

    def request(self, wish: Wish) -> Request:
        customer = self.customer(wish.customer)
        target = NOBODY if wish.target is None else self.customer(wish.target).identity.account_number
        request = Request(
            wish.type,
            customer.identity.user_id,
            customer.pin if wish.pin is None else wish.pin,
            wish.amount,
            target if wish.type == "CASH_TRANSFER" else None,
        )
        return self.keyed(request, wish.key)

    def keyed(self, request: Request, key: str | None) -> Request:
        if key is None:
            return request
        fingerprints = self.hucha.digests("idempotency", repr(asked(request)).encode())
        return attrs.evolve(request, key=IdempotencyKey(key, fingerprints))

    def give(self, requests: Sequence[Request]) -> None:
        """Have requests carried out in one transaction, and compare each outcome with the model's."""
        now = self.clock.now()
        move_money = MoveMoney(self.hucha.storage, self.clock, HmacHashes(KeyRing([KEY])))
        for request, outcome in zip(requests, move_money([one.read() for one in requests]), strict=True):
            self.compare(request, outcome, now)

    def compare(self, request: Request, outcome: Outcome, now: datetime) -> None:
        expected = self.model.expect(request, now)
        if expected is None:
            assert isinstance(outcome, int), (request, outcome)
            assert outcome not in self.ids
            self.ids.add(outcome)
            self.model.book(request, outcome, now)
            if request.key:
                self.given.append(request)
        elif isinstance(expected, int):
            assert outcome == expected, request
        else:
            assert type(outcome) is expected, (request, outcome)


class DurableMoneyMachine(MoneyMachine):
    """The same over SQLite, and the process may end between any two steps."""

    def open(self) -> Hucha:
        self.folder = Path(tempfile.mkdtemp())
        shutil.copy(Path(empty_database().name) / "hucha.db", self.folder / "hucha.db")
        return self.opened()

    def opened(self) -> Hucha:
        return build(settings_of(f"sqlite:///{self.folder}/hucha.db"))

    @rule()
    def end_and_begin_anew(self) -> None:
        self.hucha.close()
        self.hucha = self.opened()

    def teardown(self) -> None:
        self.hucha.close()
        shutil.rmtree(self.folder)


def settings_of(url: str = "sqlite:///nowhere") -> Settings:
    return Settings(database_url=url, secret_key=(KEY,), data_key=(KEY,), bcrypt_rounds=4, rate_limits=False)


@cache
def hashed_password() -> HashedPassword:
    """Hashed once: everybody has the same."""
    return BcryptPasswords(KeyRing([KEY]), rounds=4, slots=1, waiting=0).hash(PASSWORD)


@cache
def empty_database() -> tempfile.TemporaryDirectory[str]:
    """The folder of a migrated database, which is copied: that is faster than migrating each time."""
    folder = tempfile.TemporaryDirectory()
    build(settings_of(f"sqlite:///{folder.name}/hucha.db")).close()
    return folder


TestMoney = MoneyMachine.TestCase
TestMoney.settings = settings(max_examples=1_000 if LONG else 60, stateful_step_count=40, deadline=None)

TestDurableMoney = DurableMoneyMachine.TestCase
TestDurableMoney.settings = settings(max_examples=100 if LONG else 20, stateful_step_count=40, deadline=None)
