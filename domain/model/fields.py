"""Reading untrusted values: what is missing, empty, of another type or too long. Source: contract G4."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Final

Fields = Mapping[str, object]
"""The object in a request's body: values of any JSON type."""


def is_empty(value: object) -> bool:
    """Whether a value counts as empty: null, `""`, or a string of nothing but white space."""
    return value is None or (isinstance(value, str) and not value.strip())


def parse_instant(value: object) -> datetime:
    """An instant by ISO 8601, from 1900 on; a naive one is read as UTC. Raises ValueError."""
    try:
        written = isinstance(value, str) and _INSTANT.fullmatch(value)
        instant = datetime.fromisoformat(written.string) if written else None
        if instant is not None:
            instant = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        instant = None
    if instant is None or instant < _EARLIEST:
        raise ValueError("must be an instant from 1900 on, such as 2024-11-20T10:30:00Z")
    return instant


def parse_day(value: object) -> date:
    """A day of the calendar as YYYY-MM-DD, from the year 1 to 9999. Raises ValueError."""
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise ValueError("must be a day such as 2024-01-31")


_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
_INSTANT: Final = re.compile(r"[0-9TWZ:+., -]+")
