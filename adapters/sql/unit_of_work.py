"""Transactions: begun, committed, and run again when the database asks for it. The promises are `ports.storage`'s."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Generic, TypeVar
from uuid import uuid4

from sqlalchemy import Column, Connection, String, Table, delete, insert, select
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from adapters.sql.database import Database
from adapters.sql.errors import ErrorKind, Retry, meaning, reason
from adapters.sql.events.activity import SqlActivityStore
from adapters.sql.events.risk_profiles import SqlRiskProfileStore
from adapters.sql.identity.codes import SqlCodeStore
from adapters.sql.identity.operators import SqlOperatorStore
from adapters.sql.identity.sessions import SqlSessionStore
from adapters.sql.identity.users import SqlUserStore
from adapters.sql.jobs.due_work import SqlDueWorkStore
from adapters.sql.market.assets import SqlAssetStore
from adapters.sql.market.auto_investing import SqlAutoInvestingStore
from adapters.sql.money.idempotency import SqlIdempotencyStore
from adapters.sql.money.ledger import SqlLedgerStore
from adapters.sql.notifying.alerts import SqlAlertStore
from adapters.sql.notifying.notifications import SqlNotificationStore
from adapters.sql.notifying.outbox import SqlOutboxStore
from adapters.sql.planning.recurring_expenses import SqlRecurringExpenseStore
from adapters.sql.planning.subscriptions import SqlSubscriptionStore
from adapters.sql.retries import until_settled
from adapters.sql.schema_metadata import metadata
from adapters.sql.spending.card_payments import SqlSpendingStore
from adapters.sql.types import Instant
from adapters.topics import nobody, report
from domain.model.errors import StorageUnavailable
from domain.model.topics import Topic
from ports.security import Vault
from ports.storage import Listener, Transaction

operations = Table(
    "operations",
    metadata,
    Column("id", String(36), primary_key=True, comment="settles whether a COMMIT took place when its answer was lost"),
    Column("created_at", Instant, nullable=False, index=True),
)


S = TypeVar("S")
T = TypeVar("T")

OPERATIONS_KEPT = timedelta(hours=1)
"""An operation's id is needed while its own `run` lasts, which is far shorter."""
PURGE_EVERY = 1024


class _Store(Generic[S]):
    """A store that a transaction makes when it is first asked for it: most transactions need few of them."""

    def __init__(self, make: Callable[[SqlTransaction], S]) -> None:
        self._make = make

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, transaction: SqlTransaction, owner: type) -> S:
        store = transaction.__dict__[self._name] = self._make(transaction)
        return store


class SqlTransaction:
    """All stores over one connection."""

    def __init__(self, connection: Connection, vault: Vault) -> None:
        self.connection = connection
        self.vault = vault
        self.topics: set[Topic] = set()

    activity = _Store(lambda own: SqlActivityStore(own.connection))
    risk_profiles = _Store(lambda own: SqlRiskProfileStore(own.connection))
    operators = _Store(lambda own: SqlOperatorStore(own.connection))
    users = _Store(lambda own: SqlUserStore(own.connection, own.vault))
    ledger = _Store(lambda own: SqlLedgerStore(own.connection))
    sessions = _Store(lambda own: SqlSessionStore(own.connection))
    codes = _Store(lambda own: SqlCodeStore(own.connection))
    idempotency = _Store(lambda own: SqlIdempotencyStore(own.connection))
    due_work = _Store(lambda own: SqlDueWorkStore(own.connection, own.topics))
    outbox = _Store(lambda own: SqlOutboxStore(own.connection, own.vault))
    notifications = _Store(lambda own: SqlNotificationStore(own.connection))
    alerts = _Store(lambda own: SqlAlertStore(own.connection))
    spending = _Store(lambda own: SqlSpendingStore(own.connection))
    recurring_expenses = _Store(lambda own: SqlRecurringExpenseStore(own.connection))
    assets = _Store(lambda own: SqlAssetStore(own.connection))
    subscriptions = _Store(lambda own: SqlSubscriptionStore(own.connection))
    auto_investing = _Store(lambda own: SqlAutoInvestingStore(own.connection))


class SqlStorage:
    """Storage in a SQL database, whose commits are told to the `listener`.

    `new_id` gives an id of at most 36 characters that was never given before.

    Where a COMMIT's answer may be lost, each call of `run` has an id, kept with what it commits: should the connection
    drop while COMMIT is under way, it tells whether the commit took place.
    """

    def __init__(
        self,
        database: Database,
        vault: Vault,
        listener: Listener = nobody,
        new_id: Callable[[], str] = lambda: str(uuid4()),
    ) -> None:
        self._database = database
        self._vault = vault
        self._listener = listener
        self._new_id = new_id
        self._numbers = count(1)

    def run(self, work: Callable[[Transaction], T]) -> T:
        id = self._new_id() if self._database.commits_may_be_lost else ""
        run = _Run(self._database, self._vault, work, id, purge=next(self._numbers) % PURGE_EVERY == 0)
        result = until_settled(run.attempt)
        report(run.topics, self._listener)
        return result

    def read(self, work: Callable[[Transaction], T]) -> T:
        def attempt() -> T:
            try:
                with self._database.reading() as connection:
                    return work(SqlTransaction(connection, self._vault))
            except DBAPIError as error:
                raise meaning(self._database.classify(error), error) from error

        return until_settled(attempt)

    def check(self) -> None:
        try:
            self._ask()
        except Retry:  # a connection that broke while it was idle says nothing of the database
            try:
                self._ask()
            except Retry as error:
                raise StorageUnavailable(reason(error.__cause__)) from error

    def _ask(self) -> None:
        try:
            with self._database.reading() as connection:
                connection.execute(select(operations.c.id).limit(1))  # SELECT 1 wouldn't touch an SQLite file
        except PoolTimeout as error:
            raise StorageUnavailable("no connection was free in time") from error
        except DBAPIError as error:
            problem = meaning(self._database.classify(error), error)
            raise (problem if isinstance(problem, Retry) else StorageUnavailable(reason(error))) from error

    def close(self) -> None:
        self._database.close()


class _Run(Generic[T]):
    """One call of `run`: at most one of its attempts takes effect."""

    def __init__(
        self, database: Database, vault: Vault, work: Callable[[Transaction], T], operation_id: str, *, purge: bool
    ) -> None:
        self._database = database
        self._vault = vault
        self._work = work
        self._operation_id = operation_id
        self._purge = purge
        self._unknown: list[T] = []
        """The result of the attempt whose COMMIT was never answered, if there was one."""

        self.topics: frozenset[Topic] = frozenset()
        """Of the attempt that was committed last, or may have been."""

    def attempt(self) -> T:
        committing: list[T] = []
        try:
            with self._database.writing() as connection:
                if self._database.commits_may_be_lost and self._took_place(connection):
                    return self._unknown[0]
                transaction = SqlTransaction(connection, self._vault)
                result = self._work(transaction)
                self.topics = frozenset(transaction.topics)
                committing.append(result)
                connection.commit()
                return result
        except DBAPIError as error:
            kind = self._database.classify(error)
            if committing and self._database.commits_may_be_lost and kind is not ErrorKind.ROLLED_BACK:
                self._unknown = committing  # whatever came back instead of an answer, the COMMIT may have taken place
                raise Retry from error
            raise meaning(kind, error) from error

    def _took_place(self, connection: Connection) -> bool:
        """Whether the attempt with the unknown COMMIT was committed; if not, leave the mark of this attempt."""
        now = datetime.now(UTC)
        if self._purge:
            connection.execute(delete(operations).where(operations.c.created_at < now - OPERATIONS_KEPT))
        try:
            connection.execute(insert(operations), {"id": self._operation_id, "created_at": now})
        except IntegrityError:
            if not self._unknown:
                raise
            return True
        return False
