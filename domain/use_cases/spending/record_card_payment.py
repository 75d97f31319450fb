"""Record what a customer has spent or received, and judge it. Source: seed A, task 5; contract A9, A10, G8."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import attrs

from domain.model.errors import (
    FieldProblem,
    HuchaError,
    InvalidFields,
    KeyReused,
    NotFound,
    Refusal,
)
from domain.model.idempotency import IdempotencyKey
from domain.model.notifications import NewNotification
from domain.model.payments import Payment
from domain.model.sessions import Identity
from domain.model.spending import SpendingReason
from domain.model.transactions import BookedMovement, Movement
from domain.rules.spending_fraud import SpendingVerdict, judge_spending, spending_facts, windows_before
from domain.use_cases.money.book_movement import book_movement
from domain.use_cases.money.guarded_orders import Guard, GuardedOrder, carry_out, in_flight
from domain.use_cases.notifying.tell_customer import tell_customer
from domain.use_cases.refusals import or_raise
from ports.clock import Clock
from ports.storage import Storage, Transaction

AHEAD: Final = timedelta(minutes=5)
"""A clock may be so far ahead of ours."""


@attrs.frozen(eq=False, repr=False)
class RecordCardPayment:
    """Books card payments, with the verdict that was given at the time."""

    storage: Storage
    clock: Clock

    def __call__(
        self, identity: Identity, payment: Payment | Refusal, key: IdempotencyKey | None = None
    ) -> BookedMovement:
        """The payment as it was booked. No funds are asked for: it has happened.

        What couldn't be read comes as its refusal, and is refused once the key has been checked. Raises KeyReused,
        that refusal, InvalidFields (a timestamp too far ahead), BalanceOutOfRange, KeyInFlight, StorageUnavailable.
        """
        now, user_id = self.clock.now(), identity.user_id

        def work(tx: Transaction) -> BookedMovement | HuchaError:
            made: dict[int, BookedMovement] = {}

            def book(tx: Transaction, payment: Payment) -> int:
                booked = self._book(tx, identity, payment, now)
                made[booked.id] = booked
                return booked.id

            order = GuardedOrder(Guard(None, key), None, lambda tx, account: _checked(payment, now), book)
            outcome = carry_out(tx, tx.users.lock({user_id}).get(user_id), order, now)
            if isinstance(outcome, HuchaError):
                return outcome
            return made.get(outcome) or _payment(tx, user_id, outcome) or KeyReused()

        with in_flight(key):
            return or_raise(self.storage.run(work))

    def explain(self, identity: Identity, transaction_id: int) -> tuple[BookedMovement, list[SpendingReason]]:
        """A payment, and why it was judged as it was. Raises NotFound, StorageUnavailable."""

        def work(tx: Transaction) -> tuple[BookedMovement, list[SpendingReason]]:
            booked = _payment(tx, identity.user_id, transaction_id)
            if booked is None:
                raise NotFound
            return booked, tx.spending.reasons(transaction_id)

        return self.storage.read(work)

    def list(
        self,
        identity: Identity,
        limit: int,
        *,
        before: int | None = None,
        category: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[BookedMovement]:
        """The user's payments, newest first. Raises StorageUnavailable."""
        return self.storage.read(
            lambda tx: tx.spending.payments(
                identity.user_id, limit, before=before, category=category, since=since, until=until
            )
        )

    def _book(self, tx: Transaction, identity: Identity, payment: Payment, now: datetime) -> BookedMovement:
        user_id, timestamp = identity.user_id, payment.timestamp or now
        verdict = self._judged(tx, user_id, payment, timestamp)
        movement = Movement(
            "CARD_PAYMENT",
            user_id,
            payment.amount,
            timestamp,
            now,
            category=payment.category,
            fraud=verdict.fraud,
        )
        id = book_movement(tx, movement, overdraw=True)
        tx.spending.record(id, movement, verdict.reasons)
        if verdict.fraud:
            data = {"transaction_id": id, "rules": [reason.rule for reason in verdict.reasons]}
            tell_customer(tx, NewNotification(user_id, "fraud_flag", data, now))
        return BookedMovement(id, movement, identity.account_number, None)

    def _judged(self, tx: Transaction, user_id: int, payment: Payment, timestamp: datetime) -> SpendingVerdict:
        if payment.amount <= 0:
            return SpendingVerdict()
        past, read = windows_before(timestamp), tx.spending
        facts = spending_facts(
            read.spent_by_day(user_id, *past.days, source="card"),
            read.entries(user_id, *past.category, source="card", category=payment.category, spent_only=True, limit=1),
            read.total(user_id, *past.recent, source="card"),
        )
        return judge_spending(payment.amount, facts)


def _checked(payment: Payment | Refusal, now: datetime) -> Payment:
    payment = or_raise(payment)
    if payment.timestamp is not None and payment.timestamp > now + AHEAD:
        raise InvalidFields((FieldProblem("timestamp", "must not be more than 5 minutes ahead"),))
    return payment


def _payment(tx: Transaction, user_id: int, transaction_id: int) -> BookedMovement | None:
    """A card payment of this user."""
    found = tx.spending.payments(user_id, 1, before=transaction_id + 1)
    return found[0] if found and found[0].id == transaction_id else None
