"""What makes a customer of someone. Sources: seed A, task 1; seed B, tasks 1 and 7; contract A1, B1, B2."""

from __future__ import annotations

import attrs

from domain.model.users import Details, parse_email
from domain.rules.passwords import PasswordPolicy, check_password


@attrs.frozen
class Registration:
    """A customer-to-be."""

    name: str
    email: str
    password: str = attrs.field(repr=False)
    details: Details


def check_registration(
    name: str, email: str, password: str, details: Details, policy: PasswordPolicy = "strong"
) -> Registration:
    """A registration whose email is one, and whose password keeps the policy's rules.

    Raises InvalidEmail and WeakPassword, in this order.
    """
    parse_email(email)
    check_password(password, policy)
    return Registration(name, email, password, details)
