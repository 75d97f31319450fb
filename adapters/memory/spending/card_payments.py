"""What customers spend and receive, in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from operator import attrgetter, itemgetter
from typing import Protocol

import attrs

from adapters.memory.undo import UndoLog
from domain.model.spending import DayTotal, Source, SpendingEntry, SpendingReason, SpendingTotal, folded
from domain.model.transactions import BookedMovement, Movement


class Ledger(Protocol):
    """Where the payments are booked."""

    def history(self, user_id: int, limit: int | None = None, before: int | None = None) -> list[BookedMovement]: ...


@attrs.frozen
class _Kept:
    entry: SpendingEntry
    reasons: tuple[SpendingReason, ...]


class MemorySpendingStore:
    def __init__(self, undo: UndoLog, ledger: Ledger) -> None:
        self._undo = undo
        self._ledger = ledger
        self._payments: dict[int, list[_Kept]] = defaultdict(list)
        """By user, in the order of booking."""

    def entries(
        self,
        user_id: int,
        since: datetime,
        until: datetime,
        *,
        source: Source | None = None,
        category: str | None = None,
        spent_only: bool = False,
        limit: int | None = None,
    ) -> Iterator[SpendingEntry]:
        found = [
            one
            for one in self._of(user_id, source)
            if since <= one.timestamp < until
            and (category is None or folded(one.category) == folded(category))
            and (one.amount > 0 or not spent_only)
        ]
        return islice(sorted(found, key=attrgetter("timestamp", "source", "id")), limit)

    def spent_by_day(self, user_id: int, first: date, last: date, *, source: Source) -> list[tuple[date, Decimal]]:
        totals: dict[date, SpendingTotal] = {}
        for one in self._of(user_id, source):
            day = one.timestamp.date()
            if first <= day <= last and one.amount > 0:
                totals[day] = totals.get(day, SpendingTotal()).plus(one.amount)
        return [(day, total.spent) for day, total in sorted(totals.items(), key=itemgetter(0))]

    def daily_totals(
        self, user_id: int, first: date, last: date, *, source: Source | None = None
    ) -> Iterator[DayTotal]:
        totals: dict[tuple[date, Source, str], SpendingTotal] = {}
        for one in self._of(user_id, source):
            if first <= one.timestamp.date() <= last:
                key = one.timestamp.date(), one.source, folded(one.category)
                totals[key] = totals.get(key, SpendingTotal()).plus(one.amount)
        return iter([DayTotal(*key, total) for key, total in sorted(totals.items(), key=itemgetter(0))])

    def total(self, user_id: int, since: datetime, until: datetime, *, source: Source) -> SpendingTotal:
        total = SpendingTotal()
        for one in self._of(user_id, source):
            if since <= one.timestamp < until:
                total = total.plus(one.amount)
        return total

    def record(self, transaction_id: int, payment: Movement, reasons: Sequence[SpendingReason]) -> None:
        entry = SpendingEntry("card", transaction_id, payment.timestamp, payment.amount, payment.category or "")
        payments = self._payments[payment.user_id]
        payments.append(_Kept(entry, tuple(reasons)))
        self._undo.append(payments.pop)

    def reasons(self, transaction_id: int) -> list[SpendingReason]:
        every = (kept for payments in self._payments.values() for kept in payments)
        return next((list(kept.reasons) for kept in every if kept.entry.id == transaction_id), [])

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
                and (category is None or folded(movement.category or "") == folded(category))
                and (since is None or movement.timestamp >= since)
                and (until is None or movement.timestamp < until)
            )

        return [one for one in self._ledger.history(user_id, None, before) if wanted(one)][:limit]

    def _of(self, user_id: int, source: Source | None) -> list[SpendingEntry]:
        return [one.entry for one in self._payments.get(user_id, []) if source in (None, one.entry.source)]
