"""Amounts of money: exact decimals with at most two decimals, and how they are read and written.

Source: contract G5.
"""

from __future__ import annotations

import re
from decimal import Context, Decimal, Inexact

AMOUNT_LIMIT = Decimal(10) ** 13
"""Every amount is nearer to zero than this."""

CENT = Decimal("0.01")

EXACT = Context(prec=40, traps=[Inexact])
"""For sums of amounts: the caller's own context may be narrower than one."""

_ROUNDING = Context(prec=28)
_NUMERAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def parse_amount(value: object) -> Decimal:
    """Read a money amount exactly.

    `value` is an `int`, a finite `Decimal`, or a string such as `"-12.50"` (ASCII digits, no exponent, no
    white space). The result has two decimals. Binary floats are refused: they don't say which
    amount was meant.

    Raises ValueError, with a text that reads on after the field's name, where the value is no number, has
    more than two decimals (trailing zeros don't count), or reaches ±10^13.

    >>> parse_amount("42.00"), parse_amount(7)
    (Decimal('42.00'), Decimal('7.00'))
    >>> parse_amount("1e3")
    Traceback (most recent call last):
    ...
    ValueError: must be a number such as 42.00
    """
    amount = read_number(value)
    if not -AMOUNT_LIMIT < amount < AMOUNT_LIMIT:
        raise ValueError("must be nearer to zero than 10^13")
    cents = amount.quantize(CENT, context=_ROUNDING)
    if cents != amount:
        raise ValueError("must have at most 2 decimals")
    return cents


def parse_positive_amount(value: object) -> Decimal:
    """Read an amount as `parse_amount` does, and refuse zero and below.

    >>> parse_positive_amount("0.00")
    Traceback (most recent call last):
    ...
    ValueError: must be greater than 0
    """
    amount = parse_amount(value)
    if amount <= 0:
        raise ValueError("must be greater than 0")
    return amount


def read_number(value: object) -> Decimal:
    """An `int`, a finite `Decimal`, or a string of ASCII digits, as an exact number of any size.

    Raises ValueError for anything else, with a text that reads on after the field's name.
    """
    if isinstance(value, Decimal) and value.is_finite():
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if isinstance(value, str) and _NUMERAL.fullmatch(value):
        return Decimal(value)
    if isinstance(value, float):
        raise ValueError("must be exact: a Decimal, an int or a string such as 42.00, not a float")
    raise ValueError("must be a number such as 42.00")
