"""Reading untrusted values: what is missing, empty, of another type or too long. Source: contract G4."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from domain.model.errors import EmptyFields, FieldProblem, InvalidFields, MissingFields

Fields = Mapping[str, object]
"""The object in a request's body: values of any JSON type."""


def is_empty(value: object) -> bool:
    """Whether a value counts as empty: null, `""`, or a string of nothing but white space."""
    return value is None or (isinstance(value, str) and not value.strip())


def require(fields: Fields, names: Sequence[str]) -> None:
    """Raises MissingFields where a key isn't there, else EmptyFields where a value is empty."""
    missing = tuple(name for name in names if name not in fields)
    if missing:
        raise MissingFields(missing)
    empty = tuple(name for name in names if is_empty(fields[name]))
    if empty:
        raise EmptyFields(empty)


def texts(fields: Fields, longest: Mapping[str, int]) -> dict[str, str | None]:
    """The strings of the fields that `longest` names, each with the most characters it may have; None where empty.

    Raises InvalidFields that names every field that is no string, or too long.
    """
    problems = []
    for name, most in longest.items():
        value = fields.get(name)
        if value is not None and not isinstance(value, str):
            problems.append(FieldProblem(name, "must be a string"))
        elif value is not None and len(value) > most:
            problems.append(FieldProblem(name, f"must have at most {most} characters"))
    if problems:
        raise InvalidFields(tuple(problems))
    return {name: None if is_empty(fields.get(name)) else str(fields[name]) for name in longest}


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


_EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
_INSTANT: Final = re.compile(r"[0-9TWZ:+., -]+")
