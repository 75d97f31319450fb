"""Set alerts on a balance, see how near they are, remove them. Source: seed A, task 4; contract A8."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import attrs

from domain.model.alerts import Alert, AmountReached, BalanceDrop, NewAlert
from domain.model.errors import AlertNotFound
from domain.model.quotas import STANDARD_QUOTAS, Quotas
from domain.model.sessions import Identity
from domain.rules.quotas import check_quota
from ports.clock import Clock
from ports.storage import Storage, Transaction


@attrs.frozen(eq=False, repr=False)
class ManageAlerts:
    """The alerts of a signed-in user."""

    storage: Storage
    clock: Clock
    quotas: Quotas = STANDARD_QUOTAS

    def add_amount_reached(self, identity: Identity, condition: AmountReached) -> Alert:
        """Tell when the balance reaches the threshold, on the way to the target.

        Raises QuotaReached, StorageUnavailable.
        """
        return self._add(identity, lambda tx: condition)

    def add_balance_drop(self, identity: Identity, threshold: Decimal) -> Alert:
        """Tell when the balance has fallen by so much (positive), from now on.

        Raises QuotaReached, StorageUnavailable.
        """
        return self._add(identity, lambda tx: BalanceDrop(threshold, tx.users.balance(identity.user_id)))

    def list(self, identity: Identity) -> tuple[list[Alert], Decimal]:
        """The alerts, oldest first, and the balance that they look at. Raises StorageUnavailable."""

        def work(tx: Transaction) -> tuple[list[Alert], Decimal]:
            return tx.alerts.of_user(identity.user_id), tx.users.balance(identity.user_id)

        return self.storage.read(work)

    def delete(self, identity: Identity, alert_id: int) -> None:
        """Remove an alert, by any integer. Raises AlertNotFound, StorageUnavailable."""

        def work(tx: Transaction) -> None:
            tx.users.lock({identity.user_id})
            if not 0 <= alert_id < 2**63 or not tx.alerts.remove(identity.user_id, alert_id):
                raise AlertNotFound

        self.storage.run(work)

    def _add(self, identity: Identity, condition: Callable[[Transaction], AmountReached | BalanceDrop]) -> Alert:
        now = self.clock.now()

        def work(tx: Transaction) -> Alert:
            tx.users.lock({identity.user_id})
            refused = check_quota(self.quotas, "alerts", tx.alerts.count(identity.user_id))
            if refused is not None:
                raise refused
            alert = NewAlert(identity.user_id, condition(tx), now)
            return alert.kept(tx.alerts.add(alert))

        return self.storage.run(work)
