"""Users' recurring expenses, and what they will do to the balance. Source: seed A, task 2; contract A4 to A6."""

from __future__ import annotations

import attrs

from domain.model.errors import ExpenseNotFound
from domain.model.quotas import STANDARD_QUOTAS, Quotas
from domain.model.recurring import Recurrence, RecurringExpense
from domain.model.sessions import Identity
from domain.rules.projection import DEFAULT_MONTHS, Projection, project
from domain.rules.quotas import check_quota
from ports.clock import Clock
from ports.storage import Storage, Transaction


@attrs.frozen
class Plan:
    """A projection, and the expenses that it is of, in its order."""

    expenses: tuple[RecurringExpense, ...]
    projection: Projection


@attrs.frozen(eq=False, repr=False)
class PlanExpenses:
    """Keeps a signed-in user's own recurring expenses, and projects them."""

    storage: Storage
    clock: Clock
    quotas: Quotas = STANDARD_QUOTAS

    def show(self, identity: Identity) -> list[RecurringExpense]:
        """The user's expenses, oldest first. Raises StorageUnavailable."""
        return self.storage.read(lambda tx: tx.recurring_expenses.of_user(identity.user_id))

    def add(self, identity: Identity, recurrence: Recurrence) -> RecurringExpense:
        """Keep a new expense. Raises QuotaReached, StorageUnavailable."""
        now = self.clock.now()

        def work(tx: Transaction) -> RecurringExpense:
            tx.users.lock({identity.user_id})
            refused = check_quota(self.quotas, "recurring", tx.recurring_expenses.count(identity.user_id))
            if refused is not None:
                raise refused
            return tx.recurring_expenses.add(identity.user_id, recurrence, now)

        return self.storage.run(work)

    def change(self, identity: Identity, expense_id: int, recurrence: Recurrence) -> RecurringExpense:
        """Put another recurrence in the place of what an expense was.

        Raises ExpenseNotFound (someone else's too), StorageUnavailable.
        """

        def work(tx: Transaction) -> RecurringExpense:
            changed = tx.recurring_expenses.change(identity.user_id, expense_id, recurrence)
            if changed is None:
                raise ExpenseNotFound
            return changed

        return self.storage.run(work)

    def remove(self, identity: Identity, expense_id: int) -> None:
        """Forget an expense. Raises ExpenseNotFound (someone else's too), StorageUnavailable."""

        def work(tx: Transaction) -> None:
            if not tx.recurring_expenses.remove(identity.user_id, expense_id):
                raise ExpenseNotFound

        self.storage.run(work)

    def plan(self, identity: Identity, months: int = DEFAULT_MONTHS) -> Plan:
        """The `months` (1 to 120) calendar months after this one, by UTC, from the balance of now.

        Raises StorageUnavailable.
        """

        def work(tx: Transaction) -> Plan:
            expenses = tx.recurring_expenses.of_user(identity.user_id)
            balance = tx.users.balance(identity.user_id)
            recurrences = [one.recurrence for one in expenses]
            return Plan(tuple(expenses), project(recurrences, balance, self.clock.now().date(), months))

        return self.storage.read(work)
