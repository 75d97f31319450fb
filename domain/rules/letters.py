"""The words of the letters that Hucha sends. Sources: seed A, task 6; seed B, task 2; contract A11, B5, G11."""

from __future__ import annotations

from domain.model.alerts import Alert, AmountReached
from domain.model.mail import Mail, without_control_characters


def otp_letter(email: str, otp: str) -> Mail:
    """The one-time password, in seed B's form."""
    return Mail(email, "Password Reset OTP", f"OTP:{otp}")


def password_changed_letter(email: str, name: str) -> Mail:
    """Tells the user that the password is another one now."""
    return _changed(email, name, "Password", "password")


def pin_changed_letter(email: str, name: str) -> Mail:
    """Tells the user that the PIN is another one now."""
    return _changed(email, name, "PIN", "PIN")


def alert_letter(email: str, name: str, alert: Alert) -> Mail:
    """What seed A says when an alert fires; amounts with two decimals."""
    name = without_control_characters(name)
    condition = alert.condition
    if isinstance(condition, AmountReached):
        return Mail(email, "Savings Alert", _SAVINGS.format(name=name, amount=condition.target_amount))
    return Mail(email, "Balance Drop Alert", _DROP.format(name=name, amount=condition.balance_drop_threshold))


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


def _changed(email: str, name: str, title: str, what: str) -> Mail:
    body = (
        f"Dear {without_control_characters(name)},\n\n"
        f"Your {what} was changed.\n"
        "If this wasn't you, please reset your password and contact us at once.\n\n"
        "Best Regards,\nThe Management Team\n"
    )
    return Mail(email, f"{title} Changed", body)
