"""Pay the subscriptions that are due, each due instant once. Source: seed B, task 8; contract B12."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from heapq import heapify, heappop, heappush
from typing import Final

import attrs

from domain.model.due_work import DueJob
from domain.model.money import EXACT
from domain.model.notifications import NewNotification
from domain.model.subscriptions import Subscription, SubscriptionPayment
from domain.model.transactions import Movement
from domain.rules.letters import subscription_ended_letter
from domain.use_cases.jobs.run_due_work import JobContext, TransactionalHandler
from domain.use_cases.money.book_movement import book_movement
from domain.use_cases.notifying.tell_customer import Letter, tell_customer
from domain.use_cases.planning.manage_subscriptions import SUBSCRIPTION
from ports.storage import Transaction

MOST_PAYMENTS: Final = 128
"""In one transaction; what is due beyond them is paid in the next."""


@attrs.frozen(eq=False, repr=False)
class PaySubscriptions(TransactionalHandler[None]):
    """Pays what is due, in the order of the due instants, whichever subscription they are of.

    An instant is the subscription's, not its job's: however late or often a job runs, it pays the instants that weren't
    paid. A subscription whose payment isn't covered ends.
    """

    kind = SUBSCRIPTION
    most_tries = None

    def fetch(self) -> None:
        """Nothing of the world outside matters."""

    def work(self, tx: Transaction, jobs: Sequence[DueJob], context: JobContext[None]) -> list[datetime | None]:
        run = _Run(tx, context.now)
        run.load([job.subject for job in jobs])
        run.pay(context.until)
        run.keep()
        return [run.due_again(job.subject) for job in jobs]


@attrs.define
class _Run:
    """Subscriptions that are paid together, over accounts that are locked in the order of their ids."""

    tx: Transaction
    now: datetime
    subscriptions: dict[int, Subscription] = attrs.field(factory=dict)
    balances: dict[int, Decimal] = attrs.field(factory=dict)
    changed: set[int] = attrs.field(factory=set)
    payments: list[SubscriptionPayment] = attrs.field(factory=list)

    def load(self, ids: Sequence[int]) -> None:
        found = self.tx.subscriptions.load(ids)
        self.subscriptions = {id: one for id, one in found.items() if one.status == "active"}
        accounts = self.tx.users.lock({one.user_id for one in self.subscriptions.values()})
        self.balances = {user_id: account.balance for user_id, account in accounts.items()}

    def pay(self, until: datetime) -> None:
        queue = [(one.next_due, id) for id, one in self.subscriptions.items()]
        heapify(queue)
        while queue and queue[0][0] <= until and len(self.payments) < MOST_PAYMENTS:
            due_at, id = heappop(queue)
            self.changed.add(id)
            after = self._after_payment(self.subscriptions[id], due_at)
            self.subscriptions[id] = after
            if after.status == "active":
                heappush(queue, (after.next_due, id))

    def keep(self) -> None:
        self.tx.subscriptions.record(self.payments)
        self.tx.subscriptions.save([self.subscriptions[id] for id in sorted(self.changed)])

    def due_again(self, id: int) -> datetime | None:
        subscription = self.subscriptions.get(id)
        return subscription.next_due if subscription is not None and subscription.status == "active" else None

    def _after_payment(self, subscription: Subscription, due_at: datetime) -> Subscription:
        """The subscription after the payment of an instant, or after its end, if the balance doesn't cover it."""
        id, user_id, amount = subscription.id, subscription.user_id, subscription.amount
        balance = self.balances.get(user_id)
        if balance is None or balance < amount:
            ended = subscription.ended(self.now)
            self._tell(ended)
            return ended
        self.balances[user_id] = EXACT.subtract(balance, amount)
        movement = Movement(
            "SUBSCRIPTION", user_id, amount, timestamp=self.now, booked_at=self.now, reference=subscription.name
        )
        self.payments.append(SubscriptionPayment(id, due_at, book_movement(self.tx, movement)))
        return subscription.paid()

    def _tell(self, ended: Subscription) -> None:
        """A subscription ends once, so its id is its letter's."""
        data = {
            "subscription_id": ended.id,
            "name": ended.name,
            "amount": str(ended.amount),
            "payments": ended.payments,
        }
        letter = Letter(f"subscription-{ended.id}-ended", partial(subscription_ended_letter, subscription=ended))
        tell_customer(self.tx, NewNotification(ended.user_id, "subscription_ended", data, self.now), letter)
