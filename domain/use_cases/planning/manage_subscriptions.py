"""Make, list and cancel subscriptions. Source: seed B, task 8; contract B7, B12, G8."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import attrs

from domain.model.errors import Refusal, SubscriptionNotFound
from domain.model.quotas import STANDARD_QUOTAS, Quotas
from domain.model.sessions import Identity
from domain.model.subscriptions import NewSubscription, Subscription, SubscriptionPayment
from domain.model.users import Account
from domain.rules.quotas import check_quota
from domain.use_cases.money.guarded_orders import Guard, GuardedOrder, run_order
from domain.use_cases.refusals import or_raise
from ports.clock import Clock
from ports.security import KeyedHashes
from ports.storage import Storage, Transaction

SUBSCRIPTION: Final = "subscription"
"""The kind of the jobs; their subject is the subscription's id."""

ShownSubscription = tuple[Subscription, list[SubscriptionPayment]]
"""A subscription and its latest payments, latest first."""


@attrs.frozen
class SubscriptionTerms:
    """What is paid how often: a positive amount of two decimals, every 1 to 31,536,000 seconds."""

    amount: Decimal
    interval_seconds: int
    name: str | None = None


@attrs.frozen(eq=False, repr=False)
class ManageSubscriptions:
    """The subscriptions of a signed-in user. No funds are asked for until a payment is due."""

    storage: Storage
    clock: Clock
    hashes: KeyedHashes
    quotas: Quotas = STANDARD_QUOTAS

    def add(self, identity: Identity, guard: Guard, terms: SubscriptionTerms | Refusal) -> int:
        """Pay by these terms, from one interval after now on; the subscription's id.

        With a key that was used before, the id of then. What couldn't be read comes as its refusal. Raises KeyReused,
        InvalidPin, PinLocked, that refusal, QuotaReached, in this order; KeyInFlight, StorageUnavailable.
        """
        now = self.clock.now()

        def plan(tx: Transaction, account: Account) -> NewSubscription:
            asked = or_raise(terms)
            refused = check_quota(self.quotas, "subscriptions", tx.subscriptions.count_active(account.user_id))
            if refused is not None:
                raise refused
            return NewSubscription(account.user_id, asked.amount, asked.interval_seconds, now, asked.name)

        return run_order(self.storage, identity.user_id, GuardedOrder(guard, self.hashes, plan, _keep), now)

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


def _keep(tx: Transaction, new: NewSubscription) -> int:
    subscription = new.kept(tx.subscriptions.add(new))
    tx.due_work.add(SUBSCRIPTION, subscription.id, subscription.next_due)
    return subscription.id
