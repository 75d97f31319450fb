"""Make, list and cancel subscriptions. Source: seed B, task 8; contract B7, B12, G8."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final

import attrs

from domain.model.errors import (
    FieldProblem,
    HuchaError,
    InvalidFields,
    Refusal,
    SubscriptionNotFound,
    Unauthenticated,
)
from domain.model.fields import Fields, is_empty, texts
from domain.model.idempotency import IdempotencyKey
from domain.model.money import parse_positive_amount
from domain.model.sessions import Identity
from domain.model.subscriptions import (
    LONGEST_SUBSCRIPTION_NAME,
    Subscription,
    SubscriptionPayment,
    parse_interval,
)
from domain.use_cases.money.authorise_order import in_flight, keep_outcome, settled_already
from domain.use_cases.refusals import or_raise
from ports.clock import Clock
from ports.security import KeyedHashes
from ports.storage import Storage, Transaction

SUBSCRIPTION: Final = "subscription"
"""The kind of the jobs; their subject is the subscription's id."""

ShownSubscription = tuple[Subscription, list[SubscriptionPayment]]
"""A subscription and its latest payments, latest first."""


@attrs.frozen
class ManageSubscriptions:
    """The subscriptions of a signed-in user. No funds are asked for until a payment is due."""

    storage: Storage
    clock: Clock
    hashes: KeyedHashes

    def add(self, identity: Identity, fields: Fields, key: IdempotencyKey | None = None) -> int:
        """Pay `amount` every `intervalSeconds`, from one interval after now on; the subscription's id.

        With a `key` that was used before, the id of then. `pin` and `name` are read too. Raises KeyReused, InvalidPin,
        PinLocked, InvalidFields, in this order; KeyInFlight, StorageUnavailable.
        """
        now = self.clock.now()

        def work(tx: Transaction) -> int | HuchaError:
            account = tx.users.lock({identity.user_id}).get(identity.user_id)
            if account is None:
                return Unauthenticated()
            settled = settled_already(tx, self.hashes, account, fields.get("pin"), key, now)
            if settled is not None:
                return settled
            try:
                subscription = _read(identity.user_id, fields, now)
            except Refusal as refused:
                return refused
            id = tx.subscriptions.add(subscription)
            tx.due_work.add(SUBSCRIPTION, id, subscription.next_due)
            keep_outcome(tx, identity.user_id, key, id, now)
            return id

        with in_flight(key):
            return or_raise(self.storage.run(work))

    def of_user(self, identity: Identity, limit: int, after: int = 0) -> list[Subscription]:
        """All of them, oldest first, at most `limit`, with ids above `after`. Raises StorageUnavailable."""
        return self.storage.read(lambda tx: tx.subscriptions.of_user(identity.user_id, limit, after))

    def show(self, identity: Identity, subscription_id: int, payments: int) -> ShownSubscription:
        """One of them, with at most so many payments. Raises SubscriptionNotFound, StorageUnavailable."""

        def work(tx: Transaction) -> ShownSubscription:
            found = tx.subscriptions.get(identity.user_id, subscription_id)
            if found is None:
                raise SubscriptionNotFound
            return found, tx.subscriptions.payments(subscription_id, payments)

        return self.storage.read(work)

    def cancel(self, identity: Identity, subscription_id: int) -> None:
        """Pay no more; one that is over stays as it is. Its job finds it over and is forgotten.

        Raises SubscriptionNotFound, StorageUnavailable.
        """
        now = self.clock.now()

        def work(tx: Transaction) -> None:
            if not tx.subscriptions.cancel(identity.user_id, subscription_id, now):
                raise SubscriptionNotFound

        self.storage.run(work)


def _read(user_id: int, fields: Fields, now: datetime) -> Subscription:
    problems = []
    amount, interval_seconds, name = Decimal(0), 0, None
    try:
        amount = parse_positive_amount(_given(fields, "amount"))
    except ValueError as problem:
        problems.append(FieldProblem("amount", str(problem)))
    try:
        interval_seconds = parse_interval(_given(fields, "intervalSeconds"))
    except ValueError as problem:
        problems.append(FieldProblem("intervalSeconds", str(problem)))
    try:
        name = texts(fields, {"name": LONGEST_SUBSCRIPTION_NAME})["name"]
    except InvalidFields as error:
        problems += error.problems
    if problems:
        raise InvalidFields(tuple(problems))
    return Subscription(user_id, amount, interval_seconds, now, name)


def _given(fields: Fields, name: str) -> object:
    if is_empty(fields.get(name)):
        raise ValueError("is required")
    return fields[name]
