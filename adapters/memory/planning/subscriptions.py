"""Payments that come back by themselves, in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime

import attrs

from adapters.memory.undo import UndoLog, put
from domain.model.errors import PaidAlready
from domain.model.subscriptions import NewSubscription, Subscription, SubscriptionPayment


class MemorySubscriptionStore:
    def __init__(self, undo: UndoLog) -> None:
        self._undo = undo
        self._kept: dict[int, Subscription] = {}
        self._payments: dict[int, dict[datetime, SubscriptionPayment]] = defaultdict(dict)
        """By subscription and due instant."""

    def add(self, subscription: NewSubscription) -> int:
        id = len(self._kept) + 1
        put(self._kept, id, subscription.kept(id), self._undo)
        return id

    def of_user(self, user_id: int, limit: int, after: int = 0) -> list[Subscription]:
        found = [one for id, one in sorted(self._kept.items()) if one.user_id == user_id and id > after]
        return found[:limit]

    def count_active(self, user_id: int) -> int:
        return sum(one.user_id == user_id and one.status == "active" for one in self._kept.values())

    def get(self, user_id: int, subscription_id: int) -> Subscription | None:
        found = self._kept.get(subscription_id)
        return found if found is not None and found.user_id == user_id else None

    def load(self, ids: Collection[int]) -> dict[int, Subscription]:
        return {id: self._kept[id] for id in ids if id in self._kept}

    def save(self, subscriptions: Sequence[Subscription]) -> None:
        for one in subscriptions:
            put(self._kept, one.id, one, self._undo)

    def cancel(self, user_id: int, subscription_id: int, now: datetime) -> bool:
        found = self.get(user_id, subscription_id)
        if found is not None and found.status == "active":
            self.save([attrs.evolve(found, status="cancelled", ended_at=now)])
        return found is not None

    def record(self, payments: Sequence[SubscriptionPayment]) -> None:
        for one in payments:
            if one.due_at in self._payments[one.subscription_id]:
                raise PaidAlready
            put(self._payments[one.subscription_id], one.due_at, one, self._undo)

    def payments(self, subscription_id: int, limit: int, before: datetime | None = None) -> list[SubscriptionPayment]:
        latest_first = sorted(self._payments.get(subscription_id, {}).items(), reverse=True)
        return [one for due_at, one in latest_first if before is None or due_at < before][:limit]
