"""Card payments and the facts of them, in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

import attrs

from adapters.memory.undo import UndoLog
from domain.model.money import EXACT
from domain.model.spending import DAYS, SpendingFacts, SpendingReason
from domain.model.transactions import BookedMovement, Movement


class Ledger(Protocol):
    """Where the payments are booked."""

    def history(self, user_id: int, limit: int | None = None, before: int | None = None) -> list[BookedMovement]: ...


@attrs.frozen
class _Kept:
    id: int
    payment: Movement
    reasons: tuple[SpendingReason, ...]


class MemorySpendingStore:
    def __init__(self, undo: UndoLog, ledger: Ledger) -> None:
        self._undo = undo
        self._ledger = ledger
        self._payments: dict[int, list[_Kept]] = defaultdict(list)
        """By user, in the order of booking."""

    def facts(
        self, user_id: int, category: str, timestamp: datetime, category_since: datetime, recent_since: datetime
    ) -> SpendingFacts:
        spent = [kept.payment for kept in self._payments.get(user_id, []) if kept.payment.amount > 0]
        today = timestamp.date()
        first = today - timedelta(days=DAYS)
        days: dict[object, Decimal] = {}
        for one in spent:
            day = one.timestamp.date()
            if first <= day < today:
                days[day] = EXACT.add(days.get(day, Decimal("0.00")), one.amount)
        wanted = category.casefold()
        recent = [one.amount for one in spent if recent_since <= one.timestamp <= timestamp]
        total = Decimal("0.00")
        for amount in recent:
            total = EXACT.add(total, amount)
        used = any(
            category_since <= one.timestamp < timestamp and (one.category or "").casefold() == wanted for one in spent
        )
        return SpendingFacts(tuple(days.values()), used, len(recent), total)

    def record(self, transaction_id: int, payment: Movement, reasons: Sequence[SpendingReason]) -> None:
        payments = self._payments[payment.user_id]
        payments.append(_Kept(transaction_id, payment, tuple(reasons)))
        self._undo.append(payments.pop)

    def reasons(self, transaction_id: int) -> list[SpendingReason]:
        every = (kept for payments in self._payments.values() for kept in payments)
        return next((list(kept.reasons) for kept in every if kept.id == transaction_id), [])

    def payments(
        self,
        user_id: int,
        limit: int,
        *,
        before: int | None = None,
        category: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[BookedMovement]:
        def wanted(booked: BookedMovement) -> bool:
            movement = booked.movement
            return (
                movement.type == "CARD_PAYMENT"
                and (category is None or (movement.category or "").casefold() == category.casefold())
                and (since is None or movement.timestamp >= since)
                and (until is None or movement.timestamp < until)
            )

        return [one for one in self._ledger.history(user_id, None, before) if wanted(one)][:limit]
