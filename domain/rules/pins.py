"""What a PIN is. Source: seed B, task 3; contract B6."""

from __future__ import annotations

import re
from typing import TypeGuard

from domain.model.errors import MalformedPin

_PIN = re.compile(r"[0-9]{4}")


def is_pin(value: object) -> TypeGuard[str]:
    """Whether this could be a PIN: a string of four ASCII digits."""
    return isinstance(value, str) and _PIN.fullmatch(value) is not None


def check_new_pin(value: object) -> str:
    """A PIN that may be set. Raises MalformedPin."""
    if not is_pin(value):
        raise MalformedPin
    return value
