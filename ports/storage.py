"""The database, as the use cases see it: transactions over stores.

`tests/contracts/test_storage.py` holds every adapter to these promises.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from typing import Protocol, TypeVar

from domain.model.activity import Action, JudgedAction, Stream, UserActivity
from domain.model.operators import Operator
from domain.model.risk_profiles import RiskProfile
from ports.stores.identity.codes import CodeStore
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


class ActivityStore(Protocol):
    """Judged actions, and the activity of each user that follows from them."""

    def load(self, stream: Stream, user_ids: Collection[int]) -> dict[int, UserActivity]:
        """The activity of each of these users, a fresh one for who has none.

        Who has actions, but an activity kept in a form of another version, is left out: replay the history.
        Until the transaction ends, nobody else can load these users' activities for writing. Rows are locked in
        the order of user ids.
        """
        ...

    def save(self, stream: Stream, activities: Mapping[int, UserActivity]) -> None:
        """Keep the activities of users that this transaction has loaded; the caller gives them away."""
        ...

    def append(self, stream: Stream, judged: Sequence[JudgedAction]) -> None:
        """Add judged actions to the end of the history, in this order."""
        ...

    def totals_between(self, stream: Stream, user_id: int, start: int, end: int) -> list[tuple[int, int, Decimal]]:
        """The totals of each second with actions of the user's in it, `start <= second <= end`, earliest first:
        (second, number of actions, sum of the deposits). The sums are exact, however large, and have two decimals."""
        ...

    def history(self, stream: Stream, user_id: int) -> list[Action]:
        """All of the user's actions, in order of arrival."""
        ...

    def newest(
        self, stream: Stream, user_id: int, limit: int, before: tuple[int, int] | None = None
    ) -> list[JudgedAction]:
        """The user's latest actions by (time, id), latest first, at most `limit`; with `before`, only earlier ones."""
        ...


class RiskProfileStore(Protocol):
    """Risk profiles by user id."""

    def find(self, user_ids: Collection[int]) -> dict[int, RiskProfile]:
        """The profiles that exist among these users'."""
        ...

    def put(self, user_id: int, profile: RiskProfile) -> None:
        """Keep this profile in place of the one before."""
        ...


class OperatorStore(Protocol):
    """Operators by name, which is compared exactly and has no blank at its end, and by the key's fingerprint."""

    def add(self, operator: Operator) -> None:
        """Keep a new operator. Raises OperatorNameTaken."""
        ...

    def remove(self, name: str) -> None:
        """Forget an operator, so that the key is worth nothing. Raises OperatorNotFound."""
        ...

    def by_fingerprint(self, key_fingerprint: str) -> Operator | None:
        """The operator whose key has this fingerprint; None where there is none."""
        ...


class Transaction(Protocol):
    """All stores, inside one transaction."""

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

    def run(self, work: Callable[[Transaction], T], *, once: str) -> T:
        """Run `work` in a write transaction and commit it; when this returns, the commit is durable.

        An exception that `work` raises rolls everything back and reaches the caller. `work` may be called again
        (a deadlock, a lock that another process holds, a lost connection), so it has no effect but the
        transaction's. Writers to the same rows run one after the other, and see what the earlier one committed.

        `once` is an id made for this call. Should the connection drop while COMMIT is under way, it tells whether
        the commit took place: the work never takes effect twice.

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
