"""Deposit, withdraw, transfer. Source: seed B, task 4; contract B6 to B9, C7, G5, G8."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

import attrs

from domain.model.activity import Action, ActionType
from domain.model.errors import AccountNotFound, BalanceOutOfRange, InsufficientFunds, Refusal, SameAccount
from domain.model.money import AMOUNT_LIMIT, EXACT
from domain.model.notifications import NewNotification
from domain.model.sessions import Claims
from domain.model.transactions import Movement, MovementType
from domain.model.users import LONGEST_ACCOUNT_NUMBER, Account
from domain.use_cases.events.judge_events import judge_and_keep
from domain.use_cases.identity.identify import identify
from domain.use_cases.money.book_movement import book_movement
from domain.use_cases.money.guarded_orders import Guard, GuardedOrder, Outcome, carry_out, in_flight
from domain.use_cases.notifying.tell_customer import tell_customer
from domain.use_cases.refusals import or_raise
from ports.clock import Clock
from ports.security import KeyedHashes
from ports.storage import Storage, Transaction


@attrs.frozen
class Cash:
    """To deposit or to withdraw: a positive amount of two decimals."""

    amount: Decimal


@attrs.frozen
class Transfer:
    """A positive amount of two decimals, to whom, and what both histories show of it."""

    amount: Decimal
    target_account_number: str
    reference: str | None = None


@attrs.frozen
class Order:
    """What a signed-in user asks for."""

    type: MovementType
    user: int | Claims
    """Whose money: a user's id, or what the user's token says; its session is then looked up with everything else, in
    one transaction.
    """

    guard: Guard
    details: Cash | Transfer | Refusal
    """What couldn't be read comes as its refusal, which is told once key and PIN have been checked."""


@attrs.frozen(eq=False, repr=False)
class MoveMoney:
    """Carries out a batch of orders, in the order given, in one transaction."""

    storage: Storage
    clock: Clock
    hashes: KeyedHashes

    def __call__(self, orders: Sequence[Order]) -> list[Outcome]:
        """One outcome per order, the id of its movement or why there is none; durable when this returns.

        An order with an idempotency key that was carried out before has the outcome of then. Refusals, in order:
        Unauthenticated, KeyReused, InvalidPin, PinLocked, what couldn't be read, AccountNotFound, SameAccount,
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


def move_one(carry_out: Callable[[Order], Outcome], order: Order) -> int:
    """The id of an order's movement, where `carry_out` may carry it out together with others.

    Raises what MoveMoney refuses it for, KeyInFlight, StorageUnavailable.
    """
    with in_flight(order.guard.key):
        return or_raise(carry_out(order))


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
        asked = {order.details.target_account_number for order in orders if isinstance(order.details, Transfer)}
        numbers = {number for number in asked if len(number) <= LONGEST_ACCOUNT_NUMBER}
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
        if account is not None:
            self.stale.add(account.user_id)  # the PIN's count may change
        guarded = GuardedOrder(order.guard, self.hashes, lambda tx, account: self.plan(order, account), self.book)
        return carry_out(self.tx, account, guarded, self.now)

    def plan(self, order: Order, account: Account) -> Movement:
        details = order.details
        if isinstance(details, Refusal):
            raise details
        movement = Movement(order.type, account.user_id, details.amount, timestamp=self.now, booked_at=self.now)
        if isinstance(details, Transfer):
            target = self.target(details, account)
            _check_funds(account, details.amount)
            _check_holds(target, details.amount)
            return attrs.evolve(movement, target_user_id=target.user_id, reference=details.reference)
        check = _check_holds if order.type == "CASH_DEPOSIT" else _check_funds
        check(account, details.amount)
        return movement

    def target(self, transfer: Transfer, source: Account) -> Account:
        target = self.account(self.targets.get(transfer.target_account_number))
        if target is None:
            raise AccountNotFound(transfer.target_account_number)
        if target.user_id == source.user_id:
            raise SameAccount
        return target

    def book(self, tx: Transaction, movement: Movement) -> int:
        id = book_movement(tx, movement)
        self.booked.append((id, movement))
        self.stale.update(movement.effects())
        return id

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
                tell_customer(self.tx, NewNotification(movement.user_id, "activity_codes", data, self.now))


_ACTIONS: Final[Mapping[MovementType, ActionType]] = {"CASH_DEPOSIT": "deposit", "CASH_WITHDRAWAL": "withdraw"}


def _check_funds(account: Account, amount: Decimal) -> None:
    if account.balance < amount:
        raise InsufficientFunds


def _check_holds(account: Account, amount: Decimal) -> None:
    if EXACT.add(account.balance, amount) >= AMOUNT_LIMIT:
        raise BalanceOutOfRange
