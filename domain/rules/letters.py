"""The words of the letters that Hucha sends. Sources: seed B, task 2; contract B5, G11."""

from __future__ import annotations

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


def _changed(email: str, name: str, title: str, what: str) -> Mail:
    body = (
        f"Dear {without_control_characters(name)},\n\n"
        f"Your {what} was changed.\n"
        "If this wasn't you, please reset your password and contact us at once.\n\n"
        "Best Regards,\nThe Management Team\n"
    )
    return Mail(email, f"{title} Changed", body)
