"""The words of the letters that Hucha sends.

Sources: seed A, task 6; seed B, tasks 2, 5 and 8; contract A11, B5, B10, B12, G11.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from domain.model.alerts import Alert, AmountReached
from domain.model.assets import HALF_UP, Holding, Trade
from domain.model.mail import Mail, without_control_characters
from domain.model.money import CENT
from domain.model.subscriptions import Subscription
from domain.model.users import Recipient


def otp_letter(email: str, otp: str) -> Mail:
    """The one-time password, in seed B's form."""
    return Mail(email, "Password Reset OTP", f"OTP:{otp}")


def password_changed_letter(email: str, name: str) -> Mail:
    """Tells the user that the password is another one now."""
    return _changed(email, name, "Password", "password")


def pin_changed_letter(email: str, name: str) -> Mail:
    """Tells the user that the PIN is another one now."""
    return _changed(email, name, "PIN", "PIN")


def alert_letter(to: Recipient, alert: Alert) -> Mail:
    """What seed A says when an alert fires; amounts with two decimals."""
    name = without_control_characters(to.name)
    condition = alert.condition
    if isinstance(condition, AmountReached):
        return Mail(to.email, "Savings Alert", _SAVINGS.format(name=name, amount=condition.target_amount))
    return Mail(to.email, "Balance Drop Alert", _DROP.format(name=name, amount=condition.balance_drop_threshold))


def trade_letter(
    to: Recipient,
    trade: Trade,
    after: Holding,
    holdings: Iterable[Holding],
    balance: Decimal,
    net_worth: Decimal,
) -> Mail:
    """What seed B says when assets were bought or sold; `holdings` are those that aren't zero, by symbol."""
    bought = trade.side == "buy"
    summary = "".join(
        f"- {one.symbol}: {_units(one.quantity)} units purchased at {_dollars(one.average_price or Decimal(0))}\n"
        for one in holdings
    )
    body = (_PURCHASE if bought else _SALE).format(
        name=without_control_characters(to.name),
        units=_units(trade.quantity),
        symbol=trade.symbol,
        amount=_dollars(trade.amount),
        profit=_dollars(trade.profit or Decimal(0)),
        held=_units(after.quantity),
    )
    body += _PORTFOLIO.format(summary=summary, balance=_dollars(balance), net_worth=_dollars(net_worth))
    return Mail(to.email, f"Investment {'Purchase' if bought else 'Sale'} Confirmation", body)


def subscription_ended_letter(to: Recipient, subscription: Subscription) -> Mail:
    """Tells the user that a subscription ended because the balance didn't cover a payment."""
    title = without_control_characters(subscription.name or "")
    what = f'Your subscription "{title}"' if title else "Your subscription"
    body = _ENDED.format(
        name=without_control_characters(to.name),
        what=what,
        amount=subscription.amount,
        seconds=subscription.interval_seconds,
        unit="second" if subscription.interval_seconds == 1 else "seconds",
        payments=subscription.payments,
    )
    return Mail(to.email, "Subscription Ended", body)


_PURCHASE = """\
Dear {name},

You have successfully purchased {units} units of {symbol} for a total amount of {amount}.

Current holdings of {symbol}: {held} units
"""

_SALE = """\
Dear {name},

You have successfully sold {units} units of {symbol}.

Total Gain/Loss: {profit}

Remaining holdings of {symbol}: {held} units
"""

_PORTFOLIO = """
Summary of current assets:
{summary}
Account Balance: {balance}
Net Worth: {net_worth}

Thank you for using our investment services.

Best Regards,
Investment Management Team
"""

_ENDED = """\
Dear {name},

{what} of {amount:.2f} every {seconds} {unit} has ended, since your balance didn't cover its next payment.
Payments made: {payments}.

Best Regards,
The Management Team
"""

_SAVINGS = """\
Dear {name},

Great news! Your savings are nearing the target amount of {amount:.2f}.
Keep up the great work and stay consistent!

Best Regards,
The Management Team
"""

_DROP = """\
Dear {name},

We noticed a significant balance drop in your account more than {amount:.2f}.
If this wasn't you, please review your recent transactions to ensure everything is correct.

Best Regards,
The Management Team
"""


def _units(quantity: Decimal) -> str:
    return f"{quantity.quantize(CENT, context=HALF_UP):f}"


def _dollars(amount: Decimal) -> str:
    """Half-up to cents, the sign before the dollar: `-$12.30`."""
    cents = amount.quantize(CENT, context=HALF_UP)
    return f"{'-' if cents < 0 else ''}${cents.copy_abs():f}"


def _changed(email: str, name: str, title: str, what: str) -> Mail:
    body = (
        f"Dear {without_control_characters(name)},\n\n"
        f"Your {what} was changed.\n"
        "If this wasn't you, please reset your password and contact us at once.\n\n"
        "Best Regards,\nThe Management Team\n"
    )
    return Mail(email, f"{title} Changed", body)
