"""Card payments as they are told: what has been spent or received. Source: seed A, task 5; contract A10."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final

import attrs

from domain.model.errors import EmptyFields, FieldProblem, Forbidden, InvalidFields
from domain.model.fields import Fields, is_empty, parse_instant, require
from domain.model.money import parse_amount
from domain.model.sessions import Identity

LONGEST_CATEGORY: Final = 255


@attrs.frozen
class Payment:
    """What has happened: a positive amount was spent, a negative one received. `timestamp` is UTC, None for now."""

    amount: Decimal
    category: str
    timestamp: datetime | None


def parse_payment(fields: Fields, identity: Identity) -> Payment:
    """Read a payment from untrusted values.

    Raises MissingFields, EmptyFields, Forbidden (another user's id), InvalidFields, in this order.
    """
    require(fields, ("amount", "category"))
    empty = tuple(name for name in ("user_id", "timestamp") if name in fields and is_empty(fields[name]))
    if empty:
        raise EmptyFields(empty)
    user_id = fields.get("user_id", identity.user_id)
    if type(user_id) is not int or user_id != identity.user_id:
        raise Forbidden
    problems = []
    amount, timestamp, category = Decimal(0), None, fields["category"]
    try:
        amount = parse_amount(fields["amount"])
        if not amount:
            raise ValueError("must not be 0")
    except ValueError as problem:
        problems.append(FieldProblem("amount", str(problem)))
    if not isinstance(category, str) or len(category) > LONGEST_CATEGORY:
        problems.append(FieldProblem("category", f"must be a string of at most {LONGEST_CATEGORY} characters"))
    try:
        timestamp = parse_instant(fields["timestamp"]) if "timestamp" in fields else None
    except ValueError as problem:
        problems.append(FieldProblem("timestamp", str(problem)))
    if problems:
        raise InvalidFields(tuple(problems))
    return Payment(amount, str(category), timestamp)
