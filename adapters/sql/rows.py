"""Rows to entities and back: the only place that knows both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, Inexact
from typing import Any

import attrs
import msgspec

from domain.model.activity import Action, JudgedAction, UserActivity
from domain.model.alerts import Alert, AmountReached, BalanceDrop
from domain.model.assets import BookedTrade, Holding, Trade, plain
from domain.model.auto_investing import AutoInvesting
from domain.model.mail import Mail
from domain.model.money import CENT, EXACT, parse_amount
from domain.model.notifications import Notification
from domain.model.operators import Operator
from domain.model.recurring import Recurrence, RecurringExpense
from domain.model.risk_profiles import RATINGS, RiskProfile
from domain.model.spending import SpendingReason
from domain.model.subscriptions import Subscription
from domain.model.transactions import BookedMovement, Movement
from domain.model.users import Account, Details, HashedPassword, NewUser, Pin, User, email_key, phone_key
from ports.security import Vault

ACTIVITY_VERSION = 1
"""Counts the forms in which an activity was ever kept; one of another version is replayed from the history."""

_State = tuple[int, int, int, Decimal, int, int, list[int], list[int], list[Decimal]]
_decode_state = msgspec.json.Decoder(_State).decode
_encode_state = msgspec.json.Encoder().encode


def activity_to_text(activity: UserActivity) -> str:
    """The state of a user's activity, as JSON."""
    timeline = activity.timeline
    return _encode_state(
        (
            ACTIVITY_VERSION,
            activity.withdrawals_in_a_row,
            activity.rising_deposits,
            activity.previous_deposit,
            activity.latest_time,
            timeline.complete_from,
            timeline.times,
            timeline.actions,
            timeline.deposited,
        )
    ).decode()


def activity_from_text(text: str) -> UserActivity | None:
    """The activity, or None where it was kept by another version."""
    if not text.startswith(f"[{ACTIVITY_VERSION},"):
        return None
    activity = UserActivity()
    timeline = activity.timeline
    (
        _,
        activity.withdrawals_in_a_row,
        activity.rising_deposits,
        activity.previous_deposit,
        activity.latest_time,
        timeline.complete_from,
        timeline.times,
        timeline.actions,
        timeline.deposited,
    ) = _decode_state(text)
    return activity


def event_to_row(stream: str, judged: JudgedAction) -> tuple[object, ...]:
    """The values of an `events` row in the order of its columns, `id` left out."""
    action = judged.action
    codes = ",".join(map(str, judged.codes))
    return (stream, action.user_id, action.type, action.amount, action.time, codes, judged.received_at)


def action_from_row(row: Any) -> Action:
    return Action(row.type, parse_amount(row.amount), row.user_id, row.time)


def judged_from_row(row: Any) -> JudgedAction:
    codes = tuple(int(code) for code in row.alert_codes.split(",") if code)
    return JudgedAction(action_from_row(row), codes, row.received_at, row.id)


def profile_to_row(user_id: int, profile: RiskProfile) -> dict[str, object]:
    thresholds = {str(code): str(limit) for code, limit in profile.thresholds.items()}
    return {"user_id": user_id, "rating": profile.rating, "thresholds": msgspec.json.encode(thresholds).decode()}


def profile_from_row(rating: str, thresholds: str) -> RiskProfile:
    kept = msgspec.json.decode(thresholds, type=dict[int, str])
    return RiskProfile(RATINGS[rating], {code: _limit(text) for code, text in kept.items()})


def operator_from_row(row: Mapping[str, Any]) -> Operator:
    return Operator(**row)


def two_decimals(total: Decimal) -> Decimal:
    """A sum of amounts as the model writes it; unlike an amount, it may be of any size."""
    return total.quantize(CENT, context=EXACT)


def as_found(total: Decimal) -> Decimal:
    """With two decimals; what another program wrote may have more, and is for an audit to see."""
    try:
        return two_decimals(total)
    except Inexact:
        return total


def user_to_row(user: NewUser, vault: Vault) -> dict[str, object]:
    """A `users` row without its id, for a user who has neither money nor a PIN."""
    return {
        "account_number": user.account_number,
        "name": user.name,
        "email": user.email,
        "email_key": email_key(user.email),
        "hashed_password": user.password.hash,
        "password_key": user.password.key_id,
        "created_at": user.created_at,
        **details_to_row(user.details, user.account_number, vault),
    }


def details_to_row(details: Details, account_number: str, vault: Vault) -> dict[str, object]:
    """The columns of `users` that hold a user's details."""
    indexes = phone_indexes(details.phone_number, details.country_code, vault)
    return {
        "address": _encrypted(details.address, "users.address", account_number, vault),
        "phone_number": _encrypted(details.phone_number, "users.phone_number", account_number, vault),
        "phone_index": indexes[0] if indexes else None,
        "country_code": details.country_code,
        "first_name": details.first_name,
        "last_name": details.last_name,
        "currency": details.currency,
    }


def phone_indexes(phone_number: str | None, country_code: str | None, vault: Vault) -> tuple[str, ...]:
    """What a phone number may be kept under, newest key first."""
    if phone_number is None:
        return ()
    return vault.blind_indexes("users.phone_number", phone_key(phone_number, country_code))


def user_from_row(row: Any, vault: Vault) -> User:
    """Raises ValueError where what was encrypted can't be read with the vault's keys."""
    number = row.account_number
    details = Details(
        address=_decrypted(row.address, "users.address", number, vault),
        phone_number=_decrypted(row.phone_number, "users.phone_number", number, vault),
        country_code=row.country_code,
        first_name=row.first_name,
        last_name=row.last_name,
        currency=row.currency,
    )
    password = HashedPassword(row.hashed_password, row.password_key)
    return User(row.id, number, row.name, row.email, password, details, row.created_at)


def account_from_row(row: Any) -> Account:
    """From the values of id, account_number, balance, pin_hash, pin_failures, pin_locked_until."""
    user_id, account_number, balance, pin_hash, pin_failures, pin_locked_until = row
    pin = None if pin_hash is None else Pin(pin_hash, pin_failures, pin_locked_until)
    return Account(user_id, account_number, two_decimals(balance), pin)


def pin_to_row(pin: Pin | None) -> dict[str, object]:
    """The columns of `users` that hold a PIN."""
    if pin is None:
        return {"pin_hash": None, "pin_failures": 0, "pin_locked_until": None}
    return {"pin_hash": pin.keyed_hash, "pin_failures": pin.failures, "pin_locked_until": pin.locked_until}


def booked_from_row(row: Any) -> BookedMovement:
    """From the values of a `transactions` row in the order of its columns, and of the two account numbers."""
    id, user_id, target_user_id, type, amount, category, timestamp, booked_at, fraud, reference, source, target = row
    movement = Movement(
        type=type,
        user_id=user_id,
        amount=two_decimals(amount),
        timestamp=timestamp,
        booked_at=booked_at,
        target_user_id=target_user_id,
        reference=reference,
        category=category,
        fraud=fraud,
    )
    return BookedMovement(id, movement, source, target)


def mail_to_row(mail: Mail, vault: Vault) -> dict[str, object]:
    return {
        "message_id": mail.message_id,
        "recipient": vault.encrypt(mail.recipient, f"outbox.recipient {mail.message_id}"),
        "subject": mail.subject,
        "body": vault.encrypt(mail.body, f"outbox.body {mail.message_id}"),
    }


def mail_from_row(row: Any, vault: Vault) -> Mail:
    """Raises ValueError where what was encrypted can't be read with the vault's keys."""
    recipient = vault.decrypt(row.recipient, f"outbox.recipient {row.message_id}")
    body = vault.decrypt(row.body, f"outbox.body {row.message_id}")
    return Mail(recipient, row.subject, body, row.message_id)


def notification_to_row(notification: Notification) -> dict[str, object]:
    return {
        "user_id": notification.user_id,
        "kind": notification.kind,
        "data": msgspec.json.encode(notification.data).decode(),
        "created_at": notification.created_at,
    }


def notification_from_row(row: Any) -> Notification:
    return Notification(row.user_id, row.kind, msgspec.json.decode(row.data), row.created_at, row.id)


def recurring_from_row(row: Any) -> RecurringExpense:
    recurrence = Recurrence(row.expense_name, two_decimals(row.amount), row.frequency, row.start_date)
    return RecurringExpense(row.id, row.user_id, recurrence, row.created_at)


def _encrypted(text: str | None, column: str, account_number: str, vault: Vault) -> str | None:
    return None if text is None else vault.encrypt(text, f"{column} {account_number}")


def _decrypted(kept: str | None, column: str, account_number: str, vault: Vault) -> str | None:
    return None if kept is None else vault.decrypt(kept, f"{column} {account_number}")


def _limit(text: str) -> Decimal | int:
    return Decimal(text) if "." in text else int(text)  # parsed amounts have two decimals, counts none


def reasons_to_text(reasons: Sequence[SpendingReason]) -> str:
    return msgspec.json.encode(list(reasons)).decode()


def reasons_from_text(text: str) -> list[SpendingReason]:
    return msgspec.json.decode(text, type=list[SpendingReason])


def alert_to_row(alert: Alert) -> dict[str, object]:
    """An `alerts` row without its id."""
    condition = alert.condition
    savings = isinstance(condition, AmountReached)
    return {
        "user_id": alert.user_id,
        "target_amount": condition.target_amount if savings else None,
        "alert_threshold": condition.alert_threshold if savings else None,
        "balance_drop_threshold": None if savings else condition.balance_drop_threshold,
        "highest_balance": None if savings else condition.highest,
        "status": alert.status,
        "created_at": alert.created_at,
    }


def alert_from_row(row: Sequence[Any]) -> Alert:
    """From the values of an `alerts` row in the order of its columns."""
    id, user_id, target, threshold, drop, highest, status, created_at = row
    condition: AmountReached | BalanceDrop
    if drop is None:
        condition = AmountReached(two_decimals(target), two_decimals(threshold))
    else:
        condition = BalanceDrop(two_decimals(drop), two_decimals(highest))
    return Alert(user_id, condition, status, created_at, id)


def holding_to_row(holding: Holding) -> dict[str, object]:
    return attrs.asdict(holding)


def holding_from_row(row: Sequence[Any]) -> Holding:
    """From the values of a `holdings` row in the order of its columns."""
    user_id, symbol, quantity, cost, realised, bot_price = row
    price = None if bot_price is None else plain(bot_price)
    return Holding(user_id, symbol, plain(quantity), plain(cost), plain(realised), price)


def trade_to_row(booked: BookedTrade) -> dict[str, object]:
    """A `trades` row; the side, the amount and the instant are in the movement's."""
    trade = booked.trade
    return {
        "transaction_id": booked.id,
        "user_id": booked.user_id,
        "symbol": trade.symbol,
        "quantity": trade.quantity,
        "price": trade.price,
        "profit": trade.profit,
        "reason": trade.reason,
    }


def booked_trade_from_row(row: Any) -> BookedTrade:
    """From a `trades` row with the type, the amount and `booked_at` of its movement."""
    profit = None if row.profit is None else plain(row.profit)
    trade = Trade(
        symbol=row.symbol,
        side="buy" if row.type == "ASSET_PURCHASE" else "sell",
        quantity=plain(row.quantity),
        price=plain(row.price),
        amount=two_decimals(row.amount),
        profit=profit,
        reason=row.reason,
    )
    return BookedTrade(row.transaction_id, row.user_id, trade, row.booked_at)


def subscription_to_row(subscription: Subscription) -> dict[str, object]:
    """A `subscriptions` row without its id."""
    row = attrs.asdict(subscription)
    del row["id"]
    return row


def subscription_from_row(row: Sequence[Any]) -> Subscription:
    """From the values of a `subscriptions` row in the order of its columns."""
    id, user_id, name, amount, interval_seconds, status, payments, created_at, ended_at = row
    amount = two_decimals(amount)
    return Subscription(user_id, amount, interval_seconds, created_at, name, status, payments, ended_at, id)


def auto_investing_from_row(row: Any) -> AutoInvesting:
    return AutoInvesting(row.user_id, row.enabled, row.changed_at, plain(row.realised))
