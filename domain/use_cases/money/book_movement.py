"""The only way that money moves. Sources: seed A, tasks 4 and 6; seed B, task 4; contract A8, A11, B8, B9."""

from __future__ import annotations

from functools import partial

from domain.model.alerts import Alert, AmountReached
from domain.model.errors import BalanceOutOfRange, InsufficientFunds
from domain.model.notifications import NewNotification, NotificationKind
from domain.model.transactions import Movement
from domain.rules.alerting import after_transaction
from domain.rules.letters import alert_letter
from domain.use_cases.notifying.tell_customer import Letter, tell_customer
from ports.storage import Transaction


def book_movement(tx: Transaction, movement: Movement, *, overdraw: bool = False) -> int:
    """Book a movement and change the balances that it moves money between, all or nothing; the movement's id.

    Alerts on these balances fire in the same transaction. The caller holds the locks of these accounts. `overdraw`
    records what has happened already, whatever the balance. Raises InsufficientFunds, BalanceOutOfRange: the
    transaction must be rolled back then.
    """
    effects = sorted(movement.effects().items())
    for user_id, by in effects:
        if not tx.users.move(user_id, by, overdraw=overdraw):
            raise BalanceOutOfRange if by > 0 or overdraw else InsufficientFunds
    id = tx.ledger.append(movement)
    for user_id, _ in effects:
        _watch(tx, user_id, id, movement)
    return id


def _watch(tx: Transaction, user_id: int, movement_id: int, movement: Movement) -> None:
    alerts = tx.alerts.of_user(user_id)
    if not alerts:
        return
    balance = tx.users.balance(user_id)
    for alert in alerts:
        after, fires = after_transaction(alert, balance)
        if after != alert:
            tx.alerts.save(after)
        if fires:
            _tell(tx, after, movement_id, movement)


def _tell(tx: Transaction, alert: Alert, movement_id: int, movement: Movement) -> None:
    """Each firing has an id of its own, and the same one in a rerun."""
    now = movement.booked_at
    kind: NotificationKind = "savings_alert" if isinstance(alert.condition, AmountReached) else "balance_drop"
    data = {"alert_id": alert.id, "transaction_id": movement_id}
    letter = Letter(f"alert-{alert.id}-{movement_id}-{now:%Y%m%dT%H%M%S%f}", partial(alert_letter, alert=alert))
    tell_customer(tx, NewNotification(alert.user_id, kind, data, now), letter)
