"""Set alerts on a balance, see how near they are, remove them. Source: seed A, task 4; contract A8."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

import attrs

from domain.model.alerts import Alert, AmountReached, BalanceDrop
from domain.model.errors import (
    AlertNotFound,
    EmptyFields,
    FieldProblem,
    InvalidFields,
    MissingAlertId,
)
from domain.model.fields import Fields, is_empty
from domain.model.money import parse_positive_amount
from domain.model.sessions import Identity
from ports.clock import Clock
from ports.storage import Storage, Transaction


@attrs.frozen
class ManageAlerts:
    """The alerts of a signed-in user."""

    storage: Storage
    clock: Clock

    def add_amount_reached(self, identity: Identity, fields: Fields) -> Alert:
        """Tell when the balance reaches `alert_threshold`, on the way to `target_amount`.

        Raises EmptyFields, InvalidFields, StorageUnavailable.
        """
        target, threshold = _amounts(fields, ("target_amount", "alert_threshold"))
        condition = AmountReached(target, threshold)
        return self._add(identity, lambda tx: condition)

    def add_balance_drop(self, identity: Identity, fields: Fields) -> Alert:
        """Tell when the balance has fallen by `balance_drop_threshold`, from now on.

        Raises EmptyFields, InvalidFields, StorageUnavailable.
        """
        (threshold,) = _amounts(fields, ("balance_drop_threshold",))
        return self._add(identity, lambda tx: BalanceDrop(threshold, tx.users.balance(identity.user_id)))

    def list(self, identity: Identity) -> tuple[list[Alert], Decimal]:
        """The alerts, oldest first, and the balance that they look at. Raises StorageUnavailable."""

        def work(tx: Transaction) -> tuple[list[Alert], Decimal]:
            return tx.alerts.of_user(identity.user_id), tx.users.balance(identity.user_id)

        return self.storage.read(work)

    def delete(self, identity: Identity, fields: Fields) -> None:
        """Remove the alert `alert_id`. Raises MissingAlertId, EmptyFields, InvalidFields, AlertNotFound,
        StorageUnavailable.
        """
        if "alert_id" not in fields:
            raise MissingAlertId
        alert_id = fields["alert_id"]
        if is_empty(alert_id):
            raise EmptyFields(("alert_id",))
        if not isinstance(alert_id, int) or isinstance(alert_id, bool):
            raise InvalidFields((FieldProblem("alert_id", "must be an integer"),))
        id = alert_id

        def work(tx: Transaction) -> None:
            tx.users.lock({identity.user_id})
            if not 0 <= id < 2**63 or not tx.alerts.remove(identity.user_id, id):
                raise AlertNotFound

        self.storage.run(work)

    def _add(self, identity: Identity, condition: Callable[[Transaction], AmountReached | BalanceDrop]) -> Alert:
        now = self.clock.now()

        def work(tx: Transaction) -> Alert:
            tx.users.lock({identity.user_id})
            alert = Alert(identity.user_id, condition(tx), "armed", now)
            return attrs.evolve(alert, id=tx.alerts.add(alert))

        return self.storage.run(work)


def _amounts(fields: Fields, names: Sequence[str]) -> list[Decimal]:
    empty = tuple(name for name in names if is_empty(fields.get(name)))
    if empty:
        raise EmptyFields(empty)
    amounts, problems = [], []
    for name in names:
        try:
            amounts.append(parse_positive_amount(fields[name]))
        except ValueError as problem:
            problems.append(FieldProblem(name, str(problem)))
    if problems:
        raise InvalidFields(tuple(problems))
    return amounts
