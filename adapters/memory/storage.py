"""Storage in this process's memory: gone when it ends, and exact in everything else.

One lock makes transactions serial. Every change notes how to undo it, and a transaction that fails undoes its
changes, last first. Each store has a file of its own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from adapters.memory.events.activity import MemoryActivityStore
from adapters.memory.events.risk_profiles import MemoryRiskProfileStore
from adapters.memory.identity.codes import MemoryCodeStore
from adapters.memory.identity.operators import MemoryOperatorStore
from adapters.memory.identity.sessions import MemorySessionStore
from adapters.memory.identity.users import MemoryUserStore
from adapters.memory.jobs.due_work import MemoryDueWorkStore
from adapters.memory.market.assets import MemoryAssetStore
from adapters.memory.market.auto_investing import MemoryAutoInvestingStore
from adapters.memory.money.idempotency import MemoryIdempotencyStore
from adapters.memory.money.ledger import MemoryLedgerStore
from adapters.memory.notifying.alerts import MemoryAlertStore
from adapters.memory.notifying.notifications import MemoryNotificationStore
from adapters.memory.notifying.outbox import MemoryOutboxStore
from adapters.memory.planning.recurring_expenses import MemoryRecurringExpenseStore
from adapters.memory.planning.subscriptions import MemorySubscriptionStore
from adapters.memory.spending.card_payments import MemorySpendingStore
from adapters.memory.undo import UndoLog
from adapters.topics import nobody, report
from domain.model.topics import Topic
from ports.storage import Listener, Transaction

T = TypeVar("T")


class MemoryStorage:
    """The in-memory twin of the SQL storage."""

    def __init__(self, listener: Listener = nobody) -> None:
        self._lock = threading.Lock()
        self._undo: UndoLog = []
        self._listener = listener
        self.topics: set[Topic] = set()
        self.activity = MemoryActivityStore(self._undo)
        self.risk_profiles = MemoryRiskProfileStore(self._undo)
        self.operators = MemoryOperatorStore(self._undo)
        self.users = MemoryUserStore(self._undo)
        self.ledger = MemoryLedgerStore(self._undo, self.users)
        self.sessions = MemorySessionStore(self._undo, self.users)
        self.codes = MemoryCodeStore(self._undo)
        self.idempotency = MemoryIdempotencyStore(self._undo)
        self.due_work = MemoryDueWorkStore(self._undo, self.topics)
        self.outbox = MemoryOutboxStore(self._undo)
        self.notifications = MemoryNotificationStore(self._undo)
        self.alerts = MemoryAlertStore(self._undo)
        self.spending = MemorySpendingStore(self._undo, self.ledger)
        self.recurring_expenses = MemoryRecurringExpenseStore(self._undo)
        self.assets = MemoryAssetStore(self._undo)
        self.subscriptions = MemorySubscriptionStore(self._undo)
        self.auto_investing = MemoryAutoInvestingStore(self._undo)

    def run(self, work: Callable[[Transaction], T]) -> T:
        with self._lock:
            try:
                result = work(self)
                self._undo.clear()  # committed
                topics = frozenset(self.topics)
            finally:
                self._take_back()
        report(topics, self._listener)
        return result

    def read(self, work: Callable[[Transaction], T]) -> T:
        with self._lock:
            try:
                return work(self)
            finally:
                self._take_back()

    def _take_back(self) -> None:
        self.topics.clear()
        while self._undo:
            self._undo.pop()()

    def check(self) -> None:
        """Memory is always there."""

    def close(self) -> None:
        """There is nothing to let go of."""
