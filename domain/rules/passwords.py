"""Which passwords are strong enough. Source: seed B, task 7; contract A1, B2."""

from __future__ import annotations

from typing import Final, Literal

from domain.model.errors import WeakPassword

PasswordPolicy = Literal["strong", "basic"]

SHORTEST: Final = 8
LONGEST: Final = 127

_TOO_LONG: Final = "Password must be less than 128 characters long"


def check_password(password: str, policy: PasswordPolicy = "strong") -> None:
    """Raises WeakPassword with the sentence of the first rule that the password breaks.

    `basic` asks for nothing but a length of 1 to 127 characters. A special character is neither letter, digit nor
    white space.

    >>> check_password("NuweTest1$")
    >>> check_password("nuwetest1$")
    Traceback (most recent call last):
    ...
    domain.model.errors.WeakPassword: Password must contain at least one uppercase letter
    """
    broken = _broken_basic(password) if policy == "basic" else _broken_strong(password)
    if broken is not None:
        raise WeakPassword(broken)


def _broken_basic(password: str) -> str | None:
    return _TOO_LONG if len(password) > LONGEST else None


def _broken_strong(password: str) -> str | None:
    if any(character.isspace() for character in password):
        return "Password cannot contain whitespace"
    if len(password) < SHORTEST:
        return f"Password must be at least {SHORTEST} characters long"
    if len(password) > LONGEST:
        return _TOO_LONG
    if not any(character.isupper() for character in password):
        return "Password must contain at least one uppercase letter"
    lacks_digit = not any(character.isdigit() for character in password)
    lacks_special = all(character.isalpha() or character.isdigit() for character in password)
    if lacks_digit and lacks_special:
        return "Password must contain at least one digit and one special character"
    if lacks_special:
        return "Password must contain at least one special character"
    return "Password must contain at least one digit" if lacks_digit else None
