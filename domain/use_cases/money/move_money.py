"""Deposit, withdraw, transfer. Source: seed B, task 4; contract B6 to B9, C7, G5, G8."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

import attrs

from domain.model.activity import Action, ActionType
from domain.model.errors import (
    AccountNotFound,
    BalanceOutOfRange,
    EmptyFields,
    FieldProblem,
    InsufficientFunds,
    InvalidFields,
    Refusal,
    SameAccount,
    Unauthenticated,
)
from domain.model.fields import is_empty, texts
from domain.model.idempotency import IdempotencyKey
from domain.model.money import AMOUNT_LIMIT, EXACT, parse_positive_amount
from domain.model.notifications import Notification
from domain.model.sessions import Claims
from domain.model.transactions import LONGEST_REFERENCE, Movement, MovementType
from domain.model.users import LONGEST_ACCOUNT_NUMBER, Account
from domain.use_cases.events.judge_events import judge_and_keep
from domain.use_cases.identity.sign_in import identify
from domain.use_cases.money.authorise_order import Outcome, keep_outcome, settled_already
from domain.use_cases.money.book_movement import book_movement
from ports.clock import Clock
from ports.security import KeyedHashes
from ports.storage import Storage, Transaction


@attrs.frozen
class Order:
    """What a signed-in user asks for. Pin, amount and the rest are as they came; the use case checks them in order."""

    type: MovementType
    user: int | Claims
    """Whose money: a user's id, or what the user's token says; its session is then looked up with everything else, in
    one transaction.
    """

    pin: object = attrs.field(repr=False)
    amount: object
    target_account_number: object = None
    reference: object = None
    key: IdempotencyKey | None = None


@attrs.frozen
class MoveMoney:
    """Carries out a batch of orders, in the order given, in one transaction."""

    storage: Storage
    clock: Clock
    hashes: KeyedHashes

    def __call__(self, orders: Sequence[Order]) -> list[Outcome]:
        """One outcome per order, the id of its movement or why there is none; durable when this returns.

        An order with an idempotency key that was carried out before has the outcome of then. Refusals, in order:
        Unauthenticated, KeyReused, InvalidPin, PinLocked, InvalidFields, EmptyFields, AccountNotFound, SameAccount,
        InsufficientFunds, BalanceOutOfRange. Raises StorageUnavailable, and then nothing is kept.
        """
        now = self.clock.now()

        def work(tx: Transaction) -> list[Outcome]:
            batch = _Batch(tx, self.hashes, now)
            batch.lock(orders)
            outcomes = [batch.carry_out(order) for order in orders]
            batch.judge()
            return outcomes

        return self.storage.run(work)


@attrs.define
class _Batch:
    """Orders that are carried out together, over accounts that are locked in the order of their ids."""

    tx: Transaction
    hashes: KeyedHashes
    now: datetime
    targets: dict[str, int] = attrs.field(factory=dict)
    """User ids by account number."""

    owners: dict[str, int | None] = attrs.field(factory=dict)
    """User ids by session; None for one that has ended."""

    accounts: dict[int, Account] = attrs.field(factory=dict)
    stale: set[int] = attrs.field(factory=set)
    """Whose account has changed since it was read."""

    booked: list[tuple[int, Movement]] = attrs.field(factory=list)

    def lock(self, orders: Sequence[Order]) -> None:
        transfers = (order.target_account_number for order in orders if order.type == "CASH_TRANSFER")
        numbers = {number for number in transfers if isinstance(number, str) and len(number) <= LONGEST_ACCOUNT_NUMBER}
        if numbers:
            self.targets = self.tx.users.account_ids(numbers)
        for order in orders:
            if not isinstance(order.user, int):
                identity = identify(self.tx, order.user, self.now)
                self.owners[order.user.session_id] = None if identity is None else identity.user_id
        owners = {user_id for user_id in map(self.owner, orders) if user_id is not None}
        self.accounts = self.tx.users.lock(owners.union(self.targets.values()))

    def owner(self, order: Order) -> int | None:
        """The id of the user whose order it is; None where the session has ended."""
        return order.user if isinstance(order.user, int) else self.owners[order.user.session_id]

    def account(self, user_id: int | None) -> Account | None:
        """A locked account, as it is now; None where there is none."""
        if user_id is not None and user_id in self.stale:
            self.accounts.update(self.tx.users.lock({user_id}))
            self.stale.discard(user_id)
        return None if user_id is None else self.accounts.get(user_id)

    def carry_out(self, order: Order) -> Outcome:
        account = self.account(self.owner(order))
        if account is None:
            return Unauthenticated()
        settled = settled_already(self.tx, self.hashes, account, order.pin, order.key, self.now)
        self.stale.add(account.user_id)
        if settled is not None:
            return settled
        try:
            movement = _PLANS[order.type](self, order, account)
        except Refusal as refused:  # nothing was written but the PIN's count, which stays
            return refused
        return self.book(order.key, movement)

    def book(self, key: IdempotencyKey | None, movement: Movement) -> int:
        id = book_movement(self.tx, movement)
        keep_outcome(self.tx, movement.user_id, key, id, self.now)
        self.booked.append((id, movement))
        self.stale.update(movement.effects())
        return id

    def deposit(self, order: Order, account: Account) -> Movement:
        amount = _amount(order)
        _check_holds(account, amount)
        return self.movement(order, account, amount)

    def withdrawal(self, order: Order, account: Account) -> Movement:
        amount = _amount(order)
        _check_funds(account, amount)
        return self.movement(order, account, amount)

    def transfer(self, order: Order, account: Account) -> Movement:
        amount = _amount(order)
        number, reference = _transfer_texts(order)
        target = self.account(self.targets.get(number))
        if target is None:
            raise AccountNotFound(number)
        if target.user_id == account.user_id:
            raise SameAccount
        _check_funds(account, amount)
        _check_holds(target, amount)
        return attrs.evolve(self.movement(order, account, amount), target_user_id=target.user_id, reference=reference)

    def movement(self, order: Order, account: Account, amount: Decimal) -> Movement:
        return Movement(order.type, account.user_id, amount, timestamp=self.now, booked_at=self.now)

    def judge(self) -> None:
        """Run cash deposits and withdrawals through the event rules, in a stream of their own (contract C7)."""
        judged = [(id, movement) for id, movement in self.booked if movement.type in _ACTIONS]
        time = int(self.now.timestamp())
        actions = [Action(_ACTIONS[one.type], one.amount, one.user_id, time) for _, one in judged]
        for (id, movement), verdict in zip(
            judged, judge_and_keep(self.tx, "account", actions, self.now) if actions else (), strict=True
        ):
            if verdict.alert:
                data = {"codes": list(verdict.codes), "transaction_id": id, "amount": str(movement.amount)}
                self.tx.notifications.add(Notification(movement.user_id, "activity_codes", data, self.now))


_PLANS: Final[Mapping[MovementType, Callable[[_Batch, Order, Account], Movement]]] = {
    "CASH_DEPOSIT": _Batch.deposit,
    "CASH_WITHDRAWAL": _Batch.withdrawal,
    "CASH_TRANSFER": _Batch.transfer,
}

_ACTIONS: Final[Mapping[MovementType, ActionType]] = {"CASH_DEPOSIT": "deposit", "CASH_WITHDRAWAL": "withdraw"}


def _amount(order: Order) -> Decimal:
    if is_empty(order.amount):
        raise InvalidFields((FieldProblem("amount", "is required"),))
    try:
        return parse_positive_amount(order.amount)
    except ValueError as problem:
        raise InvalidFields((FieldProblem("amount", str(problem)),)) from None


def _transfer_texts(order: Order) -> tuple[str, str | None]:
    if is_empty(order.target_account_number):
        raise EmptyFields(("targetAccountNumber",))
    given = {"targetAccountNumber": order.target_account_number, "reference": order.reference}
    found = texts(given, {"targetAccountNumber": LONGEST_REFERENCE, "reference": LONGEST_REFERENCE})
    return str(found["targetAccountNumber"]), found["reference"]


def _check_funds(account: Account, amount: Decimal) -> None:
    if account.balance < amount:
        raise InsufficientFunds


def _check_holds(account: Account, amount: Decimal) -> None:
    if EXACT.add(account.balance, amount) >= AMOUNT_LIMIT:
        raise BalanceOutOfRange
