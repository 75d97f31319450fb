"""The database, as the use cases see it: transactions over stores.

`tests/contracts/test_storage.py` holds every adapter to these promises.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from domain.model.topics import Topic
from ports.stores.events.activity import ActivityStore
from ports.stores.events.risk_profiles import RiskProfileStore
from ports.stores.identity.codes import CodeStore
from ports.stores.identity.operators import OperatorStore
from ports.stores.identity.sessions import SessionStore
from ports.stores.identity.users import UserStore
from ports.stores.jobs.due_work import DueWorkStore
from ports.stores.market.assets import AssetStore
from ports.stores.market.auto_investing import AutoInvestingStore
from ports.stores.money.idempotency import IdempotencyStore
from ports.stores.money.ledger import LedgerStore
from ports.stores.notifying.alerts import AlertStore
from ports.stores.notifying.notifications import NotificationStore
from ports.stores.notifying.outbox import OutboxStore
from ports.stores.planning.recurring_expenses import RecurringExpenseStore
from ports.stores.planning.subscriptions import SubscriptionStore
from ports.stores.spending.card_payments import SpendingStore

T = TypeVar("T")

Listener = Callable[[frozenset[Topic]], object]
"""Called with the topics of a commit, if it has any: after it and never after a rollback, once, though the work ran
several times. What it raises is logged, and the commit stands.
"""


class Topics(Protocol):
    """What the commit will report that there is news of."""

    def add(self, topic: Topic, /) -> None: ...


class Transaction(Protocol):
    """All stores, inside one transaction."""

    @property
    def topics(self) -> Topics: ...

    @property
    def activity(self) -> ActivityStore: ...

    @property
    def risk_profiles(self) -> RiskProfileStore: ...

    @property
    def operators(self) -> OperatorStore: ...

    @property
    def users(self) -> UserStore: ...

    @property
    def ledger(self) -> LedgerStore: ...

    @property
    def sessions(self) -> SessionStore: ...

    @property
    def codes(self) -> CodeStore: ...

    @property
    def idempotency(self) -> IdempotencyStore: ...

    @property
    def due_work(self) -> DueWorkStore: ...

    @property
    def outbox(self) -> OutboxStore: ...

    @property
    def notifications(self) -> NotificationStore: ...

    @property
    def alerts(self) -> AlertStore: ...

    @property
    def spending(self) -> SpendingStore: ...

    @property
    def recurring_expenses(self) -> RecurringExpenseStore: ...

    @property
    def assets(self) -> AssetStore: ...

    @property
    def subscriptions(self) -> SubscriptionStore: ...

    @property
    def auto_investing(self) -> AutoInvestingStore: ...


class Storage(Protocol):
    """Runs work in transactions. Safe to use from many threads at once."""

    def run(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in a write transaction and commit it; when this returns, the commit is durable.

        An exception that `work` raises rolls everything back and reaches the caller. `work` may be called again
        (a deadlock, a lock that another process holds, a lost connection), so it has no effect but the
        transaction's. Writers to the same rows run one after the other, and see what the earlier one committed.

        Should the connection drop while COMMIT is under way, the adapter finds out whether the commit took place: the
        work never takes effect twice.

        The commit's topics are told to the listener that the storage was made with.

        Raises StorageUnavailable where the database can't be reached or the retries are used up.
        """
        ...

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` over one consistent snapshot of what is committed; it waits for no writer and writes nothing.

        Raises StorageUnavailable.
        """
        ...

    def check(self) -> None:
        """Ask the database for a sign of life. Raises StorageUnavailable."""
        ...

    def close(self) -> None:
        """Let go of every connection."""
        ...
