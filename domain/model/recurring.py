"""Expenses that come back. Source: seed A, task 2; contract A4, A6."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Final, Literal

import attrs

from domain.model.errors import FieldProblem, InvalidFields
from domain.model.fields import Fields, require, texts
from domain.model.money import EXACT, parse_amount

Frequency = Literal["daily", "weekly", "biweekly", "monthly", "quarterly", "yearly"]

FREQUENCIES: Final[tuple[Frequency, ...]] = ("daily", "weekly", "biweekly", "monthly", "quarterly", "yearly")
LONGEST_EXPENSE_NAME: Final = 255

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@attrs.frozen
class Recurrence:
    """What comes back, how often, and since when. A positive `amount` is paid, a negative one received (A6)."""

    expense_name: str
    amount: Decimal
    frequency: Frequency
    start_date: date


@attrs.frozen
class RecurringExpense:
    """A recurrence as a user keeps it. `created_at` is UTC."""

    id: int
    user_id: int
    recurrence: Recurrence
    created_at: datetime


def parse_recurrence(fields: Fields) -> Recurrence:
    """Read a recurrence from untrusted values. Any amount will do, zero too.

    Raises MissingFields, EmptyFields, and InvalidFields that names every bad field, in this order.
    """
    require(fields, ("expense_name", "amount", "frequency", "start_date"))
    problems: list[FieldProblem] = []
    try:
        texts(fields, {"expense_name": LONGEST_EXPENSE_NAME})
    except InvalidFields as error:
        problems += error.problems
    amount = Decimal("0.00")
    try:
        amount = EXACT.plus(parse_amount(fields["amount"]))  # no minus before a zero
    except ValueError as problem:
        problems.append(FieldProblem("amount", str(problem)))
    frequency = next((one for one in FREQUENCIES if one == fields["frequency"]), None)
    if frequency is None:
        problems.append(FieldProblem("frequency", f"must be one of {', '.join(FREQUENCIES)}"))
    start_date = _day(fields["start_date"])
    if start_date is None:
        problems.append(FieldProblem("start_date", "must be a day such as 2024-01-31"))
    if problems or frequency is None or start_date is None:
        raise InvalidFields(tuple(problems))
    return Recurrence(str(fields["expense_name"]), amount, frequency, start_date)


def _day(value: object) -> date | None:
    """A day of the calendar, from the year 1 to 9999; None where it is none."""
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None
